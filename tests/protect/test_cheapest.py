"""The planner's optimum is that of exhaustive search, and lies above the linear relaxation."""

import math
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analyzer.planning import programme
from analyzer.planning.cheapest import GAP, cheapest, safest
from analyzer.planning.harm import Amount, Harm, total
from analyzer.planning.offers import Limits, Offer
from analyzer.planning.programme import TIE, Programme

NEAR = 1e-5
"""Relative distance from a budget at which rounding decides."""


def offer(cost: int, sdc: float, due: float = 0.0, variance: float = 0.0) -> Offer:
    return Offer(cost, Harm(Amount(sdc, variance), Amount(due)))


amounts = st.integers(0, 60).map(lambda n: n / 10.0)
offers = st.builds(offer, st.integers(0, 50), amounts, amounts, amounts)
menus_of_any = st.lists(st.lists(offers, min_size=1, max_size=4), min_size=1, max_size=5)


def exhaustive(menus: list[list[Offer]], limits: Limits) -> int | None:
    """Cost of the cheapest admissible choice, by trying all."""
    costs = [
        sum(o.cost for o in chosen)
        for chosen in product(*menus)
        if limits.hold(total(o.harm for o in chosen))
    ]
    return min(costs, default=None)


def relaxed_cost(menus: list[list[Offer]], limits: Limits) -> float:
    """Cost of the linear relaxation without a margin: nothing admissible costs less."""
    whole = Programme(menus, limits)
    found = whole.relaxed(whole.means, np.array(limits.budgets), whole.allowed)
    return found.cost if found else math.inf


@settings(max_examples=150, deadline=None)
@given(menus_of_any, st.integers(0, 150), st.none() | st.integers(1, 150), st.integers(0, 3))
def test_the_optimum_is_that_of_exhaustive_search(
    menus: list[list[Offer]], sdc: int, due: int | None, deviations: int
) -> None:
    limits = Limits(sdc / 10.0, None if due is None else due / 10.0, deviations)
    found, least = cheapest(menus, limits), exhaustive(menus, limits)
    if found is None:
        tighter = Limits(
            sdc / 10.0 * (1 - NEAR), None if due is None else due / 10.0 * (1 - NEAR), deviations
        )
        assert exhaustive(menus, tighter) is None
        return
    assert limits.hold(found.harm)
    assert least is not None
    assert found.bound <= least <= found.cost
    chosen = [menu[i] for menu, i in zip(menus, found.chosen, strict=True)]
    assert found.cost == sum(o.cost for o in chosen)
    assert found.harm == total(o.harm for o in chosen)
    assert relaxed_cost(menus, limits) <= found.cost + TIE + NEAR
    if found.optimal:
        assert found.cost == least


def test_the_optimum_is_nearly_always_proved() -> None:
    """Of random problems with margins, the cutting planes finish all."""
    rng = np.random.default_rng(3)
    for _ in range(5):
        menus = [
            [offer(0, rng.uniform(0.5, 2.0), variance=rng.uniform(0.0, 1.0))]
            + [offer(int(rng.integers(1, 40)), rng.uniform(0.0, 0.5)) for _ in range(3)]
            for _ in range(6)
        ]
        limits = Limits(4.0, None, 1.645)
        found = cheapest(menus, limits)
        assert found is not None
        assert found.optimal
        assert found.cost == exhaustive(menus, limits)


def test_large_problems_are_close_to_the_bound_of_the_linear_relaxation() -> None:
    """200 tensors: the integer optimum costs at most one tensor more than the relaxation."""
    rng = np.random.default_rng(4)
    menus = []
    for _ in range(200):
        size, harm = int(rng.integers(1_000, 1_000_000)), rng.uniform(0.0, 1.0)
        shares = np.sort(rng.uniform(0.0, 1.0, 3))[::-1]
        costs = [size // 64, size // 16, size // 8]
        menus.append(
            [offer(0, harm), *(offer(c, harm * s) for c, s in zip(costs, shares, strict=True))]
        )
    limits = Limits(40.0)
    found = cheapest(menus, limits)
    assert found is not None
    assert limits.hold(found.harm)
    assert found.cost <= found.bound * (1.0 + 2.0 * GAP)
    least = relaxed_cost(menus, limits)
    assert least - TIE <= found.cost <= least + max(o.cost for menu in menus for o in menu)


def test_a_budget_that_nothing_meets_has_no_plan_but_a_best_reachable_one() -> None:
    menus = [[offer(0, 5.0), offer(8, 2.0)], [offer(0, 3.0), offer(9, 1.0), offer(99, 1.0)]]
    assert cheapest(menus, Limits(2.9)) is None
    best = safest(menus, Limits(2.9))
    assert (best.chosen, best.cost, best.harm.sdc.mean) == ((1, 1), 17, 3.0)


def test_without_need_nothing_is_bought() -> None:
    found = cheapest([[offer(0, 1.0), offer(1, 0.0)]], Limits(1.0))
    assert found is not None
    assert (found.chosen, found.cost) == ((0,), 0)


def test_of_equal_costs_the_safer_choice_wins() -> None:
    found = cheapest([[offer(7, 1.0), offer(7, 0.2), offer(7, 0.5)]], Limits(2.0))
    assert found is not None
    assert found.chosen == (1,)


def test_a_budget_of_nothing_takes_choices_without_harm_alone() -> None:
    menus = [[offer(0, 1e-12), offer(5, 0.0)], [offer(0, 0.0), offer(1, 0.0)]]
    found = cheapest(menus, Limits(0.0, None, 2.0))
    assert found is not None
    assert (found.chosen, found.cost) == ((1, 0), 5)


@pytest.mark.parametrize(("deviations", "chosen"), [(0.0, (0, 0)), (2.0, (1, 0))])
def test_uncertainty_costs_storage(deviations: float, chosen: tuple[int, ...]) -> None:
    """Mean 2 of a budget of 3 would do; with two deviations of 1.25 in all it does not."""
    menus = [[offer(0, 1.0, variance=1.5), offer(4, 0.0)], [offer(0, 1.0, variance=0.0625)]]
    found = cheapest(menus, Limits(3.0, None, deviations))
    assert found is not None
    assert found.chosen == chosen


@settings(max_examples=40, deadline=None)
@given(menus_of_any, st.integers(0, 150), st.integers(0, 3), st.randoms(use_true_random=False))
def test_a_solver_in_difficulties_proves_nothing(
    menus: list[list[Offer]], sdc: int, deviations: int, chance: Random
) -> None:
    """Half of the programmes end without an answer: what is claimed still holds."""
    limits = Limits(sdc / 10.0, None, deviations)

    def moody(*args: Any, **options: Any) -> Any:
        found = linprog(*args, **options)
        if chance.random() < 0.7:  # either way of the solver
            found.update(success=False, status=4, x=None)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programme, "linprog", moody)
        found = cheapest(menus, limits)
    least = exhaustive(menus, limits)
    if found is not None:
        assert limits.hold(found.harm)
        assert least is not None
        assert found.bound <= least <= found.cost
        assert not found.optimal or found.cost <= least * (1.0 + 2.0 * GAP) + 1
