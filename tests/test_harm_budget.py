"""Budgets of harm and of targets: one way to read bounds, one way to judge them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadGate
from analyzer.gate.harm_budget import HarmBudget, parse_budget
from analyzer.gate.target import TargetCondition, TargetFigure, parse_target_gate
from analyzer.stats.intervals import Interval

AMOUNTS = st.floats(0.0, 100.0)


@given(st.lists(AMOUNTS, min_size=3, max_size=3), AMOUNTS)
def test_a_budget_is_judged_like_a_condition_on_a_target(ends: list[float], bound: float) -> None:
    low, middle, high = sorted(ends)
    found = Interval(middle, low, high)
    condition = TargetCondition(TargetFigure.SDC_FIT, bound)
    assert HarmBudget("sdc", True, bound).judge(found) is condition.judge(found)


@pytest.mark.parametrize(
    "text", ["sdc_fit <= 10%", "due_fit <= 1e999", "sdc_fit <= -1", "sdc_fit <= 1e", "sdc_fit <= +"]
)
def test_bounds_in_fit_are_numbers(text: str) -> None:
    """The same texts are refused with a target and for a protection."""
    for parse in (parse_budget, parse_target_gate):
        with pytest.raises(BadGate):
            parse(text)


@pytest.mark.parametrize(
    "text", ["sdc <= 1 @ one event", "sdc <= 1e999% @ one event", "due <= -1% @ one event"]
)
def test_bounds_per_event_are_shares(text: str) -> None:
    with pytest.raises(BadGate, match="a share from 0 on"):
        parse_budget(text)


def test_a_bound_that_is_read_is_written_alike() -> None:
    for text in ("sdc_fit <= 10", "due <= 0.001 @ one event"):
        assert str(parse_budget(text)) == text
