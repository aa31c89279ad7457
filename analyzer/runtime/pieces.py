"""A stretch of a graph with clipping bounds, in two forms: as it is, and as if no bound acted.

The second form returns the largest element of every value that has a bound as well. If one is too
large, or there is a NaN, the piece runs again as it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx

from analyzer.bits import Values
from analyzer.runtime.borrowed import Borrowed
from analyzer.runtime.bounds import Bound
from analyzer.runtime.cuts import Cut, made_between, part_between, with_nodes
from analyzer.runtime.golden_store import Arrays
from analyzer.runtime.parts import Made, SessionPart, element_types, session_part
from analyzer.runtime.session import Answer, Failure
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
        sums: Names that are NaN if the value that was added up had one.
        success: Share of the last runs of the fast form in which no bound acted.
        skipped: How often it was not tried.
    """

    exact: SessionPart
    fast: SessionPart | None = None
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sums: tuple[str, ...] = ()
    success: float = 1.0
    skipped: int = 0

    def run(self, values: Arrays) -> Made | Failure:
        """What the exact form returns."""
        if self.fast is not None and self._promising():
            made = self.fast.run(values)
            found = made if isinstance(made, dict) and self.proven(made) else None
            self.success += ((found is not None) - self.success) / AGAIN
            if found is not None:
                return {name: found[name] for name in self.exact.outputs}
        return self.exact.run(values)

    def _promising(self) -> bool:
        """Whether no bound acts in most runs: then trying is cheaper. Now and then it is tried."""
        if self.success > 0.5:
            return True
        self.skipped += 1
        return self.skipped % AGAIN == 0

    @staticmethod
    def within(made: Made, limits: Mapping[str, tuple[float, float]]) -> bool:
        """Whether all evidence is within ``limits``; NaN is not."""
        return all(low <= float(made[name]) <= high for name, (low, high) in limits.items())

    def proven(self, made: Made) -> bool:
        """Whether what the fast form returned shows that no bound acts."""
        if not self.within(made, self.limits):
            return False
        return not any(math.isnan(made[name]) for name in self.sums) and not any(
            value.size and value.dtype.kind == "f" and math.isnan(value.max())
            for value in (made[name] for name in self.exact.outputs)
        )


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
        """Give ``piece`` a fast form without those of ``bounds`` that do not act on the sample.

        It gets none if that returns something else, or if a NaN does not show in it.
        """
        while bounds:
            try:
                fast = self._fast_form(piece, stretch, bounds)
            except Exception:  # of ONNX Runtime: no kernel for the evidence, of this element type
                return
            assert fast.fast is not None
            made = fast.fast.run(stretch.values)
            if isinstance(made, Failure):
                return
            acting = next((b for b in bounds if not fast.within(made, b.checked)), None)
            if acting is None:
                if self._trusted(fast, stretch, bounds, made):
                    piece.fast, piece.limits, piece.sums = fast.fast, fast.limits, fast.sums
                return
            bounds = [b for b in bounds if b is not acting]

    def _fast_form(self, piece: Piece, stretch: "_Stretch", bounds: Sequence[Bound]) -> Piece:
        graph, cut = self._shell.graph, stretch.cut
        replaced = {i: nodes for b in bounds for i, nodes in b.nodes.items()}
        places = range(cut.position, stretch.stop)
        nodes = [node for i in places for node in replaced.get(i, (graph.node[i],))]
        unseen = [b.value for b in bounds if not nan_shows(nodes, b.value, piece.exact.outputs)]
        nodes += [onnx.helper.make_node("ReduceSum", [n], [SUM + n], keepdims=0) for n in unseen]
        limits = {name: limit for b in bounds for name, limit in b.checked.items()}
        sums = tuple(SUM + name for name in unseen)
        types = element_types(stretch.values, cut.values)
        outputs = (*piece.exact.outputs, *limits, *sums)
        part = with_nodes(self._shell, nodes, cut, outputs, types)
        return Piece(piece.exact, session_part(part, self._weights.lent), limits, sums)

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
