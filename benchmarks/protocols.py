"""What a sweep costs that is sampled as others do it, computed from measured figures.

- *plain Monte Carlo*: unstratified patterns, each on a batch of 32 images, independently per rate.
- *the paper's protocol* (Milazzo et al., IEEE Access 13, 2025): new faults for every batch of 128
  images, the whole data set, repeated; the mean accuracy is reported.

Of unstratified trials of a rate, the means of y and y^2 are

    E[y] = sum_s w_s E_s[y],    E[y^2] = sum_s w_s E_s[y^2],

y being what a trial shows per image (answers lost, gained, SDC, DUE), w_s the known weights of the
strata, y = 0 exactly where no bit flips. The means within strata come from a sample of stratified
trials with the same batch (Cochran, *Sampling Techniques*, ch. 5), because rare patterns decide
them and an unstratified sample would miss them. A campaign of n trials with just these moments is
judged by the intervals that the tool uses itself; the least n that is precise enough, times the CPU
time of a trial as measured on the same sample, summed over rates, is the cost. Plain Monte Carlo
has to reach the precision for metric, SDC and DUE, at the looks at which the tool itself may stop;
the paper's protocol for the metric alone, in whole repetitions of the data set. Both are paired
with golden, as the tool is, which favours them. Start-up (loading, golden run) is left out on all
sides.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzer.campaign.cells import Cell
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcome import Outcomes
from analyzer.stats.estimate import RateEstimate, half_width, next_look, planned_look
from analyzer.stats.intervals import Interval
from analyzer.stats.strata import Stratum, allocate, estimate_strata
from analyzer.stats.tally import Moments, Tally

PILOT, SAMPLE = 16, 192
"""Trials per stratum to begin with, and per rate in the end, from which moments are taken."""

UNIT = 2**20
"""Denominator of expected moments, which are no whole numbers of images."""

Channel = Callable[[Outcomes], int]

CHANNELS: tuple[Channel, ...] = (
    lambda o: o.sdc,
    lambda o: o.due,
    lambda o: o.masked,
    lambda o: o.lost,
    lambda o: o.gained,
    lambda o: o.gained - o.lost,
)
"""What a `Tally` keeps moments of, in its order."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a sweep costs, and how much is run for it."""

    cpu_seconds: float
    trials: int
    images: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """What unstratified trials of one rate are like.

    Attributes:
        batch: Images of each.
        means: Of y, in the order of `CHANNELS`.
        squares: Means of y^2.
        cpu_seconds: Of one trial.
    """

    batch: int
    means: tuple[float, ...]
    squares: tuple[float, ...]
    cpu_seconds: float

    def tally(self, trials: int) -> Tally:
        """So many trials with just these moments."""
        totals = [round(trials * mean * UNIT) for mean in self.means]
        totals[-1] = totals[-2] - totals[-3]  # net, whatever rounding did
        squares = [round(trials * square * UNIT**2) for square in self.squares]
        return Tally(UNIT, trials, trials * self.batch, *map(Moments, totals, squares))

    def estimate(self, trials: int, golden: float, confidence: float) -> RateEstimate:
        """What a campaign would say after so many trials."""
        return estimate_strata([Stratum(1.0, self.tally(trials))], golden, confidence)


def sample(bench: TrialContext, rate: float) -> Sampled:
    """Run some stratified trials of a rate, and say what unstratified ones are like."""
    strata = bench.patterns.split(rate).strata
    outcomes: list[list[Outcomes]] = [[] for _ in strata]
    start = time.process_time()
    for wanted in (_pilot, _neyman):
        parts = [Stratum(s.weight, bench.tally(o)) for s, o in zip(strata, outcomes, strict=True)]
        for i, trials in enumerate(wanted(parts)):
            outcomes[i] += bench.trials(Cell(rate, i), len(outcomes[i]), trials)
    spent = time.process_time() - start
    weights = [s.weight for s in strata]
    return Sampled(
        bench.plan.batch,
        tuple(mean_of(weights, outcomes, channel, 1) for channel in CHANNELS),
        tuple(mean_of(weights, outcomes, channel, 2) for channel in CHANNELS),
        spent / sum(map(len, outcomes)),
    )


def _pilot(parts: Sequence[Stratum]) -> list[int]:
    return [PILOT] * len(parts)


def _neyman(parts: Sequence[Stratum]) -> list[int]:
    return allocate(parts, SAMPLE)


def mean_of(
    weights: Sequence[float], outcomes: Sequence[Sequence[Outcomes]], channel: Channel, power: int
) -> float:
    """Mean over unstratified trials of a power of a count per image.

    Args:
        weights: Of the strata; what they leave to 1 are patterns where the count is 0.
        outcomes: Trials of each stratum.
        channel: The count.
        power: 1 or 2.

    >>> mean_of([0.5], [[Outcomes(2, sdc=1), Outcomes(2)]], lambda o: o.sdc, 2)
    0.0625
    """
    return math.fsum(
        weight * math.fsum((channel(o) / o.images) ** power for o in group) / len(group)
        for weight, group in zip(weights, outcomes, strict=True)
    )


def plain(bench: TrialContext) -> Cost:
    """Plain Monte Carlo: metric, SDC and DUE decide, at the tool's own looks."""
    plan, total = bench.plan, Cost(0.0, 0, 0)
    for rate in plan.rates:
        found, trials = sample(bench, rate), next_look(0)
        while (arm := half_width(_said(found, trials, bench))) > plan.precision:
            trials = planned_look(trials, arm, plan.precision)
        total = _more(total, found, trials)
    return total


def paper(bench: TrialContext) -> Cost:
    """The paper's protocol: the metric decides, and every repetition takes the whole data set."""
    plan, total, whole = bench.plan, Cost(0.0, 0, 0), len(bench.golden.batches)
    for rate in plan.rates:
        found, trials = sample(bench, rate), whole
        while _arm(_said(found, trials, bench).metric) > plan.precision:
            trials += whole
        total = _more(total, found, trials)
    return total


def _said(found: Sampled, trials: int, bench: TrialContext) -> RateEstimate:
    return found.estimate(trials, bench.golden.metric, bench.plan.confidence)


def _arm(interval: Interval) -> float:
    return max(interval.high - interval.estimate, interval.estimate - interval.low)


def _more(total: Cost, found: Sampled, trials: int) -> Cost:
    return Cost(
        total.cpu_seconds + trials * found.cpu_seconds,
        total.trials + trials,
        total.images + trials * found.batch,
    )
