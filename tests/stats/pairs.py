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
from numpy.typing import NDArray

from analyzer.stats.estimate import half_width, planned_look
from analyzer.stats.intervals import Interval
from analyzer.stats.paired import (
    Difference,
    PairedStratum,
    PairedTally,
    longest_arm,
    paired_difference,
)
from analyzer.stats.strata import Stratum, allocate, estimate_strata
from analyzer.stats.tally import Tally

CONFIDENCE = 0.95
MOST = 20_000
"""Trials at which a simulated campaign ends unprecise."""

AHEAD = 2048
"""Trials drawn at a time."""

Table = NDArray[np.int64]
"""int64 (trials, 6): images, sdc, due, masked, lost, gained."""


@dataclass(frozen=True)
class Joint:
    """What a pattern of one stratum does to two models.

    Attributes:
        both: probability that it kills both.
        first: that it kills the first alone.
        second: that it kills the second alone.
        mild: probability that an image is lost to both, one by one.
        apart: that an image is lost to the first alone, and, independently, to the second alone.
        due: share of killing patterns that end in a detected error.
    """

    both: float = 0.0
    first: float = 0.0
    second: float = 0.0
    mild: float = 0.0
    apart: float = 0.0
    due: float = 0.0


@dataclass(frozen=True)
class World:
    """Two models at one rate: strata with weights, and the fault-free metrics.

    Where ``gains`` is set, a killed model answers by chance: it gains that share of the images
    that were wrong without faults.
    """

    strata: tuple[tuple[float, Joint], ...]
    golden: tuple[float, float] = (1.0, 1.0)
    images: int = 4
    gains: float = 0.0


def drawn(rng: np.random.Generator, joint: Joint, world: World, trials: int) -> tuple[Table, Table]:
    """Outcomes of both models in the same trials."""
    fate, n = rng.random(trials), world.images
    both = fate < joint.both
    killed = [
        both | ((fate >= joint.both) & (fate < joint.both + joint.first)),
        both
        | ((fate >= joint.both + joint.first) & (fate < joint.both + joint.first + joint.second)),
    ]
    announced = rng.random(trials) < joint.due
    chance, shared = rng.random((trials, n)), rng.random((trials, n)) < joint.mild
    tables = []
    for dead, golden in zip(killed, world.golden, strict=True):
        right = chance < golden  # the same images are hard for both
        hurt = shared | (rng.random((trials, n)) < joint.apart)
        wrong = dead[:, None] | hurt
        lucky = dead[:, None] & ~announced[:, None] & (rng.random((trials, n)) < world.gains)
        due = np.where(dead & announced, n, 0)
        sdc = np.where(dead & announced, 0, wrong.sum(axis=1))
        lost, gained = (wrong & right).sum(axis=1), (lucky & ~right).sum(axis=1)
        full = np.full(trials, n)
        tables.append(np.stack([full, sdc, due, full - sdc - due, lost, gained], axis=1))
    return tables[0], tables[1]


def truth(world: World) -> tuple[float, float, float]:
    """Expected difference, second minus first, of metric, SDC and DUE."""
    before, after = world.golden
    metric, sdc, due = after - before, 0.0, 0.0
    for weight, joint in world.strata:
        hurt = joint.mild + (1 - joint.mild) * joint.apart
        effects = []
        for golden, alone in zip(world.golden, (joint.first, joint.second), strict=True):
            dead = joint.both + alone
            lost = golden * (dead + (1 - dead) * hurt)
            gained = (1 - golden) * dead * (1 - joint.due) * world.gains
            silent = dead * (1 - joint.due) + (1 - dead) * hurt
            effects.append((gained - lost, silent, dead * joint.due))
        metric += weight * (effects[1][0] - effects[0][0])
        sdc += weight * (effects[1][1] - effects[0][1])
        due += weight * (effects[1][2] - effects[0][2])
    return metric, sdc, due


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


def compared(world: World, seed: int, precision: float) -> tuple[Difference, int]:
    """The difference that a comparison reports, and the trials that both models share."""
    trials = Trials(world, seed)
    counts = [campaign(trials, model, precision) for model in (0, 1)]
    found, common = _difference(trials, [min(pair) for pair in zip(*counts, strict=True)])
    if longest_arm(found, metric=True) > precision:
        found, common = _difference(trials, [max(pair) for pair in zip(*counts, strict=True)])
    return found, common


