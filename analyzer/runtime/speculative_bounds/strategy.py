"""Runs as if no bound acted, and proof afterwards that none did.

A graph with clipping bounds is run piece by piece in the form that it has without them, with the
evidence that no bound acts as a further result. A piece in which one does runs again as it is. What
comes out is what the graph as it is gives, bit for bit.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.runtime.ort.shared_initializers import LiveWeights
from analyzer.runtime.speculative_bounds.bounds import Bound
from analyzer.runtime.speculative_bounds.two_forms import Piece, PieceMaker
from analyzer.runtime.stretches.cuts import Cut, Floats
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.profile import Profile
from analyzer.runtime.stretches.sessions import Chain

NEVER = np.iinfo(np.int64).max // 4
"""Size of a cut that must not be taken."""


class Speculation:
    """One graph in pieces."""

    def __init__(
        self,
        shell: onnx.ModelProto,
        weights: LiveWeights,
        bounds: Sequence[Bound],
        stations: Sequence[Cut],
        sample: Arrays,
    ) -> None:
        """Open every piece in both forms, and try both on the sample.

        Args:
            shell: the optimized model, hollow.
            weights: its live weights, golden at present.
            bounds: of that graph: those that are worth leaving out.
            stations: the cuts between the pieces, the trivial one first; none passes a value that
                a bound hides.
            sample: one batch.

        Raises:
            ValueError: the model fails on the sample.
        """
        self._maker = PieceMaker(shell, weights, bounds)
        end = Cut(len(shell.graph.node), ())
        self._stations = [*stations, end]
        self._pieces: dict[tuple[int, int], Piece] = {}
        self._values = dict(sample)
        for cut, following in pairwise(self._stations):
            self._piece(cut, following)

    def _piece(self, cut: Cut, end: Cut) -> Piece:
        key = cut.position, end.position
        if key not in self._pieces:
            self._pieces[key], golden = self._maker.open(cut, end, self._values)
            self._values.update(golden)
        return self._pieces[key]

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All that are open."""
        return tuple(self._pieces.values())

    def between(
        self, begin: Cut, end: Cut | None, golden: Arrays, outputs: tuple[str, ...]
    ) -> Chain:
        """The nodes between two cuts, the second one the end if it is None, as a part.

        Args:
            begin: before the first node.
            end: behind the last one.
            golden: golden values of what passes ``begin``.
            outputs: what the part returns.
        """
        last = self._stations[-1] if end is None else end
        self._values.update(golden)
        inner = [c for c in self._stations if begin.position < c.position < last.position]
        stops = [begin, *inner, last]
        pieces = [self._piece(a, b) for a, b in pairwise(stops)]
        return Chain(tuple(pieces), begin.values, outputs)


def speculate(
    shell: onnx.ModelProto,
    weights: LiveWeights,
    bounds: Sequence[Bound],
    stations: Sequence[Cut],
    sample: Arrays,
) -> Speculation | None:
    """The graph in pieces; None if none of them can do without its bounds.

    Args: those of `Speculation`.
    """
    if not bounds:
        return None
    found = Speculation(shell, weights, bounds, stations, sample)
    return found if any(piece.fast for piece in found.pieces) else None


EVIDENCE_SECONDS, EVIDENCE_BYTES_PER_SECOND = 5e-6, 40e9
"""What a maximum takes: its node and its result, and reading the elements."""

LEAST_GAIN = 0.05
"""Share of a run that leaving out bounds must save, besides what the pieces cost."""

PIECE_SECONDS = 100e-6
"""What one more piece costs: a call, and values that the next session finds in a colder cache."""


def bounds_that_cost(bounds: Sequence[Bound], profile: Profile) -> list[Bound]:
    """Those of ``bounds`` whose nodes take longer than the evidence that they do not act.

    Args:
        bounds: of a graph.
        profile: of its nodes.

    Returns:
        none if they do not cost enough together.
    """
    gains = [_gain(bound, profile) for bound in bounds]
    run = float(profile.seconds.sum())
    worth = (
        sum(max(0, g) for g in gains) > LEAST_GAIN * run + (piece_count(run) - 1) * PIECE_SECONDS
    )
    return [b for b, gain in zip(bounds, gains, strict=True) if worth and gain > 0]


def _gain(bound: Bound, profile: Profile) -> float:
    left_out = sum(profile.seconds[i] for i, nodes in bound.nodes.items() if not nodes)
    evidence = EVIDENCE_SECONDS + profile.size[bound.maker] / EVIDENCE_BYTES_PER_SECOND
    return float(left_out - evidence * len(bound.checked))


MOST_PIECES = 12

PASSING = 1 / 50
"""Share of a run that one passing of values from piece to piece may take."""

BYTES_PER_SECOND = 8e9
"""At which values are copied from one session to the next."""


def piece_count(seconds: float) -> int:
    """How many pieces are best for runs that take so long.

    A bound that acts costs another run of one piece, a piece costs a call. With ``n`` pieces, runs
    of ``S`` seconds and a bound that acts in every other run, that is ``S / 2n + n c`` together,
    least for ``n = sqrt(S / 2c)``.
    """
    return int(min(MOST_PIECES, max(1, math.sqrt(seconds / PIECE_SECONDS / 2))))


def stations_for(seconds: Floats, sizes: npt.NDArray[np.int64]) -> list[int]:
    """Positions between pieces: narrow ones, about a piece apart.

    Args:
        seconds: float64 (positions,), what a run from each to the end takes.
        sizes: int64 (positions,), bytes that pass each.
    """
    count = piece_count(float(seconds[0]))
    narrow = sizes <= PASSING * seconds[0] * BYTES_PER_SECOND
    found = {0}
    for k in range(1, count):
        low, high = ((1 - (k + half) / count) * seconds[0] for half in (0.5, -0.5))
        near = np.flatnonzero((seconds >= low) & (seconds < high) & narrow)
        if len(near):
            found.add(int(near[np.argmin(sizes[near])]))
    return sorted(found)
