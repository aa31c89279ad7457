"""Protection plans as text, against snapshots, and as pages."""

import os
from typing import Any

import pytest

from analyzer.reports.protect.amounts import evidence, verdict_sentence
from analyzer.reports.protect.html import to_html
from analyzer.reports.protect.record import AmountPart
from analyzer.reports.protect.text import to_text
from analyzer.reports.shared.amounts import beside
from tests.reports.examples import example_report
from tests.reports.protections import PLANS, budget, example_plan, region
from tests.support import ROOT

SNAPSHOTS = ROOT / "tests" / "snapshots" / "protect"


@pytest.mark.parametrize("name", PLANS)
def test_text_is_the_snapshot(name: str) -> None:
    """`UPDATE_SNAPSHOTS=1 pytest tests/reports` writes them."""
    text = to_text(PLANS[name]())
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(text, "utf-8")
    assert {p.stem for p in SNAPSHOTS.iterdir()} <= set(PLANS)
    assert text == snapshot.read_text("utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_text_is_80_columns_wide(name: str) -> None:
    assert max(map(len, to_text(PLANS[name]()).splitlines())) <= 80


def test_a_limit_is_shown_on_its_side_of_the_bound() -> None:
    """0.00099996 is below 0.001, and three digits would not say so."""
    found = AmountPart(estimate=0.00066, low=0.0006, high=0.00099996)
    assert evidence(found, 0.001) == "0.00066 (0.0006 – 0.00099996)"
    assert evidence(AmountPart(estimate=0.0, low=0.0, high=0.0004), 0.001) == "≤ 0.0004"
    assert evidence(None, 0.001) == "not confirmed"
    assert beside(10.0004, 10.0) == "10.0004"


OPEN: list[tuple[dict[str, Any], str]] = [
    ({"reached": False, "cut_short": ["budget"]}, "so far; a larger --budget may find one."),
    ({"reached": False, "cut_short": ["interrupted"]}, "leaves the least harm so far."),
    ({"rounds": [], "cut_short": ["budget"]}, "the --budget ended before the plan was confirmed."),
    (
        {"rounds": [], "cut_short": ["interrupted"]},
        "was interrupted before the plan was confirmed.",
    ),
    ({"cut_short": ["interrupted"]}, "was interrupted, and does not decide."),
    ({"cut_short": ["budget"]}, "its confirmation does not decide; a larger --budget may."),
]


@pytest.mark.parametrize(("changed", "end"), OPEN)
def test_an_open_verdict_names_its_reason(changed: dict[str, Any], end: str) -> None:
    open_budget = budget(verdict="undecided")
    report = example_plan(verdict="undecided", budgets=[open_budget], **changed)
    assert verdict_sentence(report).endswith(end)


def test_a_plan_of_a_small_part_of_the_model_does_not_blame_the_budget() -> None:
    model = example_report().model.model_copy(update={"share_out_of_scope": 0.7})
    found = verdict_sentence(example_plan(verdict="undecided", model=model))
    assert found.endswith(
        "70.0 % of the stored bits are not at risk here, so that no condition can pass."
    )


def test_names_of_other_people_are_escaped_in_pages_and_on_terminals() -> None:
    hostile = "secded:64@<script>alert(1)</script>\x1b[2J,bits=30"
    report = example_plan(protect=hostile, regions=[region(protect=hostile)])
    assert "<script>alert" not in to_html(report)
    assert "\x1b" not in to_text(report)


@pytest.mark.parametrize("name", PLANS)
def test_pages_hold_the_plan_and_its_figures(name: str) -> None:
    report = PLANS[name]()
    page = to_html(report)
    for part in report.regions:
        assert f"--protect {part.protect}" in page
    for row in report.alternatives:
        assert row.name in page
    assert report.verdict in page