def _difference(trials: Trials, counts: list[int]) -> tuple[Difference, int]:
    world = trials.world
    strata = [
        PairedStratum(weight, trials.paired(i, n))
        for i, ((weight, _), n) in enumerate(zip(world.strata, counts, strict=True))
    ]
    return paired_difference(strata, world.golden, CONFIDENCE), sum(counts)


def covers(interval: Interval, value: float) -> bool:
    """Whether the interval holds the value, rounding aside."""
    return interval.low - 1e-12 <= value <= interval.high + 1e-12


WORLDS: dict[str, World] = {
    "the same model twice": World(
        ((0.40, Joint(0.001, mild=0.02)), (0.35, Joint(0.35, mild=0.1)), (0.2, Joint(0.6)))
    ),
    "the same, low rate": World(
        ((0.2, Joint(mild=0.004)), (0.028, Joint(0.4, mild=0.1)), (0.0005, Joint(0.7)))
    ),
    "equal means, nothing shared": World(
        ((0.40, Joint(0, 0.01, 0.01, 0, 0.02)), (0.55, Joint(0.0, 0.3, 0.3, 0.0, 0.05)))
    ),
    "equal means, half shared": World(
        ((0.40, Joint(0.01, 0.01, 0.01, 0.02)), (0.55, Joint(0.2, 0.1, 0.1, 0.05, 0.02)))
    ),
    "nothing ever happens": World(((0.9, Joint()), (0.08, Joint()))),
    "clipping helps": World(
        ((0.40, Joint(0.0, 0.01, 0.0, 0.02)), (0.35, Joint(0.05, 0.5, 0.0, 0.05, 0.01, 0.3)))
    ),
    "clipping helps, one image": World(
        ((0.40, Joint(0.0, 0.01, 0.0, 0.02)), (0.35, Joint(0.05, 0.5, 0.0, 0.05, 0.01, 0.3))),
        images=1,
    ),
    "one pattern in 500 differs": World(
        ((0.9, Joint(0.2, 0.002, 0.0, 0.02)), (0.05, Joint(0.5, 0.002, 0.0)))
    ),
    "one in 500 differs, one image": World(
        ((0.9, Joint(0.2, 0.002, 0.0, 0.02)), (0.05, Joint(0.5, 0.002, 0.0))), images=1
    ),
    "second is worse, rarely": World(((0.9, Joint(0.05, 0.0, 0.004, 0.01, 0.0, 0.5)),)),
    "gains, other fault-free metric": World(
        ((0.5, Joint(0.3, 0.2, 0.02, 0.05)), (0.3, Joint(0.6, 0.3, 0.0, 0.05))),
        golden=(0.7, 0.65),
        gains=0.1,
    ),
    "gains, one image, small difference": World(
        ((0.5, Joint(0.3, 0.01, 0.005, 0.05)), (0.3, Joint(0.6, 0.02, 0.0, 0.05))),
        golden=(0.9, 0.92),
        gains=0.1,
        images=1,
    ),
}


@dataclass(frozen=True)
class Coverage:
    """Shares of campaigns whose intervals hold the truth; mean half-width, error and trials."""

    metric: float
    sdc: float
    due: float
    half_width: float
    bias: float
    trials: float


def coverage(world: World, campaigns: int, precision: float, seed: int = 0) -> Coverage:
    """Simulate so many comparisons."""
    metric, sdc, due = truth(world)
    found = [compared(world, seed + i, precision) for i in range(campaigns)]
    points = np.array([d.metric.estimate - metric for d, _ in found])

    def share(holds: Callable[[Difference], bool]) -> float:
        return float(np.mean([holds(d) for d, _ in found]))

    return Coverage(
        share(lambda d: covers(d.metric, metric)),
        share(lambda d: covers(d.sdc, sdc)),
        share(lambda d: covers(d.due, due)),
        float(np.mean([(d.metric.high - d.metric.low) / 2 for d, _ in found])),
        float(points.mean()),
        float(np.mean([n for _, n in found])),
    )


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--precision", type=float, default=0.02)
    asked = parser.parse_args()
    print("| world | metric | SDC | DUE | half-width, points | bias, points | trials |")
    print("|---|---|---|---|---|---|---|")
    for name, world in WORLDS.items():
        c = coverage(world, asked.campaigns, asked.precision)
        print(
            f"| {name} | {c.metric:.1%} | {c.sdc:.1%} | {c.due:.1%} | {100 * c.half_width:.2f} "
            f"| {100 * c.bias:+.2f} | {c.trials:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    _main()
