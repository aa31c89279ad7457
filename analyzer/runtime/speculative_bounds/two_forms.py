"""A stretch of a graph with clipping bounds, in two forms: as it is, and as if no bound acted.

The second form returns guard as well: the largest element of every value that has a bound. If
one is too large, or there is a NaN, the piece runs again as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from analyzer.answers import Answer, Failure
from analyzer.runtime.ort.session import Handles
from analyzer.runtime.ort.shared_initializers import LiveWeights
from analyzer.runtime.speculative_bounds.bounds import ClippingBound
from analyzer.runtime.speculative_bounds.zeros_and_nans import nan_shows
from analyzer.runtime.stretches.cuts import Cut, made_between, part_between, with_nodes
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.sessions import Made, SessionPart, element_types, session_part

GUARD, SUM = "relcheck_evidence", "relcheck_sum_of_"

OpenPart = Callable[..., SessionPart]
"""Opens a stretch on the live weights; takes the arguments of `session_part`."""

AGAIN = 16
"""After so many runs a piece whose bounds act often is tried once more without them."""


@dataclass(frozen=True, slots=True)
class FastForm:
    """A stretch of the graph without some of its bounds.

    Attributes:
        part: The stretch, with the guard as a further result.
        owners: By element of the guard: the bound whose extreme it is; None for a sum, which is
            NaN if what was added up had one.
        limits: float64 (2, elements), least and most that the guard may be.
    """

    part: SessionPart
    owners: tuple[ClippingBound | None, ...]
    limits: npt.NDArray[np.float64]

    def run(self, values: Handles) -> Handles | None:
        """What the exact form returns, and the guard; None where that is not proven."""
        made = self.part.run_handles(values)
        if isinstance(made, Failure) or not self.within(made[GUARD].numpy()).all():
            return None
        return made

    def within(self, guard: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Whether each element is within its limits; NaN is not."""
        low, high = self.limits
        flat = guard.reshape(-1)
        found: npt.NDArray[np.bool_] = (low <= flat) & (flat <= high)
        return found

    def acting(self, guard: npt.NDArray[Any]) -> ClippingBound | None:
        """The first bound that acts."""
        failed = np.flatnonzero(~self.within(guard)).tolist()
        return next((owner for i in failed if (owner := self.owners[i]) is not None), None)


