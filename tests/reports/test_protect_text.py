"""Protection plans as text, against snapshots, and as pages."""

import os

import pytest

from analyzer.reports.protect.amounts import evidence
from analyzer.reports.protect.html import to_html
from analyzer.reports.protect.record import AmountPart
from analyzer.reports.protect.text import to_text
from analyzer.reports.shared.amounts import beside
from tests.reports.protections import PLANS, example_plan, region
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
    assert evidence(None, 0.001) == "–"
    assert beside(10.0004, 10.0) == "10.0004"


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
