"""A hardened model in stretches: up to a layer, the layer, and from its bound to the end.

The stretches are parts of one graph, so that a run through all of them is, node by node, a run of
the whole. Weights and thresholds are live: the sessions read them anew at each run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy.typing as npt

from analyzer.answers import Answer, Feeds
from analyzer.faults.space import FaultSpace
from analyzer.graph.walk import reads
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.ort.shared_initializers import (
    SharedSession,
    as_ort_values,
    open_shared_session,
    strip_initializers,
)
from analyzer.runtime.stretches.cuts import Cut, find_cuts, made_between, with_outputs
from analyzer.runtime.stretches.plain import PlainStretches, returned_between
from analyzer.runtime.stretches.reading_nodes import find_reads
from analyzer.runtime.stretches.sessions import Made, SessionPart
from analyzer.runtime.stretches.strategy import LiveModel
from exporters.hardening.bounds.find import COMPARISONS
from exporters.hardening.bounds.thresholds import Threshold

Limits = tuple[str | None, str]
"""Names of the initializers of a lower bound (None: there is none) and of an upper bound."""


@dataclass(frozen=True, slots=True)
class LayerSpan:
    """The place of one layer and its bound in the graph that runs.

    Attributes:
        low: Initializer with the lower bound; None: there is none.
        high: Initializer with the upper bound.
        source: Name of the value that is bounded.
        entry: Index of the first node that reads a weight of the layer.
        bound: Index of the first node of the bound.
        late: True if a weight of the layer is read behind the bound, too.
    """

    low: str | None
    high: str
    source: str
    entry: int
    bound: int
    late: bool


class BoundedGraph:
    """The hardened model with live weights and live thresholds."""

    def __init__(
        self,
        executor: LiveExecutor,
        limits: Mapping[str, Limits],
        spaces: Mapping[str, FaultSpace],
        sample: Feeds,
    ) -> None:
        """Find the layers and their bounds in the graph that runs.

        Args:
            executor: of the hardened model, for the bits of all layers.
            limits: by site, the initializers that hold its lower and its upper bound.
            spaces: by site, the bits of its layer.
            sample: one batch, by input.

        Raises:
            LookupError: the graph does not read a threshold where it compares a value.
            ValueError: the model fails on the sample, or a value cannot be taken out.
        """
        self.executor = executor
        optimized, opened = executor.layout.optimized, executor.weights.opened
        stored = [name for pair in limits.values() for name in pair if name]
        self._thresholds = {name: optimized.slots[name].copy() for name in stored}
        live = {**opened.ort_values, **as_ort_values(self._thresholds)}
        stripped = strip_initializers(optimized, live)
        self._model = LiveModel(stripped, live, opened.weight_memory, executor.weights.stored)
        self._stretches = PlainStretches(self._model)
        self._cuts = find_cuts(stripped.graph)
        self.outputs = self._model.outputs
        self.spans = {site: self._span(*pair, spaces.get(site)) for site, pair in limits.items()}
        positions = {p for span in self.spans.values() for p in (span.entry, span.bound)}
        passing = {name for position in positions for name in self.passing(position)}
        self._tapped = sorted(passing - {*sample, *self.outputs})
        self._tap = open_shared_session(with_outputs(stripped, self._tapped), live)
        self._sample = {**sample, **self.tap(sample)}
        self._parts: dict[tuple[int, int], SessionPart] = {}

    @property
    def end(self) -> int:
        """One past the last node."""
        return self._model.end.position

    @cached_property
    def whole(self) -> SharedSession:
        """All nodes in one session."""
        return open_shared_session(self._model.stripped, self._model.ort_values)

    def set_threshold(self, site: str, threshold: Threshold) -> None:
        """Bound a site by ``threshold`` from now on, in place, rounded to its element type.

        Args:
            site: name of the value.
            threshold: with a lower bound where the site has one.
        """
        span = self.spans[site]
        self._thresholds[span.high][...] = threshold.high
        if span.low is not None:
            self._thresholds[span.low][...] = threshold.low

    def limits(self, site: str) -> tuple[npt.NDArray[Any] | None, npt.NDArray[Any]]:
        """The bounds of a site as they are stored at present: lower and upper, each ()."""
        span = self.spans[site]
        low = None if span.low is None else self._thresholds[span.low]
        return low, self._thresholds[span.high]

    def passing(self, position: int) -> tuple[str, ...]:
        """Values that pass the cut before node ``position``; outputs made there among them."""
        if position == self.end:
            return self.outputs
        made = made_between(self._model.stripped.graph, 0, position)
        done = (name for name in self.outputs if name in made)
        return tuple(dict.fromkeys((*self._cuts[position].values, *done)))

    def part(self, begin: int, end: int) -> SessionPart:
        """Some nodes in a row as a session, opened at the first call.

        Args:
            begin: index of the first node.
            end: index of the node before which the part ends.
        """
        if (begin, end) not in self._parts:
            first, last = self._cut(begin), self._cut(end)
            outputs = returned_between(self._model, first, last)
            part = self._stretches.between(first, last, self._sample, outputs)
            self._parts[begin, end] = part
        return self._parts[begin, end]

    def _cut(self, position: int) -> Cut:
        return self._model.end if position == self.end else self._cuts[position]

    def _span(self, low: str | None, high: str, space: FaultSpace | None) -> LayerSpan:
        graph, wanted = self._model.stripped.graph, {low, high} - {None}
        places = [i for i, n in enumerate(graph.node) if wanted & set(reads(n))]
        nodes = [graph.node[i] for i in places]
        # The optimizer may have folded a threshold into another constant, or copied it.
        if not nodes or any(node.op_type not in COMPARISONS for node in nodes):
            raise LookupError(high)
        sources = {name for node in nodes for name in node.input} - wanted
        if len(sources) != 1:
            raise LookupError(high)
        first, last = places[0], -1
        if space is not None:
            found = find_reads(graph, space, self.executor.layout)
            first, last = min(first, int(found.first.min())), int(found.last.max())
        return LayerSpan(low, high, sources.pop(), first, places[0], last >= places[0])

    def tap(self, feeds: Feeds) -> Made:
        """Every value that passes a cut in use, and the outputs.

        Args:
            feeds: by input, (n, ...).

        Raises:
            ValueError: the model fails.
        """
        result = self._tap.run(feeds)
        if not isinstance(result, Answer):
            raise ValueError(result.message)
        return dict(zip((*self.outputs, *self._tapped), result.outputs, strict=True))
