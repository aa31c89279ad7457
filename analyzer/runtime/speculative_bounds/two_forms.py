"""A stretch of a graph with clipping bounds, in two forms: exact, and fast as if no bound acted.

The fast form returns a guard as well: the largest element of every value that has a bound. If one
of these is beyond its limit, or there is a NaN, the piece runs again in the exact form.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from analyzer.answers import Answer, Failure
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import Handles, short_reason
from analyzer.runtime.ort.shared_initializers import LiveWeights
from analyzer.runtime.speculative_bounds.bounds import ClippingBound
from analyzer.runtime.speculative_bounds.zeros_and_nans import nan_shows
from analyzer.runtime.stretches.cuts import Cut, subgraph, with_nodes
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.sessions import Made, SessionPart, element_types, session_part

GUARD, SUM = "relcheck_guard", "relcheck_sum_of_"
"""Name of the fast form's further result; begin of the names of sums in it."""

OpenPart = Callable[..., SessionPart]
"""Opens a stretch on the live weights; takes the arguments of `session_part`."""

AGAIN = 16
"""Runs after which a piece whose bounds act often is tried once more without them."""

SOFTER = (0.5, 0.1)
"""Factors of golden values, which are tried where a bound acts on golden values themselves."""


@dataclass(frozen=True, slots=True)
class FastForm:
    """A stretch of the graph without some of its bounds.

    Attributes:
        part: The stretch, with the guard as a further result.
        owners: For each element of the guard: the bound whose extreme it is; None for a sum, which
            is NaN if one of its terms is.
        limits: float64 (2, elements), lower and upper limit of each element of the guard.
    """

    part: SessionPart
    owners: tuple[ClippingBound | None, ...]
    limits: npt.NDArray[np.float64]

    def run(self, values: Handles) -> Handles | None:
        """Run once; None unless the guard proves that the exact form would return the same."""
        made = self.part.run_handles(values)
        if isinstance(made, Failure) or not self.within(made[GUARD].numpy()).all():
            return None
        return made

    def within(self, guard: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """For each element of a guard: True if it is within its limits, which NaN is not."""
        low, high = self.limits
        flat = guard.reshape(-1)
        found: npt.NDArray[np.bool_] = (low <= flat) & (flat <= high)
        return found

    def acting(self, guard: npt.NDArray[Any]) -> ClippingBound | None:
        """The first bound that acts, judged by the guard."""
        failed = np.flatnonzero(~self.within(guard)).tolist()
        return next((owner for i in failed if (owner := self.owners[i]) is not None), None)


@dataclass(slots=True)
class TwoFormPiece:
    """A stretch of the graph in two forms.

    Attributes:
        exact: The stretch as it is.
        fast: The stretch without bounds, or the reason why there is no such form.
        success: Share of the last runs of the fast form in which no bound acted.
        skipped: Number of runs in which the fast form was not tried.
    """

    exact: SessionPart
    fast: FastForm | NotApplied
    success: float = 1.0
    skipped: int = 0

    def run(self, values: Handles) -> Handles | Failure:
        """Run in the fast form if that is promising, else, or if a bound acts, in the exact one."""
        if isinstance(self.fast, FastForm) and self._promising():
            made = self.fast.run(values)
            self.success += ((made is not None) - self.success) / AGAIN
            if made is not None:
                return made
        return self.exact.run_handles(values)

    def _promising(self) -> bool:
        """True if no bound acts in most runs, so that a try is cheaper; and else now and then."""
        if self.success > 0.5:
            return True
        self.skipped += 1
        return self.skipped % AGAIN == 0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The place of a piece, and one run of its exact form.

    Attributes:
        cut: The cut before its first node.
        stop: Position behind its last node.
        exact: The exact form.
        values: All values that are known before it.
        returned: The values that the exact form returned.
    """

    cut: Cut
    stop: int
    exact: SessionPart
    values: Arrays
    returned: Made

    def softer(self) -> "Iterator[_Stretch]":
        """The stretch, then the same with smaller values, because a bound may act on golden ones.

        Equality of two forms shows on any values.
        """
        yield self
        for factor in SOFTER:
            values = {n: _times(self.values[n], factor) for n in self.cut.values}
            returned = self.exact.run(values)
            if isinstance(returned, dict):
                yield _Stretch(self.cut, self.stop, self.exact, values, returned)


def _times(value: npt.NDArray[Any], factor: float) -> npt.NDArray[Any]:
    return value * value.dtype.type(factor) if value.dtype.kind == "f" else value


class PieceMaker:
    """Opens pieces of one graph."""

    def __init__(
        self,
        stripped: onnx.ModelProto,
        weights: LiveWeights,
        bounds: Sequence[ClippingBound],
        open_part: OpenPart = session_part,
    ) -> None:
        """Keep what pieces are made of.

        Args:
            stripped: the stripped optimized model.
            weights: its live weights, golden whenever a piece is opened.
            bounds: the bounds of its graph that are worth leaving out.
            open_part: opens the session of a form.
        """
        self._open_part = open_part
        self._stripped, self._weights, self._bounds = stripped, weights, tuple(bounds)
        self._outputs = [o.name for o in stripped.graph.output]

    def open(self, cut: Cut, end: Cut, values: Arrays) -> tuple[TwoFormPiece, Made]:
        """Open the nodes between two cuts as a piece, and try it on golden values.

        Args:
            cut: before the first node; neither cut passes a value that a bound hides.
            end: behind the last node.
            values: golden values of what passes ``cut``.

        Returns:
            The piece, and its golden results.

        Raises:
            ValueError: the model fails on ``values``.
        """
        types = element_types(values, cut.values)
        part = subgraph(self._stripped, cut, end, self._outputs, types)
        exact = self._open_part(part, self._weights.ort_values)
        golden = exact.run(values)
        if isinstance(golden, Failure):
            raise ValueError("the model fails on the sample")
        here = [b for b in self._bounds if cut.position <= b.maker < end.position]
        fast = self._trusted_form(_Stretch(cut, end.position, exact, values, golden), here)
        return TwoFormPiece(exact, fast), golden

    def _trusted_form(
        self, stretch: _Stretch, bounds: list[ClippingBound]
    ) -> FastForm | NotApplied:
        """The fast form without those of ``bounds`` that do not act on what is tried.

        There is none if it returns something else, or if a NaN does not show in it.
        """
        while bounds:
            try:
                fast = self._fast_form(stretch, bounds)
            except Exception as error:  # of ONNX Runtime: no kernel of this type for the guard
                return NotApplied(f"ONNX Runtime has no guard for it: {short_reason(error)}")
            for tried in stretch.softer():
                made = fast.part.run(tried.values)
                if isinstance(made, Failure):
                    return NotApplied(f"it fails without its bounds: {made.message}")
                acting = fast.acting(made[GUARD])
                if acting is None:
                    why_not = self._distrust(fast, tried, bounds, made)
                    return fast if why_not is None else why_not
            # One bound acts on all that was tried, so that nothing can be learnt without it.
            bounds = [b for b in bounds if b is not acting]
        return NotApplied("it has no bound that is worth leaving out and does not act")

    def _fast_form(self, stretch: _Stretch, bounds: Sequence[ClippingBound]) -> FastForm:
        results = stretch.exact.outputs
        nodes = self._nodes_without(stretch, bounds)
        extremes = {name: (b, limits) for b in bounds for name, limits in b.checked.items()}
        # A maximum may overlook NaN; a sum does not. Where a NaN in a bounded value might get lost
        # on the way to the results, the bounded value itself is added up.
        unseen = [b.value for b in bounds if not nan_shows(nodes, b.value, results)]
        floats = [n for n, value in stretch.returned.items() if value.dtype.kind == "f"]
        sums = {f"{SUM}{name}": name for name in dict.fromkeys((*floats, *unseen))}
        nodes += [helper.make_node("ReduceSum", [sums[n]], [n]) for n in sums]
        nodes += list(_gathered([*extremes, *sums]))
        types = element_types(stretch.values, stretch.cut.values)
        part = with_nodes(self._stripped, nodes, stretch.cut, (*results, GUARD), types)
        anything = (-np.inf, np.inf)
        limits = np.array([*(limits for _, limits in extremes.values()), *[anything] * len(sums)])
        owners = (*(bound for bound, _ in extremes.values()), *[None] * len(sums))
        opened = self._open_part(part, self._weights.ort_values, in_order=True)
        return FastForm(opened, owners, limits.T)

    def _nodes_without(
        self, stretch: _Stretch, bounds: Sequence[ClippingBound]
    ) -> list[onnx.NodeProto]:
        """The nodes of a stretch without some bounds."""
        replaced = {i: nodes for b in bounds for i, nodes in b.nodes.items()}
        graph = self._stripped.graph
        places = range(stretch.cut.position, stretch.stop)
        return [node for i in places for node in replaced.get(i, (graph.node[i],))]

    def _distrust(
        self, fast: FastForm, tried: _Stretch, bounds: Sequence[ClippingBound], made: Made
    ) -> NotApplied | None:
        """The reason not to use a fast form; None if it can be trusted.

        Args:
            fast: the fast form.
            tried: a run of the exact form.
            bounds: the bounds that the fast form is without.
            made: what the fast form returned on the same values.
        """
        expected = tried.returned
        if not fast.within(made[GUARD]).all():
            return NotApplied("its results have a NaN or are infinite")
        if not all(Answer((made[n],)).same_as(Answer((expected[n],))) for n in expected):
            return NotApplied("without its bounds it gives other bits")
        makers = [self._stripped.graph.node[b.maker] for b in bounds]
        if not all(self._shows(fast, maker, tried.values) for maker in makers):
            return NotApplied("a NaN behind a bound does not show in its guard")
        return None

    def _shows(self, fast: FastForm, maker: onnx.NodeProto, values: Arrays) -> bool:
        """True if a NaN among the weights of a node shows in the guard, or it has no weights."""
        for name in maker.input:
            weights = self._weights.arrays.get(name)
            if weights is None or weights.dtype.kind != "f":
                continue
            flat = weights.reshape(-1)
            golden = flat[:1].copy()
            flat[0] = np.nan
            try:
                made = fast.part.run(values)
            finally:
                flat[:1] = golden
            if isinstance(made, dict) and fast.within(made[GUARD]).all():
                return False
        return True


def _gathered(names: Sequence[str]) -> Iterator[onnx.NodeProto]:
    """Nodes that make one result of values of one element each, whatever their ranks."""
    for name in names:
        yield helper.make_node("Flatten", [name], [f"{name}_flat"], axis=0)
    yield helper.make_node("Concat", [f"{n}_flat" for n in names], [GUARD], axis=0)
