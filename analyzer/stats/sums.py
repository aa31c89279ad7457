"""Sums of independent estimates, of which some may rest on no trial at all."""

import math
from collections.abc import Sequence

from analyzer.stats.intervals import Interval


def add_parts(
    parts: Sequence[Interval], seen: Sequence[bool], least: float, most: float
) -> Interval:
    """Interval of a sum of independent estimates, cut to what the sum can be.

    Args:
        parts: the estimates.
        seen: whether each rests on trials. Arms of those that do compose as roots of sums of
            squares (`add_intervals`); those of the others are bounds and no chance, and add in
            full; their points are suppositions.
        least: the smallest sum that can be.
        most: the largest.

    >>> unknown = Interval(0.5, 0.0, 1.0)
    >>> add_parts([unknown, unknown], [False, False], 0.0, 2.0)
    Interval(estimate=1.0, low=0.0, high=2.0)
    >>> add_parts([Interval(0.5, 0.4375, 0.5625), unknown], [True, False], 0.0, 2.0)
    Interval(estimate=1.0, low=0.4375, high=1.5625)
    """
    known = [part for part, is_seen in zip(parts, seen, strict=True) if is_seen]
    unknown = [part for part, is_seen in zip(parts, seen, strict=True) if not is_seen]
    total = add_intervals(known, -math.inf, math.inf)
    bounds = [math.fsum(getattr(p, name) for p in unknown) for name in ("estimate", "low", "high")]
    point = min(max(total.estimate + bounds[0], least), most)  # rounding may lead outside
    low, high = max(total.low + bounds[1], least), min(total.high + bounds[2], most)
    return Interval(point, min(point, low), max(point, high))


def exact_share(part: float, rest: float) -> float:
    """A share from two sums of weights that together are 1, each as exact as its own size.

    Sums of weights miss 1 by some ulps: where all of them is ``part``, nothing is left of the
    ``rest``, and the share is exactly 1.

    Args:
        part: sum of the weights of the share, in [0, 1].
        rest: sum of all other weights, in [0, 1].

    >>> exact_share(1.0 - 2e-15, 0.0), exact_share(0.25, 0.75)
    (1.0, 0.25)
    """
    return part if part <= rest else 1.0 - rest


def move_to(interval: Interval, point: float, least: float, most: float) -> Interval:
    """The interval with the same arms at another point, cut to what can be.

    An arm of length 0 keeps it: a limit that is the point itself says that nothing was seen.

    Args:
        interval: any interval.
        point: the new estimate.
        least: lowest value that can be.
        most: highest value that can be.

    >>> move_to(Interval(0.75, 0.5, 0.75), 1.0, 0.0, 1.0)
    Interval(estimate=1.0, low=0.75, high=1.0)
    """
    low = max(point - (interval.estimate - interval.low), least)
    high = min(point + (interval.high - interval.estimate), most)
    return Interval(point, min(point, low), max(point, high))


def add_intervals(parts: Sequence[Interval], least: float, most: float) -> Interval:
    """Interval of a sum of independent estimates, cut to what the sum can be.

    Args:
        parts: intervals of the summands.
        least: lowest value of the sum.
        most: highest value of the sum.

    >>> parts = [Interval(0.1, 0.07, 0.13), Interval(0.2, 0.16, 0.24)]
    >>> round(add_intervals(parts, 0.0, 1.0).high, 9)
    0.35
    """
    point = math.fsum(p.estimate for p in parts)
    down = math.sqrt(math.fsum((p.estimate - p.low) ** 2 for p in parts))
    up = math.sqrt(math.fsum((p.high - p.estimate) ** 2 for p in parts))
    return Interval(point, min(point, max(point - down, least)), max(point, min(point + up, most)))
