"""Intervals of one coverage made into those of a higher one, where the counts are not at hand."""

import math

import scipy

from analyzer.stats.intervals import Interval


def each_of(count: int, confidence: float) -> float:
    """Coverage that each of several intervals needs so that all hold together.

    The union bound: each may miss with its share of the error (Bonferroni).

    Args:
        count: of intervals that are judged together, at least 1.
        confidence: of all together, in (0, 1).

    >>> each_of(1, 0.95), round(each_of(10, 0.95), 4)
    (0.95, 0.995)
    """
    return 1.0 - (1.0 - confidence) / count


def widened(interval: Interval, before: float, after: float) -> Interval:
    """About the interval of a share at a higher coverage, from that at a lower one.

    Limits of rare events are lopsided: their arms are of the form ``a z + b z**2`` in the normal
    quantile *z*, as those of a score interval are (Wilson 1927). The longer arm is taken to be so,
    with *a* and *b* from both arms; the shorter one to grow with *z*. Where nothing was observed,
    the limit is the exact one-sided one, which grows with the logarithm of the error. Against
    counts (`tests/stats/test_levels.py`) longer arms are right or up to a tenth too long.

    Args:
        interval: of a share, within [0, 1].
        before: its coverage, in (0, 1).
        after: the coverage that is wanted; no higher than ``before``, the interval stays.

    >>> nothing = widened(Interval(0.0, 0.0, 0.00994), 0.95, 0.995)
    >>> nothing.low, round(nothing.high, 4)
    (0.0, 0.0176)
    """
    if after <= before:
        return interval
    quantile = scipy.special.ndtri
    growth = float(quantile((1.0 + after) / 2.0) / quantile((1.0 + before) / 2.0))
    unseen = math.log1p(-after) / math.log1p(-before)
    down, up = interval.estimate - interval.low, interval.high - interval.estimate
    low = interval.estimate - _arm(down, up, growth, unseen)
    high = interval.estimate + _arm(up, down, growth, unseen)
    return Interval(interval.estimate, max(0.0, low), min(1.0, high))


def _arm(arm: float, other: float, growth: float, unseen: float) -> float:
    if not other:
        return arm * unseen
    even, odd = (arm + other) / 2.0, max(0.0, (arm - other) / 2.0)
    return (even * growth + odd * growth**2) if odd else arm * growth
