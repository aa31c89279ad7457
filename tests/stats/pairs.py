"""Simulated pairs of campaigns with a known difference, and how often its interval covers it.

    python -m tests.stats.pairs --campaigns 1000

prints the table of docs/method-comparison.md. A campaign is simulated as it is run: each model's
looks and allocation from its own outcomes, then the blocks that the other model has and this one
lacks, where the difference is not yet precise.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analyzer.stats.estimate import half_width, planned_look
from analyzer.stats.intervals import Interval
from analyzer.stats.paired import (
    Difference,
    PairedStratum,
    longest_arm,
    paired_difference,
    unpaired_difference,
)
from analyzer.stats.paired_tally import PairedTally
from analyzer.stats.strata import Stratum, allocate, estimate_strata
from analyzer.stats.tally import Tally
from tests.stats.pair_worlds import WORLDS, Table, World, drawn, truth

CONFIDENCE = 0.95
MOST = 20_000
"""Trials at which a simulated campaign ends unprecise."""

AHEAD = 2048
"""Trials drawn at a time."""


class Trials:
    """The trials of one campaign, drawn as they are asked for; both models see the same ones."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self._rng = np.random.default_rng(seed)
        self._tables: list[tuple[Table, Table]] = []
        for _, joint in world.strata:
            self._tables.append(drawn(self._rng, joint, world, AHEAD))

    def table(self, stratum: int, model: int, trials: int) -> Table:
        """The first so many trials of one stratum, as one model showed them."""
        while len(self._tables[stratum][0]) < trials:
            more = drawn(self._rng, self.world.strata[stratum][1], self.world, AHEAD)
            have = self._tables[stratum]
            self._tables[stratum] = (
                np.concatenate([have[0], more[0]]),
                np.concatenate([have[1], more[1]]),
            )
        return self._tables[stratum][model][:trials]

    def tally(self, stratum: int, model: int, trials: int) -> Tally:
        """The same, summed."""
        rows = self.table(stratum, model, trials).tolist()
        return Tally.of_trials(self.world.images, map(tuple, rows))

    def paired(self, stratum: int, trials: int) -> PairedTally:
        """The first so many trials of one stratum, model against model."""
        tables = (self.table(stratum, m, trials).tolist() for m in (0, 1))
        rows = zip(*(map(tuple, t) for t in tables), strict=True)
        return PairedTally.of_trials(self.world.images, rows)


def campaign(trials: Trials, model: int, precision: float) -> list[int]:
    """Trials per stratum that one model's own campaign runs."""
    weights = [w for w, _ in trials.world.strata]
    counts = [0] * len(weights)
    strata = [Stratum(w, Tally.empty(trials.world.images)) for w in weights]
    arm = 1.0
    while sum(counts) < MOST:
        counts = allocate(strata, planned_look(sum(counts), arm, precision))
        strata = [
            Stratum(w, trials.tally(i, model, n))
            for i, (w, n) in enumerate(zip(weights, counts, strict=True))
        ]
        arm = half_width(estimate_strata(strata, trials.world.golden[model], CONFIDENCE))
        if arm <= precision:
            break
    return counts


@dataclass(frozen=True)
class Compared:
    """What a comparison reports of one rate.

    Attributes:
        found: the difference.
        alone: the same as if nothing were shared, from the same trials.
        trials: that both models ran.
    """

    found: Difference
    alone: Difference
    trials: int


def compared(world: World, seed: int, precision: float, *, more: bool = True) -> Compared:
    """A whole comparison; ``more``: both get the trials that either has, where that is needed."""
    trials = Trials(world, seed)
    counts = [campaign(trials, model, precision) for model in (0, 1)]
    found = _compare(trials, counts)
    if more and longest_arm(found.found, metric=True) > precision:
        found = _compare(trials, [[max(pair) for pair in zip(*counts, strict=True)]] * 2)
    return found


def _compare(trials: Trials, counts: list[list[int]]) -> Compared:
    world, weights = trials.world, [w for w, _ in trials.world.strata]
    own = [[trials.tally(i, m, n) for i, n in enumerate(counts[m])] for m in (0, 1)]
    both = [min(pair) for pair in zip(*counts, strict=True)]
    strata = [
        PairedStratum(w, own[0][i], own[1][i], trials.paired(i, both[i]))
        for i, w in enumerate(weights)
    ]
    alike = world.golden[0] == world.golden[1]
    first, second = (
        estimate_strata([Stratum(*s) for s in zip(weights, o, strict=True)], g, CONFIDENCE)
        for o, g in zip(own, world.golden, strict=True)
    )
    return Compared(
        paired_difference(strata, world.golden, CONFIDENCE, alike=alike),
        Difference(
            unpaired_difference(first.metric, second.metric),
            unpaired_difference(first.sdc, second.sdc),
            unpaired_difference(first.due, second.due),
        ),
        sum(both),
    )


def covers(interval: Interval, value: float) -> bool:
    """Whether the interval holds the value, rounding aside."""
    return interval.low - 1e-12 <= value <= interval.high + 1e-12


def half(interval: Interval) -> float:
    """Half of the width."""
    return (interval.high - interval.low) / 2


@dataclass(frozen=True)
class Coverage:
    """Shares of campaigns whose intervals hold the truth; of the metric mean half-widths and error.

    Attributes:
        alone: half-width as if nothing were shared.
        trials: shared ones, on average.
    """

    metric: float
    sdc: float
    due: float
    half_width: float
    alone: float
    bias: float
    trials: float

    @property
    def least(self) -> float:
        """The worst of the three."""
        return min(self.metric, self.sdc, self.due)


def coverage(
    world: World, campaigns: int, precision: float, seed: int = 0, *, more: bool = True
) -> Coverage:
    """Simulate so many comparisons."""
    metric, sdc, due = truth(world)
    made = [compared(world, seed + i, precision, more=more) for i in range(campaigns)]
    found = [c.found for c in made]
    points = np.array([d.metric.estimate - metric for d in found])

    def share(holds: Callable[[Difference], bool]) -> float:
        return float(np.mean([holds(d) for d in found]))

    return Coverage(
        share(lambda d: covers(d.metric, metric)),
        share(lambda d: covers(d.sdc, sdc)),
        share(lambda d: covers(d.due, due)),
        float(np.mean([half(d.metric) for d in found])),
        float(np.mean([half(c.alone.metric) for c in made])),
        float(points.mean()),
        float(np.mean([c.trials for c in made])),
    )


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--precision", type=float, default=0.02)
    parser.add_argument("--no-more", action="store_true")
    asked = parser.parse_args()
    print("| world | metric | SDC | DUE | half-width, points | alone | bias, points | trials |")
    print("|---|---|---|---|---|---|---|---|")
    for name, world in WORLDS.items():
        c = coverage(world, asked.campaigns, asked.precision, more=not asked.no_more)
        print(
            f"| {name} | {c.metric:.1%} | {c.sdc:.1%} | {c.due:.1%} | {100 * c.half_width:.2f} "
            f"| {100 * c.alone:.2f} | {100 * c.bias:+.2f} | {c.trials:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    _main()
