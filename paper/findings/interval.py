"""An estimate with its interval, and arithmetic on such."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

NORMAL_95 = 1.959964
"""Half-width of a 95 % interval, in standard deviations."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the limits of its 95 % interval."""

    estimate: float
    low: float
    high: float

    @classmethod
    def of(cls, part: Mapping[str, float]) -> Interval:
        """As relcheck's JSON has one."""
        return cls(part["estimate"], part["low"], part["high"])

    @property
    def deviation(self) -> float:
        """Standard deviation of a normal estimate with an interval as wide."""
        return (self.high - self.low) / (2 * NORMAL_95)

    def times(self, factor: float) -> Interval:
        """Multiplied by a number above 0."""
        return Interval(self.estimate * factor, self.low * factor, self.high * factor)

    def less(self, number: float) -> Interval:
        """With a known number subtracted."""
        return Interval(self.estimate - number, self.low - number, self.high - number)

    def exp(self) -> Interval:
        """Of the exponential: an estimate on a logarithmic scale taken back."""
        return Interval(math.exp(self.estimate), math.exp(self.low), math.exp(self.high))


def difference(a: Interval, b: Interval) -> Interval:
    """``a`` minus ``b``, as if they were independent (MOVER, Zou & Donner 2008).

    Two models that met the same upsets vary together, so that this interval is rather too wide.

    Args:
        a: an estimate.
        b: what is subtracted.

    >>> difference(Interval(0.5, 0.47, 0.54), Interval(0.3, 0.27, 0.34)).high
    0.25
    """
    estimate = a.estimate - b.estimate
    down = math.hypot(a.estimate - a.low, b.high - b.estimate)
    up = math.hypot(a.high - a.estimate, b.estimate - b.low)
    return Interval(estimate, estimate - down, estimate + up)


def mean(values: Sequence[Interval]) -> Interval:
    """The mean of independent estimates (MOVER): what the faults alone leave open.

    Args:
        values: at least one.

    Returns:
        Its interval does not cover what differs from one training to the next.
    """
    count = len(values)
    estimate = sum(v.estimate for v in values) / count
    down = math.hypot(*(v.estimate - v.low for v in values)) / count
    up = math.hypot(*(v.high - v.estimate for v in values)) / count
    return Interval(estimate, estimate - down, estimate + up)


def quotient(part: Interval, whole: Interval) -> Interval:
    """A share, at most 1, from the limits of both: too wide rather than too narrow.

    Args:
        part: at least 0 in truth, whatever its limits.
        whole: what it is a part of.

    >>> quotient(Interval(0.3, 0.2, 0.4), Interval(0.5, 0.4, 0.8))
    Interval(estimate=0.6, low=0.25, high=1.0)
    """
    if whole.estimate <= 0:
        return Interval(0.0, 0.0, 1.0)
    low = min(max(part.low, 0.0) / whole.high, 1.0)
    high = part.high / whole.low if whole.low > 0 else 1.0
    return Interval(min(part.estimate / whole.estimate, 1.0), low, min(high, 1.0))


def known(values: Iterable[float | None]) -> list[float]:
    """Those that are there."""
    return [value for value in values if value is not None]
