"""Numbers of upsets: exact probabilities, and the count that a random number stands for."""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np

from analyzer.faults.count_law import CountLaw
from analyzer.known_answers.records import KnownAnswer, each, exactly, show

ROUNDING = 1e-15
"""Relative: three roundings of float64."""

LOGARITHMS = 1e-13
"""Relative: sums of logarithms, or an incomplete beta function, in float64."""


@dataclass(frozen=True, slots=True)
class Chance(KnownAnswer):
    """The probability of so many upsets.

    Attributes:
        bits: Bits at risk.
        rate: Bit error rate.
        number: ``exactly``, ``at least``, or ``any``, which takes another way than at least 1.
        count: Upsets.
        probability: The answer.
    """

    bits: int
    rate: float
    number: str
    count: int
    probability: float

    @property
    def given(self) -> str:
        """The question in words."""
        number = f"{self.number} {self.count}" if self.number != "any" else "any"
        return f"P({number}) of {self.bits} bits at rate {show(self.rate)}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return show(self.probability)


@dataclass(frozen=True, slots=True)
class CountQuantile(KnownAnswer):
    """The count that one uniform random number stands for.

    Attributes:
        bits: Bits at risk.
        rate: Bit error rate.
        least: Upsets that there are at least.
        uniform: The random number.
        count: The answer.
    """

    bits: int
    rate: float
    least: int
    uniform: float
    count: int

    @property
    def given(self) -> str:
        """The question in words."""
        law = f"{self.bits} bits at rate {show(self.rate)}"
        return f"upsets of {law}, {self.least} or more, for the number {show(self.uniform)}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return str(self.count)


class _Dealt:
    """Deals one given uniform number."""

    def __init__(self, number: float) -> None:
        self._number = number

    def random(self) -> float:
        return self._number


def _chance(asked: Chance) -> tuple[str, bool]:
    law = CountLaw(asked.bits, asked.rate)
    if asked.number == "any":
        found, accuracy = law.p_any, ROUNDING
    else:
        exact = asked.number == "exactly"
        found = law.probability(asked.count) if exact else law.p_at_least(asked.count)
        accuracy = LOGARITHMS
    return show(found), math.isclose(found, asked.probability, rel_tol=accuracy)


def _quantile(asked: CountQuantile) -> str:
    dealt = cast(np.random.Generator, _Dealt(asked.uniform))
    return str(CountLaw(asked.bits, asked.rate).draw_at_least(asked.least, dealt))


CHANCES = (
    Chance("KA-501", "R-8", "1 - (3/4)^3 = 1 - 27/64 = 37/64.", 3, 0.25, "any", 1, 0.578125),
    Chance("KA-502", "R-8", "1 - (1/2)^8 = 255/256.", 8, 0.5, "any", 1, 0.99609375),
    Chance("KA-503", "R-8", "One bit: the rate itself.", 1, 0.001, "any", 1, 0.001),
    Chance(
        "KA-504",
        "R-8",
        "With Np = 0.001: Np - N(N-1)/2 p^2 + N(N-1)(N-2)/6 p^3 - ... = 0.001 - 4.999999995e-7 + "
        "1.66666666e-10 - 4.2e-14. Computed as it is written, 1 - (1 - rate)^bits keeps four "
        "right digits in float64.",
        10**9,
        1e-12,
        "any",
        1,
        0.0009995001666255078,
    ),
    Chance(
        "KA-505",
        "R-8",
        "269,000 float32 weights at 1e-7: 1 - exp(8,608,000 ln(1 - 1e-7)) = "
        "1 - exp(-0.86080004304).",
        8_608_000,
        1e-7,
        "any",
        1,
        0.577176330170674,
    ),
    Chance("KA-506", "R-8", "3 (1/4)^2 (3/4) = 9/64.", 3, 0.25, "exactly", 2, 0.140625),
    Chance("KA-507", "R-8", "9/64 + 1/64 = 10/64.", 3, 0.25, "at least", 2, 0.15625),
    Chance(
        "KA-508",
        "R-8",
        "(10 + 1) / 2^10: nine bits of ten, or all.",
        10,
        0.5,
        "at least",
        9,
        0.0107421875,
    ),
    Chance("KA-509", "R-8", "There are only three bits.", 3, 0.25, "exactly", 4, 0.0),
)
"""Probabilities."""

_THREE_BITS = (
    "Given one or more, of 3 bits at 1/4: P(1) = 27/37, P(2) = 9/37, P(3) = 1/37; running totals "
    "0.7297..., 0.9729..., 1. "
)
_TEN_BITS = (
    "Given two or more, of 10 bits at 0.05, together 0.0861...: P(2) = 0.8664..., running totals "
    "0.8664..., 0.9880..., 0.9992... "
)

QUANTILES = (
    CountQuantile("KA-511", "R-8", _THREE_BITS + "0 lies in the first step.", 3, 0.25, 1, 0.0, 1),
    CountQuantile("KA-512", "R-8", _THREE_BITS + "0.729 < 27/37.", 3, 0.25, 1, 0.729, 1),
    CountQuantile("KA-513", "R-8", _THREE_BITS + "0.730 > 27/37.", 3, 0.25, 1, 0.730, 2),
    CountQuantile("KA-514", "R-8", _THREE_BITS + "0.972 < 36/37.", 3, 0.25, 1, 0.972, 2),
    CountQuantile("KA-515", "R-8", _THREE_BITS + "0.973 > 36/37.", 3, 0.25, 1, 0.973, 3),
    CountQuantile(
        "KA-516",
        "R-8",
        "1,000 bits at 0.001, given one or more: P(1) = 0.58209..., P(2) = 0.29104..., together "
        "0.8731...; 0.86 lies in the second step: counts are not rounded to the mean of 1.",
        1000,
        0.001,
        1,
        0.86,
        2,
    ),
    CountQuantile(
        "KA-517",
        "R-8",
        "A mean of 0.0001 upsets is not truncated to none: P(1) = 0.99995..., given one or more.",
        1000,
        1e-7,
        1,
        0.9999,
        1,
    ),
    CountQuantile("KA-518", "R-8", _TEN_BITS + "0.866 lies in the first.", 10, 0.05, 2, 0.866, 2),
    CountQuantile("KA-519", "R-8", _TEN_BITS + "0.867 lies in the second.", 10, 0.05, 2, 0.867, 3),
)
"""Counts drawn by inverting the law."""

check_chances = each(_chance)
check_quantiles = exactly(_quantile)
