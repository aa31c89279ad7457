"""The estimate for a part of the memory: SDC, DUE and loss of one upset placed in it uniformly."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from analyzer.stats.intervals import Interval
from analyzer.stats.sums import exact_share, move_to
from analyzer.stats.tally import Moments, Tally
from analyzer.stats.weighted import make_sample, sum_limits


@dataclass(frozen=True, slots=True)
class ExactShares:
    """Shares of the images of a stratum, every site and image counted.

    ``corrected`` and ``detected`` are those of a protected memory; see `analyzer.stats.tally`.
    """

    sdc: float
    due: float
    lost: float
    gained: float
    corrected: float = 0.0
    detected: float = 0.0
    critical: float | None = None
    """Of the silent corruption, that which is critical; None: nothing tells."""


@dataclass(frozen=True, slots=True)
class AreaStratum:
    """One stratum of an area.

    Attributes:
        weight: its share of the sites of the area, in [0, 1].
        tally: of its trials.
        exact: the truth, where every site met every image.
    """

    weight: float
    tally: Tally
    exact: ExactShares | None = None

    @property
    def is_tried(self) -> bool:
        """Trials, or the truth, are known of it."""
        return self.exact is not None or self.tally.trials > 0


@dataclass(frozen=True, slots=True)
class AreaEstimate:
    """The harm that one upset in an area does to an image.

    Attributes:
        sdc: probability of silent data corruption.
        due: probability of a detected unrecoverable error.
        loss: right answers lost minus gained, in [-1, 1].
        critical_sdc: probability of silent data corruption that is critical; None: nothing tells.
    """

    sdc: Interval
    due: Interval
    loss: Interval
    critical_sdc: Interval | None = None


def untried_share(strata: Sequence[AreaStratum]) -> float:
    """Share of the sites of an area, in strata whose weights sum to 1, of which nothing is known.

    >>> seen = AreaStratum(0.75, Tally(1, 16, 16))
    >>> untried_share([seen, AreaStratum(0.25, Tally.empty(1))])
    0.25
    """
    if not any(s.is_tried for s in strata):
        return 1.0
    return min(1.0, math.fsum(s.weight for s in strata if not s.is_tried))


def estimate_area(strata: Sequence[AreaStratum], confidence: float) -> AreaEstimate:
    """Estimate of an area from its strata, whose weights sum to 1.

    Args:
        strata: at least one.
        confidence: nominal coverage of each interval, in (0, 1).

    Returns:
        Weighted sums with the limits of `weighted.sum_limits`; strata of which everything was
        counted add no width. A stratum of which nothing is known counts as if it were like the
        others and adds all that it may do to the limits. The limits of the loss are those of lost
        and of gained answers, put together as if the worst of both came at once.
    """
    lost = area_share(strata, lambda t: t.lost, lambda e: e.lost, confidence, scores=True)
    gained = area_share(strata, lambda t: t.gained, lambda e: e.gained, confidence, scores=True)
    net = lost.estimate - gained.estimate
    low, high = min(net, lost.low - gained.high), max(net, lost.high - gained.low)
    return AreaEstimate(
        sdc=area_share(strata, lambda t: t.sdc, lambda e: e.sdc, confidence),
        due=area_share(strata, lambda t: t.due, lambda e: e.due, confidence),
        loss=Interval(net, low, high),
        critical_sdc=_critical(strata, confidence),
    )


def _critical(strata: Sequence[AreaStratum], confidence: float) -> Interval | None:
    """The critical part of SDC; None where no stratum tells."""
    if not any(_tells_critical(stratum) for stratum in strata):
        return None
    return area_share(
        strata, lambda t: t.critical or Moments(), lambda e: e.critical or 0.0, confidence
    )


def _tells_critical(stratum: AreaStratum) -> bool:
    exact = stratum.exact
    return stratum.tally.critical is not None if exact is None else exact.critical is not None


DILUTION, LEFT = 0.3, 0.08
"""The bias of the mean over all trials, of the weight of a trial; and what may be left of it, of
the margin. Both are measured: tests/stats/test_planning.py."""


def in_two_stages(first: AreaEstimate, whole: AreaEstimate, confidence: float) -> AreaEstimate:
    """The estimate of an area whose first trials decided how many more there are.

    Where the first trials show harm, more follow and dilute it; where they show none, none follow.
    So the mean over all trials is low, by up to `DILUTION` of the weight of one trial, which is 2/c
    of the margin, c = -ln(alpha/2) (`planning.allot`). The mean over the first trials is unbiased
    and less precise. The point is a mean of both, with weights that follow from the confidence
    alone and leave a bias of less than a tenth of the margin.

    Args:
        first: from the trials that were planned before any was run.
        whole: from all trials; gives the limits.
        confidence: of the intervals, in (0, 1).

    >>> narrow, wide = Interval(0.1, 0.05, 0.2), Interval(0.2, 0.0, 0.5)
    >>> estimates = [AreaEstimate(i, i, i) for i in (wide, narrow)]
    >>> round(in_two_stages(*estimates, 0.99).sdc.estimate, 3)
    0.129
    """
    bias = 2.0 * DILUTION / -math.log((1.0 - confidence) / 2.0)
    share = max(0.0, 1.0 - LEFT / bias)

    def mixed(early: Interval, late: Interval) -> Interval:
        point = share * early.estimate + (1.0 - share) * late.estimate
        return Interval(min(max(point, late.low), late.high), late.low, late.high)

    critical = None
    if first.critical_sdc is not None and whole.critical_sdc is not None:
        critical = mixed(first.critical_sdc, whole.critical_sdc)
    return AreaEstimate(
        sdc=mixed(first.sdc, whole.sdc),
        due=mixed(first.due, whole.due),
        loss=mixed(first.loss, whole.loss),
        critical_sdc=critical,
    )


def area_share(
    strata: Sequence[AreaStratum],
    moments: Callable[[Tally], Moments],
    exact: Callable[[ExactShares], float],
    confidence: float,
    *,
    scores: bool = False,
) -> Interval:
    """A share of the images, given one upset placed uniformly in an area.

    Args:
        strata: of the area; their weights sum to 1.
        moments: of the share, in a tally.
        exact: the share, where every site met every image.
        confidence: nominal coverage, in (0, 1).
        scores: whether the share is one of scores.
    """
    known = [(s.weight, exact(s.exact)) for s in strata if s.exact is not None]
    drawn = [
        DrawnShare(
            s.weight,
            *_mean(moments(s.tally), s.tally),
            s.tally.trials,
            s.tally.score_images if scores else s.tally.images,
        )
        for s in strata
        if s.exact is None
    ]
    return combined_share(known, drawn, confidence)


class DrawnShare(NamedTuple):
    """A share in one stratum, as trials show it.

    Attributes:
        weight: Of the stratum.
        mean: Of a trial's share, in [0, 1]; 0 without trials.
        variance: Of a trial's share.
        trials: Number of trials; 0: nothing is known.
        images: Over all trials.
    """

    weight: float
    mean: float
    variance: float
    trials: float
    images: float


def combined_share(
    known: Sequence[tuple[float, float]], drawn: Sequence[DrawnShare], confidence: float
) -> Interval:
    """A share over strata of which some are known exactly, and others from trials.

    Args:
        known: weight and share of the strata that were counted.
        drawn: the others. All weights sum to 1.
        confidence: nominal coverage, in (0, 1).
    """
    counted = math.fsum(weight * share for weight, share in known)
    missed = math.fsum(weight * (1.0 - share) for weight, share in known)
    if not drawn:
        point = exact_share(counted, missed)
        return Interval(point, point, point)
    sample = make_sample(*zip(*drawn, strict=True))
    low, high = sum_limits(sample, confidence)
    point = counted + sample.estimate
    untried = math.fsum(part.weight for part in drawn if not part.trials)
    tried = [weight for weight, _ in known] + [part.weight for part in drawn if part.trials]
    if tried and untried > 0.0:
        point /= math.fsum(tried)
        return Interval(point, counted + low, counted + high)
    spared = math.fsum(part.weight * (1.0 - part.mean) for part in drawn)
    interval = Interval(sample.estimate, low, high)
    return move_to(interval, exact_share(point, missed + spared), 0.0, 1.0)


def _mean(moments: Moments, tally: Tally) -> tuple[float, float]:
    """Mean and variance of a trial's share; 0 and 0 without trials."""
    trials, unit = tally.trials, tally.unit
    if not trials:
        return 0.0, 0.0
    variance = (moments.squares * trials - moments.total**2) / (trials * unit) ** 2
    return moments.total / (trials * unit), variance


def deviation(tally: Tally, outcome: Literal["sdc", "due"]) -> float:
    """Standard deviation of the share of a trial's images with this outcome.

    Args:
        tally: of one stratum, with a trial or more.
        outcome: the outcome that is counted.
    """
    return float(_mean(tally.sdc if outcome == "sdc" else tally.due, tally)[1] ** 0.5)


def half_width(interval: Interval) -> float:
    """Half of an interval's width: the margin that a map keeps.

    >>> half_width(Interval(0.0, 0.0, 0.5))
    0.25
    """
    return (interval.high - interval.low) / 2.0
