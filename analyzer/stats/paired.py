"""Differences between two models that met the same fault patterns on the same images.

What both models do alike cancels trial by trial, so that the difference is known far better than
either figure. A trial on which the second model loses three images more and one on which it loses
two fewer are two kinds of events, *up* and *down*, each a share in [0, 1] like any other; their
difference has the interval of gained minus lost (MOVER; Newcombe 1998 for paired proportions), with
all its care for what has not been seen. Nothing is assumed about how the two models are related.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from analyzer.stats.intervals import Interval, cluster_difference, rescale
from analyzer.stats.limits import compose, correlation
from analyzer.stats.sums import add_parts
from analyzer.stats.tally import Moments

Counts = tuple[int, int, int, int, int, int]
"""Of one trial of one model: images, sdc, due, masked, lost, gained, as in `Tally.of_trial`."""

_SDC, _DUE, _LOST, _GAINED = 1, 2, 4, 5

_NONE = Moments()


@dataclass(frozen=True, slots=True)
class Change:
    """Exact moments of what a count of the second model exceeds that of the first by.

    Attributes:
        up: of the share of a trial's images by which it is larger, else 0.
        down: of the share by which it is smaller, else 0.
    """

    up: Moments = _NONE
    down: Moments = _NONE

    def __add__(self, other: Self) -> Self:
        """Moments of both sets of trials together."""
        return type(self)(self.up + other.up, self.down + other.down)

    @property
    def net(self) -> Moments:
        """Moments of up minus down: in any one trial at least one of the two is 0.

        >>> Change(Moments(3, 9), Moments(1, 1)).net
        Moments(total=2, squares=10)
        """
        return Moments(self.up.total - self.down.total, self.up.squares + self.down.squares)


@dataclass(frozen=True, slots=True)
class PairedTally:
    """Sums over trials that two models shared; they add exactly, in any order.

    Attributes:
        unit: common denominator of all shares, a multiple of the images of each trial.
        trials: number of trials.
        images: number of images over all trials.
        sdc: change of the share silently corrupted.
        due: change of the share that ended in a detected error.
        lost: change of the share lost against the model's own golden run.
        gained: change of the share gained against it.
        products: sum over trials of net change of gained times net change of lost.
    """

    unit: int
    trials: int = 0
    images: int = 0
    sdc: Change = Change()
    due: Change = Change()
    lost: Change = Change()
    gained: Change = Change()
    products: int = 0

    @classmethod
    def of_trials(cls, unit: int, pairs: Iterable[tuple[Counts, Counts]]) -> Self:
        """The tally of some trials.

        Args:
            unit: common denominator, a multiple of the images of each trial.
            pairs: counts of the first and of the second model, trial by trial.

        Raises:
            ValueError: a trial whose images do not divide unit or differ between the models.

        >>> first, second = (4, 2, 0, 2, 2, 0), (4, 1, 1, 2, 2, 0)
        >>> tally = PairedTally.of_trials(4, [(first, second)])
        >>> tally.sdc.net, tally.due.net, tally.lost.net.total
        (Moments(total=-1, squares=1), Moments(total=1, squares=1), 0)
        """
        trials = images = products = 0
        nets: list[list[int]] = [[], [], [], []]
        for first, second in pairs:
            if first[0] != second[0] or first[0] < 1 or unit % first[0]:
                raise ValueError(f"trials of {first[0]} and {second[0]} images in units of {unit}")
            scale = unit // first[0]
            trials, images = trials + 1, images + first[0]
            sdc, due, lost, gained = (
                (second[i] - first[i]) * scale for i in (_SDC, _DUE, _LOST, _GAINED)
            )
            for found, value in zip(nets, (sdc, due, lost, gained), strict=True):
                found.append(value)
            products += gained * lost
        sdc_change, due_change, lost_change, gained_change = map(_change, nets)
        return cls(
            unit, trials, images, sdc_change, due_change, lost_change, gained_change, products
        )

    def __add__(self, other: Self) -> Self:
        """Both sets of trials together.

        Raises:
            ValueError: if the units differ.
        """
        if self.unit != other.unit:
            raise ValueError(f"tallies in different units: 1/{self.unit} and 1/{other.unit}")
        return type(self)(
            self.unit,
            self.trials + other.trials,
            self.images + other.images,
            self.sdc + other.sdc,
            self.due + other.due,
            self.lost + other.lost,
            self.gained + other.gained,
            self.products + other.products,
        )


def _change(nets: Sequence[int]) -> Change:
    ups = [n for n in nets if n > 0]
    downs = [-n for n in nets if n < 0]
    return Change(*(Moments(sum(side), sum(n * n for n in side)) for side in (ups, downs)))


@dataclass(frozen=True, slots=True)
class PairedStratum:
    """One part of the fault patterns: its probability, and the trials that both models ran."""

    weight: float
    tally: PairedTally


@dataclass(frozen=True, slots=True)
class Difference:
    """Second model minus first at one rate; intervals within [-1, 1]."""

    metric: Interval
    sdc: Interval
    due: Interval


def paired_difference(
    strata: Sequence[PairedStratum], golden: tuple[float, float], confidence: float
) -> Difference:
    """The difference of two models' figures from the trials that both ran.

    Args:
        strata: the parts; what their weights leave to 1 are patterns that harm neither model.
        golden: metric of the fault-free runs of the first and of the second model, exact.
        confidence: nominal coverage of each interval, in (0, 1).

    Returns:
        Weighted sums over the strata (Cochran, ch. 5). The metric's difference is that of the
        fault-free runs plus the change of gained minus the change of lost.

    >>> same = PairedTally.of_trials(1, [((1, 1, 0, 0, 1, 0), (1, 1, 0, 0, 1, 0))] * 300)
    >>> found = paired_difference([PairedStratum(0.5, same)], (0.9, 0.9), 0.95).metric
    >>> found.estimate, round(found.low, 4), round(found.high, 4)
    (0.0, -0.007, 0.007)
    """
    before, after = golden
    offset = after - before
    parts = [_metric(s.tally, golden, confidence) for s in strata]
    metric = _weighted_sum(strata, parts, -1.0 - offset, 1.0 - offset)
    return Difference(
        metric=rescale(metric, 1.0, offset),
        sdc=_share(strata, lambda t: t.sdc, confidence),
        due=_share(strata, lambda t: t.due, confidence),
    )


def are_compared(strata: Sequence[PairedStratum], precision: float) -> bool:
    """Say whether trials that both models ran stand behind a difference.

    Args:
        strata: the parts.
        precision: the weight that strata without such trials may have together.
    """
    untried = math.fsum(s.weight for s in strata if not s.tally.trials)
    return untried <= precision and any(s.tally.trials for s in strata)


def _share(
    strata: Sequence[PairedStratum], of: Callable[[PairedTally], Change], confidence: float
) -> Interval:
    parts = [_interval(s.tally, of(s.tally), confidence) for s in strata]
    return _weighted_sum(strata, parts, -1.0, 1.0)


def _weighted_sum(
    strata: Sequence[PairedStratum], parts: Sequence[Interval], least: float, most: float
) -> Interval:
    scaled = [rescale(part, s.weight, 0.0) for s, part in zip(strata, parts, strict=True)]
    return add_parts(scaled, [bool(s.tally.trials) for s in strata], least, most)


def _interval(tally: PairedTally, change: Change, confidence: float) -> Interval:
    return cluster_difference(
        change.up, change.down, change.net, tally.trials, tally.unit, tally.images, confidence
    )


def _metric(tally: PairedTally, golden: tuple[float, float], confidence: float) -> Interval:
    """Change of gained minus change of lost within one stratum.

    A model can lose no more than it had right and gain no more than it had wrong, so that what
    has not been seen of gains counts little where few answers are wrong.
    """
    before, after = golden
    gained = _cut(_interval(tally, tally.gained, confidence), before - 1.0, 1.0 - after)
    lost = _cut(_interval(tally, tally.lost, confidence), -before, after)
    if not tally.trials:  # limits of what can be, not of what was seen: they add as they are
        return Interval(0.0, gained.low - lost.high, gained.high - lost.low)
    rho = _correlation(tally)
    point = gained.estimate - lost.estimate
    down = _arm(gained.estimate - gained.low, lost.high - lost.estimate, rho)
    up = _arm(gained.high - gained.estimate, lost.estimate - lost.low, rho)
    return Interval(point, point - down, point + up)


def _cut(interval: Interval, least: float, most: float) -> Interval:
    """Limits within what can be; the estimate stays, which keeps it unbiased."""
    low = min(interval.estimate, max(interval.low, least))
    return Interval(interval.estimate, low, max(interval.estimate, min(interval.high, most)))


def _correlation(tally: PairedTally) -> float:
    """Of the changes of gained and lost over trials, as MOVER takes it."""
    n, gained, lost = tally.trials, tally.gained.net, tally.lost.net
    scale = (n * tally.unit) ** 2
    variances = [(n * m.squares - m.total**2) / scale for m in (gained, lost)]
    covariance = (n * tally.products - gained.total * lost.total) / scale
    return float(correlation(variances[0], variances[1], covariance, n))


def _arm(first: float, second: float, rho: float) -> float:
    return float(compose(*(np.asarray(x, np.float64) for x in (first, second, rho))))


def unpaired_difference(first: Interval, second: Interval) -> Interval:
    """Second minus first where nothing is shared: the squares of the arms add (MOVER).

    >>> found = unpaired_difference(Interval(0.5, 0.46, 0.54), Interval(0.75, 0.72, 0.78))
    >>> found.estimate, round(found.low, 9), round(found.high, 9)
    (0.25, 0.2, 0.3)
    """
    point = second.estimate - first.estimate
    down = math.hypot(second.estimate - second.low, first.high - first.estimate)
    up = math.hypot(second.high - second.estimate, first.estimate - first.low)
    return Interval(point, max(point - down, -1.0), min(point + up, 1.0))


def longest_arm(found: Difference, *, metric: bool) -> float:
    """Precision reached: the longest distance from an estimate to one of its limits.

    Args:
        found: the difference.
        metric: whether its metric counts; without labels it says nothing.
    """
    intervals = [found.sdc, found.due, *([found.metric] if metric else [])]
    return max(max(i.high - i.estimate, i.estimate - i.low) for i in intervals)
