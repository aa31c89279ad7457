"""The area under a curve over the logarithm of the bit error rate: one figure for a whole sweep."""

import math
from collections.abc import Sequence

from analyzer.stats.intervals import Interval, rescale
from analyzer.stats.sums import add_intervals, exact_share, move_to


def area_weights(rates: Sequence[float]) -> list[float]:
    """Weight of each rate in the area under a curve over the logarithm of the rate.

    The trapezoid rule over log10(rate), divided by the width, so that the area of a curve that is
    constant is that constant. Trapezoids join neighbours, in whatever order the rates come.

    Args:
        rates: distinct, positive.

    Returns:
        One weight per rate, in the order of ``rates``; they sum to 1.

    >>> area_weights([1e-6, 1e-4, 1e-5]), area_weights([1e-5])
    ([0.25, 0.25, 0.5], [1.0])
    """
    if len(rates) == 1:
        return [1.0]
    order = sorted(range(len(rates)), key=lambda i: rates[i])
    logs = [math.log10(rates[i]) for i in order]
    weights = [0.0] * len(rates)
    for left in range(len(order) - 1):
        half = (logs[left + 1] - logs[left]) / 2 / (logs[-1] - logs[0])
        weights[order[left]] += half
        weights[order[left + 1]] += half
    return weights


def area(curve: Sequence[Interval | None], rates: Sequence[float]) -> Interval | None:
    """Area under a curve whose points are independent estimates, one per rate.

    Args:
        curve: a figure in [0, 1], or a difference of such figures, at each rate; None where there
            is no estimate.
        rates: the rates.

    Returns:
        The weighted mean; its arms are roots of the sums of the squared weighted arms (MOVER). None
        where a point is missing.

    >>> curve = [Interval(0.75, 0.5, 1.0), Interval(0.25, 0.25, 0.25)]
    >>> area(curve, [1e-6, 1e-5])
    Interval(estimate=0.5, low=0.375, high=0.625)
    >>> area([*curve, None], [1e-6, 1e-5, 1e-4])
    """
    known = [point for point in curve if point is not None]
    if len(known) < len(curve):
        return None
    weights = area_weights(rates)
    parts = [rescale(point, weight, 0.0) for point, weight in zip(known, weights, strict=True)]
    least = -1.0 if any(point.low < 0.0 for point in known) else 0.0
    total = add_intervals(parts, least, 1.0)
    if least < 0.0:
        return total
    rest = math.fsum(w * (1.0 - p.estimate) for w, p in zip(weights, known, strict=True))
    return move_to(total, exact_share(total.estimate, rest), 0.0, 1.0)
