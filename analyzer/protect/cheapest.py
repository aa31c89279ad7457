"""One choice for each tensor, at the least storage, so that the harm that is left is in a budget.

With x the vector of choices (one of each menu), c their check bits, m and v the mean and the
variance of their harm, and k a number of standard deviations:

    minimize c.x   subject to   m.x + k sqrt(v.x) <= budget   (for each outcome with a budget)

a multiple-choice knapsack with a robust constraint (Ben-Tal and Nemirovski, Operations Research
Letters 25, 1999). For 0-1 vectors x = x^2, so that sqrt(v.x) is the Euclidean norm of the vector of
sqrt(v_i) x_i, which is convex. A convex function lies above its tangents, so that at any x'

    m.x + k sum of (v_i x'_i / sqrt(v.x')) x_i <= budget

holds for every admissible x, and is violated by x' if x' is not admissible. Such cutting planes
(Kelley, SIAM 8, 1960) are added until the cheapest choice is admissible: it is then the optimum. If
that takes too many rounds, the answer is the best of a family of linear programmes whose choices
are all admissible, because 2 sqrt(v.x) <= v.x / t + t for every t above 0; the bound of the last
round says how good it is.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from analyzer.protect.offers import SLACK, Limits, Offer, Solution, solution
from analyzer.protect.programme import TOLERANCE, Floats, Programme

ROUNDS = 60
"""Cutting planes at most."""

STEPS = 24
"""Values of t that are tried, each half of the one before."""


def cheapest(menus: Sequence[Sequence[Offer]], limits: Limits) -> Solution | None:
    """The cheapest choices whose harm is within the budgets.

    Args:
        menus: for each tensor, what may be chosen; none is empty.
        limits: the budgets, at least one.

    Returns:
        None if no choice meets them.
    """
    programme = Programme(menus, limits)
    rows, highs = _means(programme)
    bound = 0
    for _ in range(ROUNDS):
        found = programme.solve(np.array(rows), np.array(highs))
        if found is None:
            break
        bound = max(bound, found[1])
        answer = solution(menus, found[0], bound)
        if limits.hold(answer.harm):
            return answer
        for row, high in _tangents(programme, found[0]):
            rows.append(row)
            highs.append(high)
    return _conservative(programme, menus, bound)


def safest(menus: Sequence[Sequence[Offer]], limits: Limits) -> Solution:
    """The choices that leave the least harm: what can be reached at any cost.

    Args:
        menus: for each tensor, what may be chosen.
        limits: the outcomes that count; the amounts of the budgets are of no influence.
    """

    def worst(offer: Offer) -> tuple[float, int]:
        left = limits.amounts(offer.harm)
        return math.fsum(amount.upper(limits.deviations) for amount in left), offer.cost

    return solution(menus, [menu.index(min(menu, key=worst)) for menu in menus], 0)


def relaxed_cost(menus: Sequence[Sequence[Offer]], limits: Limits) -> float:
    """Cost of the linear relaxation without a margin: nothing admissible costs less.

    Args:
        menus: for each tensor, what may be chosen.
        limits: the budgets.

    Returns:
        Infinity if even mixtures of choices do not meet them.
    """
    programme = Programme(menus, limits)
    rows, highs = _means(programme)
    return programme.relaxed(np.array(rows), np.array(highs))


def _means(programme: Programme) -> tuple[list[Floats], list[float]]:
    """The budgets without a margin, as rows and limits."""
    scaled = [
        _scaled(row, budget)
        for row, budget in zip(programme.means, programme.limits.budgets, strict=True)
    ]
    return [row for row, _ in scaled], [high for _, high in scaled]


def _scaled(row: Floats, budget: float) -> tuple[Floats, float]:
    """A row in units of its budget, so that the solver's tolerances mean the same for all."""
    scale = budget or float(row.max()) or 1.0
    return row / scale, budget / scale


def _tangents(programme: Programme, chosen: Sequence[int]) -> Iterator[tuple[Floats, float]]:
    """Tangents of the budgets that choices do not meet."""
    places, deviations = programme.places(chosen), programme.limits.deviations
    for outcome, budget in enumerate(programme.limits.budgets):
        variances = programme.variances[outcome, places]
        norm = math.sqrt(float(variances.sum()))
        row = programme.means[outcome].copy()
        if norm:
            row[places] += deviations * variances / norm
        if row[places].sum() > budget * (1.0 + SLACK):
            scaled, high = _scaled(row, budget)
            # The solver's own tolerance must not let the same choices pass again.
            yield scaled, high - TOLERANCE


def _conservative(
    programme: Programme, menus: Sequence[Sequence[Offer]], bound: int
) -> Solution | None:
    """The best of linear programmes whose choices are all admissible; None: they have none."""
    found = []
    for rows, highs in _half_spaces(programme):
        if solved := programme.solve(rows, highs):
            answer = solution(menus, solved[0], bound)
            if programme.limits.hold(answer.harm):
                found.append(answer)
    return min(found, key=lambda answer: answer.cost, default=None)


def _half_spaces(programme: Programme) -> Iterator[tuple[Floats, Floats]]:
    """For each t, rows whose choices are all admissible."""
    half = programme.limits.deviations / 2.0
    budgets = np.array(programme.limits.budgets)
    for step in range(STEPS):
        t = budgets * 2.0**-step
        left = budgets - half * t
        if np.all(left > 0.0) and np.all(t > 0.0):
            rows = programme.means + half * programme.variances / t[:, None]
            yield rows / left[:, None], np.full(len(left), 1.0 - TOLERANCE)
