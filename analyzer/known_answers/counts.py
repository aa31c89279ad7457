"""How many upsets, and where: exact probabilities for small memories."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from analyzer.faults import CountLaw
from analyzer.known_answers.records import KnownAnswer, each, exactly, show
from analyzer.sampling import distinct_sites, draw_batch, generator

ROUNDING = 1e-15
"""Relative: three roundings of float64."""


@dataclass(frozen=True, slots=True)
class AnyUpset(KnownAnswer):
    """The probability of at least one upset."""

    bits: int
    rate: float
    probability: float

    @property
    def given(self) -> str:
        """The question in words."""
        return f"P(at least one upset) for {self.bits} bits at rate {show(self.rate)}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return show(self.probability)


@dataclass(frozen=True, slots=True)
class Inverted(KnownAnswer):
    """The count that belongs to one uniform random number."""

    bits: int
    rate: float
    uniform: float
    count: int

    @property
    def given(self) -> str:
        """The question in words."""
        law = f"{self.bits} bits at rate {show(self.rate)}"
        return f"upsets of {law}, at least one, for the random number {show(self.uniform)}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return str(self.count)


@dataclass(frozen=True, slots=True)
class Frequency(KnownAnswer):
    """How often something is drawn: within five standard deviations of its exact frequency.

    Attributes:
        draws: How often is drawn.
        least: Smallest number of times that is accepted, for each of the outcomes.
        most: Largest number.
        what: What is counted.
        outcomes: How many outcomes there are.
        draw: One draw; the outcome, or None for those that are not counted.
    """

    draws: int
    least: int
    most: int
    what: str
    outcomes: int
    draw: Callable[[np.random.Generator], object]

    @property
    def given(self) -> str:
        """The question in words."""
        return f"{self.what}, in {self.draws} draws"

    @property
    def expected(self) -> str:
        """The answer in words."""
        of_each = " of each" if self.outcomes > 1 else ""
        return f"{self.outcomes} counted, {self.least} to {self.most} times{of_each}"


class _Dealt:
    """Deals one given uniform number."""

    def __init__(self, number: float) -> None:
        self._number = number

    def random(self) -> float:
        return self._number


def _chance(asked: AnyUpset) -> tuple[str, bool]:
    found = CountLaw(asked.bits, asked.rate).p_any
    return show(found), math.isclose(found, asked.probability, rel_tol=ROUNDING)


def _inverted(asked: Inverted) -> str:
    dealt = cast(np.random.Generator, _Dealt(asked.uniform))
    return str(CountLaw(asked.bits, asked.rate).draw_at_least_one(dealt))


def _frequency(asked: Frequency) -> tuple[str, bool]:
    rng = generator(asked.id, "frequency", 0)
    drawn = Counter(asked.draw(rng) for _ in range(asked.draws))
    del drawn[None]
    times = drawn.values()
    found = f"{len(drawn)} counted, {min(times, default=0)} to {max(times, default=0)} times"
    right = asked.least <= min(times, default=0) and max(times, default=0) <= asked.most
    return found, right and len(drawn) == asked.outcomes


CHANCES = (
    AnyUpset("KA-501", "R-8", "1 - (3/4)^3 = 1 - 27/64 = 37/64.", 3, 0.25, 0.578125),
    AnyUpset("KA-502", "R-8", "1 - (1/2)^8 = 255/256.", 8, 0.5, 0.99609375),
    AnyUpset("KA-503", "R-8", "One bit: the rate itself.", 1, 0.001, 0.001),
    AnyUpset(
        "KA-504",
        "R-8",
        "With Np = 0.001: Np - N(N-1)/2 p^2 + N(N-1)(N-2)/6 p^3 - ... = 0.001 - 4.999999995e-7 + "
        "1.66666666e-10 - 4.2e-14; taken literally, 1 - (1 - rate)^bits has four right digits here.",
        10**9,
        1e-12,
        0.0009995001666255078,
    ),
    AnyUpset(
        "KA-505",
        "R-8",
        "269,000 float32 weights at 1e-7: 1 - exp(8,608,000 ln(1 - 1e-7)) = 1 - exp(-0.86080004304).",
        8_608_000,
        1e-7,
        0.577176330170674,
    ),
)
"""Probabilities of at least one upset."""

_THREE_BITS = (
    "Given one or more, of 3 bits at 1/4: P(1) = 27/37, P(2) = 9/37, P(3) = 1/37; running totals "
    "0.7297..., 0.9729..., 1. "
)

INVERTED = (
    Inverted("KA-511", "R-8", _THREE_BITS + "0 lies in the first step.", 3, 0.25, 0.0, 1),
    Inverted("KA-512", "R-8", _THREE_BITS + "0.729 < 27/37.", 3, 0.25, 0.729, 1),
    Inverted("KA-513", "R-8", _THREE_BITS + "0.730 > 27/37.", 3, 0.25, 0.730, 2),
    Inverted("KA-514", "R-8", _THREE_BITS + "0.972 < 36/37.", 3, 0.25, 0.972, 2),
    Inverted("KA-515", "R-8", _THREE_BITS + "0.973 > 36/37.", 3, 0.25, 0.973, 3),
    Inverted(
        "KA-516",
        "R-8",
        "1,000 bits at 0.001, given one or more: P(1) = 0.58209..., P(2) = 0.29104..., together "
        "0.8731...; 0.86 lies in the second step: counts are not rounded to the mean of 1.",
        1000,
        0.001,
        0.86,
        2,
    ),
    Inverted(
        "KA-517",
        "R-8",
        "A mean of 0.0001 upsets is not truncated to none: P(1) = 0.99995..., given one or more.",
        1000,
        1e-7,
        0.9999,
        1,
    ),
)
"""Counts drawn by inverting the law."""

FREQUENCIES = (
    Frequency(
        "KA-521",
        "R-8",
        "P(1 of 2 bits at 3/4, given one or more) = (6/16) / (15/16) = 0.4: 400, standard "
        "deviation sqrt(1000 * 0.4 * 0.6) = 15.5.",
        1000,
        323,
        477,
        "one upset of 2 bits at rate 0.75",
        1,
        lambda rng: CountLaw(2, 0.75).draw_at_least_one(rng) == 1 or None,
    ),
    Frequency(
        "KA-522",
        "R-8",
        "Below the mean of 32: half of all but P(32) = C(64, 32) / 2^64 = 0.09935, that is 0.45033: "
        "450.3, standard deviation 15.7.",
        1000,
        372,
        528,
        "fewer than 32 upsets of 64 bits at rate 0.5",
        1,
        lambda rng: CountLaw(64, 0.5).draw_at_least_one(rng) < 32 or None,
    ),
    Frequency(
        "KA-523",
        "R-9",
        "Six pairs out of 4 places: 1200 / 6 = 200 each, standard deviation 12.9.",
        1200,
        136,
        264,
        "each pair out of 4 places",
        6,
        lambda rng: tuple(distinct_sites(rng, 4, 2).tolist()),
    ),
    Frequency(
        "KA-524",
        "R-9",
        "Four sets of three out of 4 places: 300 each, standard deviation 15.",
        1200,
        225,
        375,
        "each three out of 4 places",
        4,
        lambda rng: tuple(distinct_sites(rng, 4, 3).tolist()),
    ),
    Frequency(
        "KA-525",
        "R-9",
        "A batch of 3 images out of 4: 1200 * 3/4 = 900, standard deviation 15.",
        1200,
        825,
        975,
        "the first of two batches with 3 images and 1",
        1,
        lambda rng: draw_batch(rng, np.array([3, 4])) == 0 or None,
    ),
)
"""Frequencies of counts and places."""

check_chances = each(_chance)
check_inverted = exactly(_inverted)
check_frequencies = each(_frequency)
