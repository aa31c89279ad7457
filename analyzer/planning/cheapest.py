"""One choice for each tensor, at the least storage, so that the harm that is left is in a budget.

With x the vector of choices (one of each menu), c their check bits, m and v the mean and the
variance of their harm, and k a number of standard deviations:

    minimize c.x   subject to   m.x + k sqrt(v.x) <= budget   (for each outcome with a budget)

a multiple-choice knapsack with a robust constraint (Ben-Tal and Nemirovski, Operations Research
Letters 25, 1999). For 0-1 vectors x = x^2, so that sqrt(v.x) is the Euclidean norm of the vector of
sqrt(v_i) x_i, which is convex. A convex function lies above its tangents, so that at any x'

    m.x + k sum of (v_i x'_i / sqrt(v.x')) x_i <= budget

holds for every admissible x, and is violated by x' if x' is not admissible. The optimum is found by
branch and bound on the linear relaxation (Land and Doig, Econometrica 28, 1960), to which such
cutting planes (Kelley, SIAM 8, 1960) are added whenever its solution is a choice that is not
admissible. If that takes too many steps, the best choice that was met stands, and the bound of the
relaxations that are left says how good it is.
"""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from analyzer.planning.offers import SLACK, Limits, Offer, Solution, solution
from analyzer.planning.programme import (
    TIE,
    TOLERANCE,
    Flags,
    Floats,
    Programme,
    Relaxation,
    Unsolved,
)

STEPS = 1500
"""Linear programmes at most."""

GAP = 1e-3
"""Relative distance of a cost from its bound at which the search ends: nobody minds so few bits."""

WHOLE = 1.0 - 1e-6
"""Share of a choice that counts as all of it."""


def cheapest(
    menus: Sequence[Sequence[Offer]], limits: Limits, steps: int = STEPS
) -> Solution | None:
    """The cheapest choices whose harm is within the budgets.

    Args:
        menus: for each tensor, what may be chosen; none is empty.
        limits: the budgets, at least one.
        steps: linear programmes at most.

    Returns:
        None if no choice meets them, or none was met within the steps.
    """
    search = _Search(menus, limits)
    while steps and search.is_open:
        steps -= 1
        search.step()
    return search.answer()


class _Search:
    """Branch and bound: parts of the choices that are not settled, the most promising first."""

    def __init__(self, menus: Sequence[Sequence[Offer]], limits: Limits) -> None:
        self._menus, self._limits = menus, limits
        self._programme = Programme(menus, limits)
        self._rows, self._highs = _means(self._programme)
        self._best: Solution | None = None
        self._parts: list[tuple[float, int, Flags]] = []
        self._number = 0
        self._dropped = math.inf
        self._meet(safest(menus, limits).chosen)
        self._leave(0.0, self._programme.allowed)

    @property
    def is_open(self) -> bool:
        """True while a part may hold something cheaper than what was met."""
        return bool(self._parts) and not self._is_hopeless(self._parts[0][0])

    def _is_hopeless(self, cost: float) -> bool:
        return self._best is not None and _bits(cost) >= self._best.cost * (1.0 - GAP)

    def _leave(self, cost: float, allowed: Flags) -> None:
        """Leave a part for later; the number settles ties."""
        self._number += 1
        heapq.heappush(self._parts, (cost, self._number, allowed))

    def _meet(self, chosen: Sequence[int]) -> bool:
        """Keep a choice if it is admissible and the cheapest so far; false: not admissible."""
        met = solution(self._menus, chosen, 0)
        if not self._limits.hold(met.harm):
            return False
        if self._best is None or met.cost < self._best.cost:
            self._best = met
        return True

    def step(self) -> None:
        """Solve one relaxation: settle its part, cut it off, or split it in two."""
        least, _, allowed = heapq.heappop(self._parts)
        rows, highs = np.array(self._rows), np.array(self._highs)
        try:
            found = self._programme.relaxed(rows, highs, allowed)
        except Unsolved:  # what is known of the whole that it was split from still holds
            self._dropped = min(self._dropped, least)
            return
        if found is None:
            return
        if self._is_hopeless(found.cost):
            self._dropped = min(self._dropped, found.cost)
            return
        spans = self._programme.spans
        largest = [int(np.argmax(found.shares[a:b])) for a, b in spans]
        held = [found.shares[a + i] for (a, _), i in zip(spans, largest, strict=True)]
        if min(held) >= WHOLE:
            self._settle(largest, found.cost, allowed)
            return
        self._meet(self._rounded(found))
        menu = int(np.argmin(held))
        self._split(spans[menu], largest[menu], found.cost, allowed)

    def _settle(self, chosen: list[int], cost: float, allowed: Flags) -> None:
        if not self._meet(chosen):
            for row, high in _tangents(self._programme, chosen):
                self._rows.append(row)
                self._highs.append(high)
            self._leave(cost, allowed)

    def _split(self, span: tuple[int, int], choice: int, cost: float, allowed: Flags) -> None:
        """Two parts: a choice is taken, or it is not."""
        taken, left = allowed.copy(), allowed.copy()
        taken[span[0] : span[1]] = False
        taken[span[0] + choice] = allowed[span[0] + choice]
        left[span[0] + choice] = False
        self._leave(cost, taken)
        self._leave(cost, left)

    def _rounded(self, found: Relaxation) -> list[int]:
        """Of each mixture the choice that leaves least."""
        means = self._programme.means.sum(axis=0)
        chosen = []
        for first, last in self._programme.spans:
            mixed = np.flatnonzero(found.shares[first:last] > 1.0 - WHOLE)
            chosen.append(int(mixed[np.argmin(means[first:last][mixed])]))
        return chosen

    def answer(self) -> Solution | None:
        """The cheapest choice that was met, with the bound of what is left."""
        if self._best is None:
            return None
        left = min([self._dropped, *(cost for cost, _, _ in self._parts)])
        bound = self._best.cost if left == math.inf else min(_bits(left), self._best.cost)
        return replace(self._best, bound=bound)


def _bits(cost: float) -> int:
    """Bits that a choice of at least this cost adds at least."""
    return max(0, math.ceil(cost - TIE - 1e-6 * max(1.0, abs(cost))))


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
