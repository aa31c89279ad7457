"""Harm: a rate of silent corruption and of detected errors, each with the variance of its estimate.

The unit is that of the caller: FIT, or events that do harm per event that hits the memory as it is
without protection. Harm of different tensors adds, and so do variances: trials are independent.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Amount(NamedTuple):
    """An expected amount.

    Attributes:
        mean: 0 or more.
        variance: Of the estimate.
    """

    mean: float = 0.0
    variance: float = 0.0

    def upper(self, deviations: float) -> float:
        """The mean and so many standard deviations.

        >>> Amount(1.0, 4.0).upper(1.5)
        4.0
        """
        return self.mean + deviations * math.sqrt(self.variance)

    def scaled(self, factor: float) -> "Amount":
        """In another unit.

        >>> Amount(1.0, 4.0).scaled(0.5)
        Amount(mean=0.5, variance=1.0)
        """
        return Amount(self.mean * factor, self.variance * factor**2)


NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Harm:
    """Silent corruption and detected errors.

    Attributes:
        sdc: Silent corruption.
        due: Detected errors.
    """

    sdc: Amount = NOTHING
    due: Amount = NOTHING

    def scaled(self, factor: float) -> "Harm":
        """In another unit; see `Amount.scaled`."""
        return Harm(self.sdc.scaled(factor), self.due.scaled(factor))


def total(parts: Iterable[Harm]) -> Harm:
    """Harm of several parts.

    >>> total([Harm(Amount(1.0, 2.0)), Harm(Amount(3.0, 4.0))]).sdc
    Amount(mean=4.0, variance=6.0)
    """
    held = list(parts)
    return Harm(_sum([h.sdc for h in held]), _sum([h.due for h in held]))


def _sum(amounts: list[Amount]) -> Amount:
    return Amount(
        math.fsum(amount.mean for amount in amounts),
        math.fsum(amount.variance for amount in amounts),
    )
