"""The bit error rate at which a stated share of the accuracy is lost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paper.findings.interval import Interval
from paper.findings.results import Curve
from paper.findings.seeds import over_seeds

CHANCE = 0.1
"""Accuracy of guessing among CIFAR-10's ten classes."""


@dataclass(frozen=True)
class Crossing:
    """A rate with its interval; None where it lies beyond the highest rate of the sweep.

    Attributes:
        last: highest rate of the sweep.
    """

    estimate: float | None
    low: float | None
    high: float | None
    last: float

    def times(self, factor: float) -> Crossing:
        """In other units, such as upsets: factor is the number of bits."""
        e, low, high = (
            None if p is None else p * factor for p in (self.estimate, self.low, self.high)
        )
        return Crossing(e, low, high, self.last * factor)


def crossing(curve: Curve, share: float, chance: float = CHANCE) -> Crossing:
    """The rate at which ``share`` of the fault-free accuracy above chance is lost.

    Between two rates of the sweep, accuracy is interpolated linearly over the logarithm of the
    rate. The limits are where the limits of accuracy cross the same level.

    Args:
        curve: rates ascending.
        share: above 0, below 1.
        chance: accuracy of guessing.

    Returns:
        A rate below the first one of the sweep is given as the first.
    """
    level = curve.golden - share * (curve.golden - chance)
    lows, middles, highs = (
        [getattr(m, name) for m in curve.metric] for name in ("low", "estimate", "high")
    )
    found = [first_below(curve.rates, values, level) for values in (middles, lows, highs)]
    return Crossing(found[0], found[1], found[2], curve.rates[-1])


def first_below(rates: Sequence[float], values: Sequence[float], level: float) -> float | None:
    """The first rate at which the line through the values comes down to the level.

    Args:
        rates: ascending; the line is straight over their logarithm.
        values: accuracy at each rate.
        level: of accuracy.

    Returns:
        None where the line stays above it.

    >>> round(first_below([1e-8, 1e-6], [0.9, 0.5], 0.7), 12)
    1e-07
    """
    if values[0] <= level:
        return rates[0]
    pairs = zip(rates, values, strict=True)
    rate, value = next(pairs)
    for right, below in pairs:
        if below <= level:
            part = (value - level) / (value - below)
            return math.exp(math.log(rate) + part * (math.log(right) - math.log(rate)))
        rate, value = right, below
    return None


def interval(found: Crossing) -> Interval:
    """With the highest rate of the sweep for what lies beyond: for pictures."""
    estimate, low, high = (
        found.last if p is None else p for p in (found.estimate, found.low, found.high)
    )
    return Interval(estimate, low, high)


def over_trainings(found: Sequence[Crossing]) -> Crossing | None:
    """The geometric mean over trainings, with Student's t interval of the logarithms.

    Args:
        found: the same crossing of several trainings.

    Returns:
        None without trainings; of one training, its own interval. Where one does not come down
        to the level within the sweep, only a lower limit: the lowest of any of them.
    """
    if len(found) < 2:
        return found[0] if found else None
    last = min(f.last for f in found)
    logs = [math.log(f.estimate) for f in found if f.estimate is not None]
    if len(logs) < len(found):
        return Crossing(
            None, min(f.low if f.low is not None else f.last for f in found), None, last
        )
    spread = over_seeds(logs)
    if spread is None:
        return found[0]
    taken = spread.exp()
    return Crossing(taken.estimate, taken.low, taken.high, last)


def log_times(
    one: Mapping[int, Crossing], other: Mapping[int, Crossing]
) -> tuple[list[float], bool]:
    """By training: the logarithm of how many times as far one form goes as the other.

    Args:
        one: crossings by training seed; one beyond the sweep counts as the sweep's end.
        other: the same; trainings of which it lies beyond the sweep are left out.

    Returns:
        The logarithms; true if they are only lower limits.
    """
    seeds = [s for s in sorted(one) if s in other and other[s].estimate is not None]
    ends = [one[s].estimate or one[s].last for s in seeds]
    logs = [math.log(end / (other[s].estimate or 1)) for s, end in zip(seeds, ends, strict=True)]
    return logs, any(one[s].estimate is None for s in seeds)