@dataclass(slots=True)
class TwoFormPiece:
    """A stretch of the graph in two forms.

    Attributes:
        exact: As it is.
        fast: Without bounds; None: there is no such form.
        success: Share of the last runs of the fast form in which no bound acted.
        skipped: How often it was not tried.
    """

    exact: SessionPart
    fast: FastForm | None = None
    success: float = 1.0
    skipped: int = 0

    def run(self, values: Handles) -> Handles | Failure:
        """What the exact form returns."""
        if self.fast is not None and self._promising():
            made = self.fast.run(values)
            self.success += ((made is not None) - self.success) / AGAIN
            if made is not None:
                return made
        return self.exact.run_handles(values)

    def _promising(self) -> bool:
        """Whether no bound acts in most runs: then trying is cheaper. Now and then it is tried."""
        if self.success > 0.5:
            return True
        self.skipped += 1
        return self.skipped % AGAIN == 0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Where a piece stands, and what is known of it on the sample.

    Attributes:
        cut: Where it begins.
        stop: How many nodes stand before its end.
        values: All values that are known before it.
        golden: What it returns.
    """

    cut: Cut
    stop: int
    values: Arrays
    golden: Made

    def softer(self, piece: TwoFormPiece) -> "Iterator[_Stretch]":
        """Itself, and with smaller values: a bound may act on golden ones.

        That two forms are equal shows on any values.
        """
        yield self
        for factor in SOFTER:
            values = {n: _times(self.values[n], factor) for n in self.cut.values}
            made = piece.exact.run(values)
            if isinstance(made, dict):
                yield _Stretch(self.cut, self.stop, values, made)


SOFTER = (0.5, 0.1)


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
        """Remember the graph.

        Args:
            stripped: the stripped optimized model.
            weights: its live weights, golden whenever a piece is opened.
            bounds: of that graph: those that are worth leaving out.
            open_part: opens the session of a form.
        """
        self._open_part = open_part
        self._stripped, self._weights, self._bounds = stripped, weights, tuple(bounds)
        self._outputs = [o.name for o in stripped.graph.output]

    def open(self, cut: Cut, end: Cut, values: Arrays) -> tuple[TwoFormPiece, Made]:
        """The nodes between two cuts as a piece; it is tried on golden values.

        Args:
            cut: before the first node; neither cut passes a value that a bound hides.
            end: behind the last one.
            values: golden values of what passes ``cut``.

        Returns:
            the piece, and its golden results.

        Raises:
            ValueError: the model fails on ``values``.
        """
        made = made_between(self._stripped.graph, cut.position, end.position)
        outputs = tuple(dict.fromkeys(n for n in (*end.values, *self._outputs) if n in made))
        types = element_types(values, cut.values)
        part = part_between(self._stripped, cut, end.position, outputs, types)
        piece = TwoFormPiece(self._open_part(part, self._weights.ort_values))
        golden = piece.exact.run(values)
        if isinstance(golden, Failure):
            raise ValueError("the model fails on the sample")
        here = [b for b in self._bounds if cut.position <= b.maker < end.position]
        self._add_fast_form(piece, _Stretch(cut, end.position, values, golden), here)
        return piece, golden

    def _add_fast_form(
        self, piece: TwoFormPiece, stretch: "_Stretch", bounds: list[ClippingBound]
    ) -> None:
        """Give ``piece`` a fast form without those of ``bounds`` that do not act on what is tried.

        It gets none if that returns something else, or if a NaN does not show in it.
        """
        while bounds:
            try:
                fast = self._fast_form(piece, stretch, bounds)
            except Exception:  # of ONNX Runtime: no kernel for the guard, of this element type
                return
            for tried in stretch.softer(piece):
                made = fast.part.run(tried.values)
                if isinstance(made, Failure):
                    return
                acting = fast.acting(made[GUARD])
                if acting is None:
                    piece.fast = fast if self._trusted(fast, tried, bounds, made) else None
                    return
            bounds = [b for b in bounds if b is not acting]

    def _fast_form(
        self, piece: TwoFormPiece, stretch: "_Stretch", bounds: Sequence[ClippingBound]
    ) -> FastForm:
        graph, cut, results = self._stripped.graph, stretch.cut, piece.exact.outputs
        replaced = {i: nodes for b in bounds for i, nodes in b.nodes.items()}
        places = range(cut.position, stretch.stop)
        nodes = [node for i in places for node in replaced.get(i, (graph.node[i],))]
        unseen = [b.value for b in bounds if not nan_shows(nodes, b.value, results)]
        floats = [n for n, value in stretch.golden.items() if value.dtype.kind == "f"]
        extremes = {name: (b, limits) for b in bounds for name, limits in b.checked.items()}
        sums = {f"{SUM}{name}": name for name in dict.fromkeys((*floats, *unseen))}
        nodes += [helper.make_node("ReduceSum", [sums[n]], [n]) for n in sums]
        nodes += list(_gathered([*extremes, *sums]))
        types = element_types(stretch.values, cut.values)
        part = with_nodes(self._stripped, nodes, cut, (*results, GUARD), types)
        anything = (-np.inf, np.inf)
        limits = np.array([*(limits for _, limits in extremes.values()), *[anything] * len(sums)])
        owners = (*(bound for bound, _ in extremes.values()), *[None] * len(sums))
        return FastForm(
            self._open_part(part, self._weights.ort_values, in_order=True), owners, limits.T
        )

    def _trusted(
        self, fast: FastForm, stretch: "_Stretch", bounds: Sequence[ClippingBound], made: Made
    ) -> bool:
        """Whether the fast form gives the golden values, and a NaN behind each bound shows."""
        golden = stretch.golden
        if not fast.within(made[GUARD]).all():
            return False
        if not all(Answer((made[n],)).same_as(Answer((golden[n],))) for n in golden):
            return False
        makers = [self._stripped.graph.node[b.maker] for b in bounds]
        return all(self._shows(fast, maker, stretch.values) for maker in makers)

    def _shows(self, fast: FastForm, maker: onnx.NodeProto, values: Arrays) -> bool:
        """Whether a NaN among the weights of ``maker`` is seen; True if it has none."""
        for name in maker.input:
            weights = self._weights.memory.get(name)
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
