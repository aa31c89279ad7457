"""Choices and budgets as numbers, and what is chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analyzer.planning.harm import Amount, Harm, total

SLACK = 1e-9
"""Relative excess of a budget that rounding may leave."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice as the programme sees it.

    Attributes:
        cost: Bits that it adds, 0 or more.
        harm: What it leaves.
    """

    cost: int
    harm: Harm


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of harm.

    Attributes:
        sdc: Of silent corruption; None: none.
        due: Of detected errors; None: none.
        deviations: Standard deviations by which the mean must stay below them.
    """

    sdc: float | None
    due: float | None = None
    deviations: float = 0.0

    def scaled(self, factor: float, deviations: float) -> "Limits":
        """Other budgets and another margin.

        Args:
            factor: on each budget.
            deviations: standard deviations of the margin.

        >>> Limits(10.0, None, 2.0).scaled(0.5, 0.0)
        Limits(sdc=5.0, due=None, deviations=0.0)
        """
        sdc, due = (None if b is None else factor * b for b in (self.sdc, self.due))
        return Limits(sdc, due, deviations)

    @property
    def budgets(self) -> list[float]:
        """The budgets that there are."""
        return [budget for budget in (self.sdc, self.due) if budget is not None]

    def amounts(self, harm: Harm) -> list[Amount]:
        """The outcomes that have a budget, in the order of `budgets`."""
        pairs = [(harm.sdc, self.sdc), (harm.due, self.due)]
        return [amount for amount, budget in pairs if budget is not None]

    def hold(self, harm: Harm) -> bool:
        """True if harm is within every budget."""
        pairs = zip(self.amounts(harm), self.budgets, strict=True)
        return all(a.upper(self.deviations) <= b * (1.0 + SLACK) for a, b in pairs)


@dataclass(frozen=True, slots=True)
class Solution:
    """A choice for each tensor.

    Attributes:
        chosen: For each tensor, the index of the choice in its menu.
        cost: Bits that are added.
        harm: What is left.
        bound: No admissible choice is known to cost less than this.
    """

    chosen: tuple[int, ...]
    cost: int
    harm: Harm
    bound: int

    @property
    def optimal(self) -> bool:
        """True if it is known that nothing is cheaper."""
        return self.cost <= self.bound


def solution(menus: Sequence[Sequence[Offer]], chosen: Iterable[int], bound: int) -> Solution:
    """The solution of some choices.

    Args:
        menus: for each tensor, what may be chosen.
        chosen: an index into each of them.
        bound: cost that nothing admissible undercuts.
    """
    places = tuple(chosen)
    offers = [menu[index] for menu, index in zip(menus, places, strict=True)]
    return Solution(places, sum(o.cost for o in offers), total(o.harm for o in offers), bound)
