"""The search on one line: four points, narrowed around the best of them, again and again.

Milazzo et al. (IEEE Access 2025), section III-B: the interval [0, T] is cut in thirds; the four
ends are scored; the next interval reaches from the neighbour below the best to the one above.
Of the points that cannot be told from the best the largest is taken, because the search sees a
sample of the data, and a low bound costs accuracy on other images (the rule of one standard error;
Breiman et al., *Classification and Regression Trees*, 1984, section 3.4.3).
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

SLACK = 1e-9
"""A difference that exceeds the standard error by less than this does not exceed it: if one outcome
alone differs, difference and standard error are equal but for rounding."""


class Scorer(Protocol):
    """Scores points of [0, 1]."""

    def bounds(self, scale: float) -> tuple[float, float]:
        """Least and most that the score of ``scale`` can be, as far as is known; open at first."""

    def complete(self, scale: float, rival: float | None = None) -> tuple[float, float]:
        """The score of ``scale``, twice; or bounds that both are below the score of ``rival``.

        Args:
            scale: the point, in [0, 1].
            rival: a point that is complete; None: there is none.
        """

    def deviation(self, first: float, second: float) -> float:
        """Standard error of the difference of two scores, as far as is known.

        Args:
            first: a point that was scored.
            second: another one.
        """


class SearchEnd(StrEnum):
    """The reason why a search ended."""

    ITERATIONS = "all iterations"
    ALIKE = "no difference beyond noise"
    BUDGET = "budget spent"


@dataclass(frozen=True, slots=True)
class IntervalResult:
    """The result of the search on one line.

    Attributes:
        best: The largest of the points whose score is within one standard error of the highest.
        score: The score of ``best``.
        at_one: The score of 1.
        deviation: Standard error of the difference of these two scores.
        scored: Number of points that were looked at.
        complete: Number of points scored to the end; the others were seen to be worse before.
        iterations: Number of intervals that were searched.
        end: The reason why there are no more.
    """

    best: float
    score: float
    at_one: float
    deviation: float
    scored: int
    complete: int
    iterations: int
    end: SearchEnd


def narrow(scorer: Scorer, iterations: int) -> IntervalResult:
    """Search [0, 1] for the largest point with the highest score, noise allowed for.

    Args:
        scorer: of the points; asked for the same point again, it must answer the same.
        iterations: intervals to search, at most. There are fewer where the best of four points
            cannot be told from the three others: each difference is below its standard error.
    """
    low, high = 0.0, 1.0
    seen: set[float] = set()
    end, done, hint = SearchEnd.ITERATIONS, 0, 1.0
    scorer.complete(1.0)
    while done < iterations:
        points = thirds(low, high)
        best = champion(scorer, points, hint)
        hint = max(hint, points[best], key=lambda p: (scorer.bounds(p)[0], p))
        seen.update(points)
        done += 1
        if alike(scorer, best, points):
            end = SearchEnd.ALIKE
            break
        low, high = points[max(best - 1, 0)], points[min(best + 1, 3)]
    return _found(scorer, seen | {1.0}, done, end)


def thirds(low: float, high: float) -> tuple[float, float, float, float]:
    """The ends of an interval and of its thirds, ascending.

    Args:
        low: lower end.
        high: upper end.

    >>> thirds(0.0, 0.75)
    (0.0, 0.25, 0.5, 0.75)
    """
    return low, low + (high - low) / 3.0, low + (high - low) * 2.0 / 3.0, high


def champion(scorer: Scorer, points: tuple[float, ...], hint: float) -> int:
    """Index of the point with the highest score, the largest one of equals.

    Args:
        scorer: of the points. The likeliest are scored first: those whose scores are known, then
            those near ``hint``, each only until it cannot be the best any more.
        points: at least one.
        hint: a point near which high scores are likely.
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
    """True if the best of some points is better than none of the others beyond noise.

    Of a point that was given up, the best score that it can have counts.

    Args:
        scorer: of the points, all of which were scored.
        best: index of the point with the highest score.
        points: the points.
    """
    record = scorer.bounds(points[best])[0]
    others = (point for index, point in enumerate(points) if index != best)
    return all(
        record - scorer.bounds(point)[1] <= SLACK + scorer.deviation(points[best], point)
        for point in others
    )


def _found(scorer: Scorer, seen: set[float], iterations: int, end: SearchEnd) -> IntervalResult:
    complete = {p: low for p in seen for low, high in [scorer.bounds(p)] if low == high}
    top = max(complete, key=lambda p: (complete[p], p))
    # The rule of one standard error: the largest point that the highest score does not exceed.
    best = max(p for p in complete if complete[top] - complete[p] <= scorer.deviation(top, p))
    return IntervalResult(
        best=best,
        score=complete[best],
        at_one=complete[1.0],
        deviation=scorer.deviation(best, 1.0),
        scored=len(seen),
        complete=len(complete),
        iterations=iterations,
        end=end,
    )
