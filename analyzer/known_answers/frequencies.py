"""Frequencies of counts, places and batches that are drawn, against exact probabilities."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analyzer.faults.count_law import CountLaw
from analyzer.faults.sampling import distinct_sites, draw_batch, generator
from analyzer.known_answers.records import KnownAnswer, each


@dataclass(frozen=True, slots=True)
class Frequency(KnownAnswer):
    """The frequency of a draw: within five standard deviations of its exact probability.

    Attributes:
        what: What is drawn.
        outcomes: What is counted.
        draws: How often is drawn.
        least: Smallest number of times that is accepted, of each outcome.
        most: Largest number.
    """

    what: str
    outcomes: tuple[object, ...]
    draws: int
    least: int
    most: int

    @property
    def given(self) -> str:
        """The question in words."""
        counted = " or ".join(map(str, self.outcomes))
        return f"{self.draws} draws of {self.what}: how often {counted}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return f"{self.least} to {self.most} times{' each' if len(self.outcomes) > 1 else ''}"


def _sites(rng: np.random.Generator, places: int, count: int) -> tuple[int, ...]:
    return tuple(distinct_sites(rng, places, count).tolist())


DRAWN: dict[str, Callable[[np.random.Generator], object]] = {
    "upsets of 2 bits at 3/4, one or more": lambda rng: CountLaw(2, 0.75).draw_at_least_one(rng),
    "upsets of 3 bits at 1/4, two or more": lambda rng: CountLaw(3, 0.25).draw_at_least(2, rng),
    "upsets of 2 bits at 1/2": lambda rng: CountLaw(2, 0.5).draw(rng),
    "upsets of 64 bits at 1/2, counted by 32s": lambda rng: (
        CountLaw(64, 0.5).draw_at_least_one(rng) // 32
    ),
    "two places of 4": lambda rng: _sites(rng, 4, 2),
    "three places of 4": lambda rng: _sites(rng, 4, 3),
    "batches of 3 images and 1": lambda rng: draw_batch(rng, np.array([3, 4])),
}
"""What can be drawn."""


def _frequency(asked: Frequency) -> tuple[str, bool]:
    rng = generator(asked.id, "frequency", 0)
    drawn = Counter(DRAWN[asked.what](rng) for _ in range(asked.draws))
    times = [drawn[outcome] for outcome in asked.outcomes]
    found = f"{', '.join(map(str, times))} times"
    return found, asked.least <= min(times) and max(times) <= asked.most


ANSWERS = (
    Frequency(
        "KA-521",
        "R-8",
        "(6/16) / (15/16) = 0.4: 400, standard deviation sqrt(1000 * 0.4 * 0.6) = 15.5.",
        "upsets of 2 bits at 3/4, one or more",
        (1,),
        1000,
        323,
        477,
    ),
    Frequency(
        "KA-522",
        "R-8",
        "Below 32: half of all but P(32) = C(64, 32) / 2^64 = 0.09935, that is 0.45033: 450.3, "
        "standard deviation 15.7.",
        "upsets of 64 bits at 1/2, counted by 32s",
        (0,),
        1000,
        372,
        528,
    ),
    Frequency(
        "KA-523",
        "R-8",
        "(9/64) / (10/64) = 0.9: 900, standard deviation 9.5.",
        "upsets of 3 bits at 1/4, two or more",
        (2,),
        1000,
        853,
        947,
    ),
    Frequency(
        "KA-524",
        "R-8",
        "1/4, and 1/4: 250 each, standard deviation 13.7.",
        "upsets of 2 bits at 1/2",
        (0, 2),
        1000,
        182,
        318,
    ),
    Frequency(
        "KA-525",
        "R-9",
        "Six pairs: 1200 / 6 = 200 each, standard deviation 12.9.",
        "two places of 4",
        ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)),
        1200,
        136,
        264,
    ),
    Frequency(
        "KA-526",
        "R-9",
        "Four sets of three: 300 each, standard deviation 15.",
        "three places of 4",
        ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)),
        1200,
        225,
        375,
    ),
    Frequency(
        "KA-527",
        "R-9",
        "In proportion to its images: 1200 * 3/4 = 900, standard deviation 15.",
        "batches of 3 images and 1",
        (0,),
        1200,
        825,
        975,
    ),
)
"""The random numbers of each are frozen, so that the answer is the same every time."""

check_frequencies = each(_frequency)
