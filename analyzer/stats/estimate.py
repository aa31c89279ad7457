"""The figures of one bit error rate, how precise they are, and when a campaign looks at them."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from analyzer.stats.intervals import Interval, cluster_proportion
from analyzer.stats.tally import Moments

FIRST_LOOK = 64
_LOOK_STEP = 16

AIM = 1.01
"""A look is planned this factor beyond where the precision is expected."""

LEAST_GROWTH, MOST_GROWTH = 17.0 / 16.0, 5.0 / 4.0
"""Factors by which trials grow between two looks."""


@dataclass(frozen=True, slots=True)
class RateEstimate:
    """The harm that one bit error rate does to the model; all fractions.

    Attributes:
        metric: accuracy under faults, over all patterns and images.
        sdc: probability that an image suffers silent data corruption.
        due: probability that an image ends in a detected unrecoverable error.
        masked: probability that an image is unharmed, by no upset or in spite of upsets.
        critical_sdc: probability of silent data corruption that is critical; None: nothing tells.
        noncritical_sdc: probability of the other silent data corruption; None likewise.
        further: figures by name that only some models have.
    """

    metric: Interval
    sdc: Interval
    due: Interval
    masked: Interval
    critical_sdc: Interval | None = None
    noncritical_sdc: Interval | None = None
    further: tuple[tuple[str, Interval], ...] = field(default=(), kw_only=True)


def possible(net: Interval, golden: float) -> Interval:
    """Cut the limits of gained - lost to what can be.

    On all images together no more than golden can be lost and no more than 1 - golden gained.
    The estimate stays as it is, which keeps it unbiased.

    Args:
        net: gained - lost, a share of all images.
        golden: the metric without faults, in [0, 1].
    """
    low = min(net.estimate, max(net.low, -golden))
    high = max(net.estimate, min(net.high, 1.0 - golden))
    return Interval(net.estimate, low, high)


def half_width(result: RateEstimate) -> float:
    """Precision reached: the longest distance from an estimate to one of its limits.

    Taken over metric, sdc and due; the longer arm of each interval, because that is what "plus or
    minus" promises to a reader of a lopsided interval.

    >>> point = Interval(0.0, 0.0, 0.0)
    >>> half_width(RateEstimate(Interval(0.75, 0.5, 0.875), point, point, point))
    0.25
    """
    intervals = (result.metric, result.sdc, result.due)
    arms = [max(x.high - x.estimate, x.estimate - x.low) for x in intervals]
    return max(arms)


def next_look(trials: int) -> int:
    """The first number of trials above trials at which a campaign looks at its precision.

    64, 80, 112, 144, 192, 240, 304, ...: a quarter more each time, rounded up to a multiple of
    16. Close enough that few trials are run beyond need, rare enough that stopping on a fluke is
    rare: tests/stats/test_stopping.py measures that coverage survives. There is no separate
    minimum: an unseen trial alone keeps the half-width near 3/trials or above, so precision h is
    never claimed before about 3/h trials.

    >>> next_look(0), next_look(64), next_look(100)
    (64, 80, 112)
    """
    look = FIRST_LOOK
    while look <= trials:
        look = -(-look * 5 // (4 * _LOOK_STEP)) * _LOOK_STEP
    return look


def planned_look(trials: int, arm: float, precision: float) -> int:
    """The number of trials at which a campaign looks again that aims at a precision.

    Half-widths shrink with the root of the trials, so that the precision is expected at
    trials (arm / precision)^2: the next look is there, or a quarter more away if that is nearer,
    as in `next_look`. So a campaign looks no more often, and runs fewer trials beyond need.
    tests/stats/test_stopping.py measures that coverage survives.

    Args:
        trials: those of the last look; 0: there was none.
        arm: the half-width that was found there.
        precision: the half-width aimed at, above 0.

    >>> planned_look(0, 1.0, 0.01), planned_look(1600, 0.0105, 0.01), planned_look(1600, 0.5, 0.01)
    (64, 1792, 2000)
    """
    if trials < FIRST_LOOK:
        return FIRST_LOOK
    growth = min(max(AIM * (arm / precision) ** 2, LEAST_GROWTH), MOST_GROWTH)
    return math.ceil(trials * growth / _LOOK_STEP) * _LOOK_STEP


def fraction_below(values: ArrayLike, floor: float, confidence: float) -> Interval:
    """Interval for the fraction of devices whose value falls below a floor.

    Args:
        values: (devices,), one value per fault pattern, such as the accuracy of a device that
            keeps its faults (resident exposure).
        floor: a value equal to the floor is not below it.
        confidence: nominal coverage, in (0, 1).

    Returns:
        The binomial interval of cluster_proportion with one image per trial.

    Raises:
        ValueError: if a value is not a number: it is neither below the floor nor above.

    >>> devices = fraction_below([0.9, 0.2, 0.9, 0.9], floor=0.5, confidence=0.95)
    >>> devices.estimate, round(devices.low, 4), round(devices.high, 4)
    (0.25, 0.0066, 0.8029)
    """
    sample = np.asarray(values, np.float64)
    if np.isnan(sample).any():
        raise ValueError("a value is not a number")
    count = int(np.count_nonzero(sample < floor))
    return cluster_proportion(Moments(count, count), sample.size, 1, sample.size, confidence)
