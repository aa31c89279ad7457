"""Runs as if no bound acted, and proof afterwards that none did.

A graph with clipping bounds is run piece by piece in the form that it has without them, with the
guard that no bound acts as a further result. A piece in which one does runs again as it is. What
comes out is what the graph as it is gives, bit for bit.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.shared_initializers import LiveWeights
from analyzer.runtime.speculative_bounds.bounds import ClippingBound, find_bounds
from analyzer.runtime.speculative_bounds.two_forms import (
    FastForm,
    OpenPart,
    PieceMaker,
    TwoFormPiece,
)
from analyzer.runtime.stretches.cuts import Cut, Floats, find_cuts
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.profile import FORBIDDEN_SIZE, Profile, cut_sizes
from analyzer.runtime.stretches.sessions import Chain, Link, session_part
from analyzer.runtime.stretches.strategy import LiveModel, Offer, Use


class SpeculativeStretches:
    """One graph in pieces, each with and without its bounds."""

    whole = True
    followers = ()

    def __init__(
        self,
        model: LiveModel,
        bounds: Sequence[ClippingBound],
        stations: Sequence[Cut],
        sample: Arrays,
        open_part: OpenPart = session_part,
    ) -> None:
        """Open every piece in both forms, and try both on the sample.

        Args:
            model: the optimized graph and its live weights, golden at present.
            bounds: of that graph: those that are worth leaving out.
            stations: the cuts between the pieces, the trivial one first; none passes a value that
                a bound hides.
            sample: one batch.
            open_part: opens the session of a form.

        Raises:
            ValueError: the model fails on the sample.
        """
        weights = LiveWeights(model.ort_values, model.weight_memory.views)
        self._maker = PieceMaker(model.stripped, weights, bounds, open_part)
        self._stations = [*stations, model.end]
        self._pieces: dict[tuple[int, int], TwoFormPiece] = {}
        self._values = dict(sample)
        for cut, following in pairwise(self._stations):
            self._piece(cut, following)

    def _piece(self, cut: Cut, end: Cut) -> TwoFormPiece:
        key = cut.position, end.position
        if key not in self._pieces:
            self._pieces[key], golden = self._maker.open(cut, end, self._values)
            self._values.update(golden)
        return self._pieces[key]

    @property
    def pieces(self) -> tuple[TwoFormPiece, ...]:
        """All that are open."""
        return tuple(self._pieces.values())

    @property
    def refusal(self) -> NotApplied | None:
        """The reason why no stretch has a form without its bounds; None if one has."""
        reasons = [p.fast for p in self.pieces if isinstance(p.fast, NotApplied)]
        return reasons[0] if len(reasons) == len(self.pieces) else None

    @property
    def description(self) -> str:
        """As in `Stretches`."""
        fast = sum(isinstance(piece.fast, FastForm) for piece in self._pieces.values())
        return f"{fast} of {len(self._pieces)} stretches run as if no clipping bound acted"

    def between(self, begin: Cut, end: Cut, golden: Arrays, outputs: tuple[str, ...]) -> Chain:
        """As in `Stretches`; where a cut is no station, pieces are opened up to it."""
        self._values.update(golden)
        inner = [c for c in self._stations if begin.position < c.position < end.position]
        pieces = [self._piece(a, b) for a, b in pairwise([begin, *inner, end])]
        return Chain(tuple(pieces), begin.values, outputs)

    def links(self) -> Mapping[int, tuple[int, Link]]:
        """None: recompiled subgraphs meet integer graphs, whose bounds are no nodes."""
        return {}


class SpeculativeBounds:
    """The strategy: leave out bounds that take longer than the guard that they do not act."""

    name = "speculative_bounds"

    def offer(
        self, model: LiveModel, profile: Callable[[], Profile], use: Use
    ) -> Offer | NotApplied:
        """As in `Strategy`."""
        bounds = find_bounds(model.stripped.graph)
        if not bounds:
            return NotApplied("the graph has no clipping bounds")
        measured = profile()
        if use is Use.WHERE_IT_PAYS:
            bounds = bounds_that_cost(bounds, measured)
        if not bounds:
            return NotApplied("its clipping bounds take less time than guards would")
        hidden = frozenset(name for bound in bounds for name in bound.hidden)
        stations = _stations(model, measured, hidden, use)

        def opened(_: Sequence[Cut], sample: Arrays) -> SpeculativeStretches | NotApplied:
            found = SpeculativeStretches(model, bounds, stations, sample)
            return found.refusal or found

        # What pieces cost is weighed in `bounds_that_cost`, against the gain of a whole run.
        return Offer(measured.seconds - _gains(bounds, measured), opened, hidden)


def _stations(model: LiveModel, profile: Profile, hidden: frozenset[str], use: Use) -> list[Cut]:
    """The cuts between pieces; none passes a value that a bound hides."""
    cuts = find_cuts(model.stripped.graph)
    inputs = {value.name: None for value in model.stripped.graph.input}
    every = cut_sizes(cuts, model.stripped.graph, profile, inputs)
    sizes = np.where([hidden.isdisjoint(cut.values) for cut in cuts], every, FORBIDDEN_SIZE)
    if use is Use.EVERYWHERE:
        return [cut for cut, size in zip(cuts, sizes, strict=True) if size < FORBIDDEN_SIZE]
    seconds = np.cumsum(profile.seconds[::-1])[::-1]
    return [cuts[i] for i in stations_for(seconds, sizes)]


def _gains(bounds: Sequence[ClippingBound], profile: Profile) -> Floats:
    """Seconds that leaving out ``bounds`` saves, by node, float64 (nodes,)."""
    gains = np.zeros(len(profile.seconds))
    for bound in bounds:
        left_out = [i for i, nodes in bound.nodes.items() if not nodes]
        if left_out:
            gains[left_out[0]] += min(_gain(bound, profile), float(profile.seconds[left_out[0]]))
    return gains


GUARD_SECONDS, GUARD_BYTES_PER_SECOND = 5e-6, 40e9
"""What a maximum takes: its node and its result, and reading the elements."""

LEAST_BOUNDS_GAIN = 0.05
"""Share of a run that leaving out bounds must save, besides what the pieces cost."""

TWO_FORM_PIECE_SECONDS = 100e-6
"""What one more piece costs: a call, and values that the next session finds in a colder cache."""


def bounds_that_cost(bounds: Sequence[ClippingBound], profile: Profile) -> list[ClippingBound]:
    """Those of ``bounds`` whose nodes take longer than the guards that they do not act.

    Args:
        bounds: of a graph.
        profile: of its nodes.

    Returns:
        none if they do not cost enough together.
    """
    gains = [_gain(bound, profile) for bound in bounds]
    run = float(profile.seconds.sum())
    worth = (
        sum(max(0, g) for g in gains)
        > LEAST_BOUNDS_GAIN * run + (piece_count(run) - 1) * TWO_FORM_PIECE_SECONDS
    )
    return [b for b, gain in zip(bounds, gains, strict=True) if worth and gain > 0]


def _gain(bound: ClippingBound, profile: Profile) -> float:
    left_out = sum(profile.seconds[i] for i, nodes in bound.nodes.items() if not nodes)
    guard = GUARD_SECONDS + profile.size[bound.maker] / GUARD_BYTES_PER_SECOND
    return float(left_out - guard * len(bound.checked))


MOST_PIECES = 12

PASSING = 1 / 50
"""Share of a run that one passing of values from piece to piece may take."""

BYTES_PER_SECOND = 8e9
"""At which values are copied from one session to the next."""


def piece_count(seconds: float) -> int:
    """The best number of pieces for runs of ``seconds``.

    A bound that acts costs another run of one piece, a piece costs a call. With ``n`` pieces, runs
    of ``S`` seconds and a bound that acts in every other run, that is ``S / 2n + n c`` together,
    least for ``n = sqrt(S / 2c)``.
    """
    return int(min(MOST_PIECES, max(1, math.sqrt(seconds / TWO_FORM_PIECE_SECONDS / 2))))


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
