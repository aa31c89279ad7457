"""A hardened model in parts: up to a layer, the layer, and from its bound to the end.

The parts are stretches of one graph, so that a run through all of them is, node by node, a run of
the whole. Weights and thresholds are live: the sessions read them anew at each run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy.typing as npt
import onnx

from analyzer.answers import Answer, Failure, Feeds
from analyzer.faults.space import FaultSpace
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.ort.shared_initializers import (
    SharedSession,
    as_ort_values,
    open_shared_session,
    strip_initializers,
)
from analyzer.runtime.stretches.cuts import (
    Cut,
    find_cuts,
    made_between,
    part_between,
    reads,
    with_outputs,
)
from analyzer.runtime.stretches.reading_nodes import find_reads
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.clipact.layers import COMPARISONS

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where one layer and its bound stand in the graph that runs.

    Attributes:
        low: Initializer with the lower bound; None: there is none.
        high: Initializer with the upper bound.
        source: The value that is bounded.
        entry: Index of the first node that reads a weight of the layer.
        bound: Index of the first node of the bound.
        late: Whether a weight of the layer is read behind the bound, too.
    """

    low: str | None
    high: str
    source: str
    entry: int
    bound: int
    late: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Some nodes in a row as a session, and what it reads and returns."""

    session: SharedSession
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def run(self, values: Arrays) -> dict[str, npt.NDArray[Any]] | Failure:
        """Run with the present weights and thresholds."""
        result = self.session.run({name: values[name] for name in self.inputs})
        if isinstance(result, Failure):
            return result
        return dict(zip(self.outputs, result.outputs, strict=True))


class BoundedGraph:
    """The hardened model with live weights and live thresholds."""

    def __init__(
        self,
        executor: LiveExecutor,
        names: Mapping[str, tuple[str | None, str]],
        spaces: Mapping[str, FaultSpace],
        sample: Feeds,
    ) -> None:
        """Find the layers and their bounds in the graph that runs.

        Args:
            executor: of the hardened model, for the bits of all layers.
            names: by site, the initializers that hold its lower and its upper bound.
            spaces: by site, the bits of its layer.
            sample: one batch.

        Raises:
            LookupError: the graph does not read a threshold where it compares a value.
            ValueError: the model fails on the sample, or a value cannot be taken out.
        """
        self.executor = executor
        optimized = executor.layout.optimized
        stored = [name for pair in names.values() for name in pair if name]
        self._thresholds = {name: optimized.slots[name].copy() for name in stored}
        self._ort_values = {**executor.weights.opened.ort_values, **as_ort_values(self._thresholds)}
        self._shell = strip_initializers(optimized, self._ort_values)
        self._cuts = find_cuts(self._shell.graph)
        self.outputs = tuple(o.name for o in self._shell.graph.output)
        self.stretches = {
            site: self._stretch(*pair, spaces.get(site)) for site, pair in names.items()
        }
        positions = {p for s in self.stretches.values() for p in (s.entry, s.bound)}
        passing = {name for position in positions for name in self.passing(position)}
        self._tapped = sorted(passing - {*sample, *self.outputs})
        self._tap = open_shared_session(with_outputs(self._shell, self._tapped), self._ort_values)
        every = {**sample, **self.tap(sample)}
        self._types = {name: _element_type(value) for name, value in every.items()}
        self._parts: dict[tuple[int, int], Part] = {}

    @property
    def end(self) -> int:
        """One past the last node."""
        return len(self._shell.graph.node)

    @cached_property
    def whole(self) -> SharedSession:
        """All of it in one session."""
        return open_shared_session(self._shell, self._ort_values)

    def set_threshold(self, site: str, threshold: Threshold) -> None:
        """Bound a site by ``threshold`` from now on, rounded to its element type."""
        stretch = self.stretches[site]
        self._thresholds[stretch.high][...] = threshold.high
        if stretch.low is not None:
            self._thresholds[stretch.low][...] = threshold.low

    def limits(self, site: str) -> tuple[npt.NDArray[Any] | None, npt.NDArray[Any]]:
        """The bounds of a site as they are stored at present: lower and upper, each ()."""
        stretch = self.stretches[site]
        low = None if stretch.low is None else self._thresholds[stretch.low]
        return low, self._thresholds[stretch.high]

    def passing(self, position: int) -> tuple[str, ...]:
        """Values that pass the cut before node ``position``; outputs made there among them."""
        if position == self.end:
            return self.outputs
        made = made_between(self._shell.graph, 0, position)
        done = (name for name in self.outputs if name in made)
        return tuple(dict.fromkeys((*self._cuts[position].values, *done)))

    def part(self, begin: int, end: int) -> Part:
        """The nodes from ``begin`` to before ``end``."""
        if (begin, end) not in self._parts:
            self._parts[begin, end] = self._open(begin, end)
        return self._parts[begin, end]

    def _open(self, begin: int, end: int) -> Part:
        made = made_between(self._shell.graph, begin, end)
        outputs = tuple(name for name in self.passing(end) if name in made)
        cut = Cut(begin, self._cuts[begin].values)
        model = part_between(self._shell, cut, end, outputs, self._types)
        inputs = tuple(value.name for value in model.graph.input)
        return Part(open_shared_session(model, self._ort_values), inputs, outputs)

    def _stretch(self, low: str | None, high: str, space: FaultSpace | None) -> Stretch:
        graph, wanted = self._shell.graph, {low, high} - {None}
        places = [i for i, n in enumerate(graph.node) if wanted & set(reads(n))]
        nodes = [graph.node[i] for i in places]
        if not nodes or any(node.op_type not in COMPARISONS for node in nodes):
            raise LookupError(high)
        sources = {name for node in nodes for name in node.input} - wanted
        if len(sources) != 1:
            raise LookupError(high)
        first, last = places[0], -1
        if space is not None:
            found = find_reads(graph, space, self.executor.layout)
            first, last = min(first, int(found.first.min())), int(found.last.max())
        return Stretch(low, high, sources.pop(), first, places[0], last >= places[0])

    def tap(self, feeds: Feeds) -> dict[str, npt.NDArray[Any]]:
        """Every value that passes a cut in use, and the outputs.

        Raises:
            ValueError: the model fails.
        """
        result = self._tap.run(feeds)
        if not isinstance(result, Answer):
            raise ValueError(result.message)
        return dict(zip((*self.outputs, *self._tapped), result.outputs, strict=True))


def _element_type(value: npt.NDArray[Any]) -> int:
    return int(onnx.helper.np_dtype_to_tensor_dtype(value.dtype))
