"""A stretch of a graph with clipping bounds, in two forms: as it is, and as if no bound acted.

The second form returns the largest element of every value that has a bound as well. If one is too
large, or there is a NaN, the piece runs again as it is.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.bits import Values
from analyzer.runtime.borrowed import Borrowed
from analyzer.runtime.bounds import Bound
from analyzer.runtime.cuts import Cut, made_between, part_between, with_nodes
from analyzer.runtime.golden_store import Arrays
from analyzer.runtime.parts import Made, SessionPart, element_types, session_part
from analyzer.runtime.session import Answer, Failure, Handles
from analyzer.runtime.signs import nan_shows

SUM = "relcheck_sum_of_"

AGAIN = 16
"""After so many runs a piece whose bounds act often is tried once more without them."""


@dataclass(frozen=True, slots=True)
class LiveWeights:
    """What sessions read, twice.

    Attributes:
        lent: As ONNX Runtime's values, by the name of the initializer.
        memory: The same memory as arrays.
    """

    lent: Borrowed
    memory: Mapping[str, Values]


@dataclass(slots=True)
class Piece:
    """A stretch of the graph in two forms.

    Attributes:
        exact: As it is.
        fast: Without bounds, with the evidence as further results; None: there is no such form.
        limits: Lower and upper limit by the names of smallest and largest elements.
        sums: Names of sums of all elements: NaN if one of them is.
        success: Share of the last runs of the fast form in which no bound acted.
        skipped: How often it was not tried.
    """

    exact: SessionPart
    fast: SessionPart | None = None
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sums: tuple[str, ...] = ()
    success: float = 1.0
    skipped: int = 0

    def run(self, values: Handles) -> Handles | Failure:
        """What the exact form returns."""
        if self.fast is not None and self._promising():
            made = self.fast.run_handles(values)
            proven = isinstance(made, dict) and self.proven(
                {n: made[n].numpy() for n in self.evidence}
            )
            self.success += (proven - self.success) / AGAIN
            if proven:
                return made
        return self.exact.run_handles(values)

    def _promising(self) -> bool:
        """Whether no bound acts in most runs: then trying is cheaper. Now and then it is tried."""
        if self.success > 0.5:
            return True
        self.skipped += 1
        return self.skipped % AGAIN == 0

    @property
    def evidence(self) -> tuple[str, ...]:
        """Names of the results of the fast form that show whether a bound acts."""
        return (*self.limits, *self.sums)

    @staticmethod
    def within(made: Arrays, limits: Mapping[str, tuple[float, float]]) -> bool:
        """Whether the elements in ``made`` are within ``limits``; NaN is not."""
        return all(low <= float(made[name]) <= high for name, (low, high) in limits.items())

    def _holds(self, made: Handles) -> bool:
        return self.proven({name: made[name].numpy() for name in self.evidence})

    def proven(self, made: Arrays) -> bool:
        """Whether the evidence in ``made`` shows that no bound acts."""
        nan = any(math.isnan(made[name]) for name in self.sums)
        return not nan and self.within(made, self.limits)


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

    def softer(self, piece: Piece) -> "Iterator[_Stretch]":
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
        self, shell: onnx.ModelProto, weights: LiveWeights, bounds: Sequence[Bound]
    ) -> None:
        """Remember the graph.

        Args:
            shell: the optimized model, hollow.
            weights: its live weights, golden whenever a piece is opened.
            bounds: of that graph: those that are worth leaving out.
        """
        self._shell, self._weights, self._bounds = shell, weights, tuple(bounds)
        self._outputs = [o.name for o in shell.graph.output]

    def open(self, cut: Cut, end: Cut, values: Arrays) -> tuple[Piece, Made]:
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
        made = made_between(self._shell.graph, cut.position, end.position)
        outputs = tuple(dict.fromkeys(n for n in (*end.values, *self._outputs) if n in made))
        types = element_types(values, cut.values)
        part = part_between(self._shell, cut, end.position, outputs, types)
        piece = Piece(session_part(part, self._weights.lent))
        golden = piece.exact.run(values)
        if isinstance(golden, Failure):
            raise ValueError("the model fails on the sample")
        here = [b for b in self._bounds if cut.position <= b.maker < end.position]
        self._add_fast_form(piece, _Stretch(cut, end.position, values, golden), here)
        return piece, golden

    def _add_fast_form(self, piece: Piece, stretch: "_Stretch", bounds: list[Bound]) -> None:
        """Give ``piece`` a fast form without those of ``bounds`` that do not act on what is tried.

        It gets none if that returns something else, or if a NaN does not show in it.
        """
        while bounds:
            try:
                fast = self._fast_form(piece, stretch, bounds)
            except Exception:  # of ONNX Runtime: no kernel for the evidence, of this element type
                return
            assert fast.fast is not None
            for tried in stretch.softer(piece):
                made = fast.fast.run(tried.values)
                if isinstance(made, Failure):
                    return
                acting = next((b for b in bounds if not fast.within(made, b.checked)), None)
                if acting is None:
                    if self._trusted(fast, tried, bounds, made):
                        piece.fast, piece.limits, piece.sums = fast.fast, fast.limits, fast.sums
                    return
            bounds = [b for b in bounds if b is not acting]

    def _fast_form(self, piece: Piece, stretch: "_Stretch", bounds: Sequence[Bound]) -> Piece:
        graph, cut = self._shell.graph, stretch.cut
        replaced = {i: nodes for b in bounds for i, nodes in b.nodes.items()}
        places = range(cut.position, stretch.stop)
        nodes = [node for i in places for node in replaced.get(i, (graph.node[i],))]
        unseen = [b.value for b in bounds if not nan_shows(nodes, b.value, piece.exact.outputs)]
        floats = [n for n, value in stretch.golden.items() if value.dtype.kind == "f"]
        added = dict.fromkeys((*floats, *unseen))
        nodes += [onnx.helper.make_node("ReduceSum", [n], [SUM + n], keepdims=0) for n in added]
        limits = {name: limit for b in bounds for name, limit in b.checked.items()}
        sums = tuple(SUM + name for name in added)
        types = element_types(stretch.values, cut.values)
        outputs = (*piece.exact.outputs, *limits, *sums)
        part = with_nodes(self._shell, nodes, cut, outputs, types)
        opened = session_part(part, self._weights.lent, in_order=True)
        return Piece(piece.exact, opened, limits, sums)

    def _trusted(
        self, piece: Piece, stretch: "_Stretch", bounds: Sequence[Bound], made: Made
    ) -> bool:
        """Whether the fast form gives the golden values, and a NaN behind each bound shows."""
        golden = stretch.golden
        if not piece.proven(made):
            return False
        if not all(Answer((made[n],)).same_as(Answer((golden[n],))) for n in golden):
            return False
        makers = [self._shell.graph.node[b.maker] for b in bounds]
        return all(self._shows(piece, maker, stretch.values) for maker in makers)

    def _shows(self, piece: Piece, maker: onnx.NodeProto, values: Arrays) -> bool:
        """Whether a NaN among the weights of ``maker`` is seen; True if it has none."""
        assert piece.fast is not None
        for name in maker.input:
            weights = self._weights.memory.get(name)
            if weights is None or weights.dtype.kind != "f":
                continue
            flat = weights.reshape(-1)
            golden = flat[:1].copy()
            flat[0] = np.nan
            try:
                made = piece.fast.run(values)
            finally:
                flat[:1] = golden
            if isinstance(made, dict) and piece.proven(made):
                return False
        return True
