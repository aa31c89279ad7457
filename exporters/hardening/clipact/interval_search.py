"""The search on one line: four points, narrowed around the best, again and again.

Milazzo et al. (IEEE Access 2025), section III-B: the interval [0, T] is cut in thirds; the four
ends are scored; the next interval reaches from the neighbour below the best to the one above.
Of the points that cannot be told from the best the largest is taken, for the data that the search
sees are a sample, and a low bound costs accuracy on others (the rule of one standard error;
Breiman et al., *Classification and Regression Trees*, 1984, section 3.4.3).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

SLACK = 1e-9
"""A difference larger than the standard error by less than this is not larger: if one outcome
alone differs, the two are equal but for rounding."""


class Scorer(Protocol):
    """Scores points of [0, 1]."""

    def bounds(self, scale: float) -> tuple[float, float]:
        """What the score is at least and at most, as far as is known; anything at first."""

    def complete(self, scale: float, rival: float | None = None) -> tuple[float, float]:
        """The score, twice; or bounds that both are below a rival's score."""

    def deviation(self, first: float, second: float) -> float:
        """Standard error of the difference of two scores, as far as is known."""


class End(StrEnum):
    """Why a search ended."""

    ITERATIONS = "all iterations"
    ALIKE = "no difference beyond noise"
    BUDGET = "budget spent"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a search found.

    Attributes:
        best: The largest of the points that the one with the highest score is not better than
            beyond noise, a standard error of the difference.
        score: Its score.
        at_one: The score of 1.
        deviation: Standard error of the difference of the two.
        scored: How many points were looked at.
        complete: How many of them were scored to the end; the others were seen to be worse before.
        iterations: How many were done.
        end: Why there are no more.
    """

    best: float
    score: float
    at_one: float
    deviation: float
    scored: int
    complete: int
    iterations: int
    end: End


def narrow(scorer: Scorer, iterations: int) -> Narrowed:
    """Search [0, 1] for the largest point with the highest score, noise allowed for.

    Args:
        scorer: of the points; asked for the same point again, it must answer the same.
        iterations: at most so many; fewer where the best of four points cannot be told from the
            three others: each of their differences is below its own standard error.
    """
    low, high = 0.0, 1.0
    seen: set[float] = set()
    end, done, hint = End.ITERATIONS, 0, 1.0
    scorer.complete(1.0)
    while done < iterations:
        points = thirds(low, high)
        best = champion(scorer, points, hint)
        hint = max(hint, points[best], key=lambda p: (scorer.bounds(p)[0], p))
        seen.update(points)
        done += 1
        if alike(scorer, best, points):
            end = End.ALIKE
            break
        low, high = points[max(best - 1, 0)], points[min(best + 1, 3)]
    return _found(scorer, seen | {1.0}, done, end)


def thirds(low: float, high: float) -> tuple[float, float, float, float]:
    """The ends of an interval and of its thirds.

    >>> thirds(0.0, 0.75)
    (0.0, 0.25, 0.5, 0.75)
    """
    return low, low + (high - low) / 3.0, low + (high - low) * 2.0 / 3.0, high


def champion(scorer: Scorer, points: tuple[float, ...], hint: float) -> int:
    """Index of the point with the highest score, the largest one of equals.

    Args:
        scorer: of the points, which are scored from the likeliest on: first those whose scores are
            known, then the others, each only until it cannot be the best any more.
        points: at least one.
        hint: where high scores are likely.
    """

    def likeliest(index: int) -> tuple[bool, float]:
        low, high = scorer.bounds(points[index])
        return low < high, abs(points[index] - hint)

    best, record = -1, -math.inf
    for index in sorted(range(len(points)), key=likeliest):
        low, high = scorer.complete(points[index], points[best] if best >= 0 else None)
        if low == high and (low > record or (low == record and points[index] > points[best])):
            best, record = index, low
    return best


def alike(scorer: Scorer, best: int, points: tuple[float, ...]) -> bool:
    """Whether the best of some points is better than none of the others beyond noise.

    Of those that were given up, the best that they can be counts.
    """
    record = scorer.bounds(points[best])[0]
    others = (point for index, point in enumerate(points) if index != best)
    return all(
        record - scorer.bounds(point)[1] <= SLACK + scorer.deviation(points[best], point)
        for point in others
    )


def _found(scorer: Scorer, seen: set[float], iterations: int, end: End) -> Narrowed:
    complete = {p: low for p in seen for low, high in [scorer.bounds(p)] if low == high}
    top = max(complete, key=lambda p: (complete[p], p))
    best = max(p for p in complete if complete[top] - complete[p] <= scorer.deviation(top, p))
    return Narrowed(
        best=best,
        score=complete[best],
        at_one=complete[1.0],
        deviation=scorer.deviation(best, 1.0),
        scored=len(seen),
        complete=len(complete),
        iterations=iterations,
        end=end,
    )
