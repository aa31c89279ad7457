"""The report on a target as text, against snapshots; `UPDATE_SNAPSHOTS=1 pytest tests/reports`
writes them.
"""

import os
from pathlib import Path

import pytest

from analyzer.reports.target.record import TargetReport
from analyzer.reports.target.table import target_rows
from analyzer.reports.target.text import to_text
from tests.reports.targets import EXAMPLES, example_target

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "target"


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_is_the_snapshot(name: str) -> None:
    text = to_text(EXAMPLES[name]())
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(text, "utf-8")
    assert text == snapshot.read_text("utf-8")


def test_every_snapshot_belongs_to_an_example() -> None:
    assert {p.stem for p in SNAPSHOTS.glob("*.txt")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_fits_80_columns(name: str) -> None:
    assert max(map(len, to_text(EXAMPLES[name]()).splitlines())) <= 80


def words(report: TargetReport) -> str:
    return " ".join(to_text(report).split())


def test_the_verdict_comes_first_and_promises_no_compliance() -> None:
    text = to_text(example_target())
    assert text.startswith("digits.onnx on fpga-bram-16nm: UNDECIDED\n")
    assert "input to an FMEDA" in words(example_target())
    assert "complian" not in text.lower().replace("no statement of compliance", "")


def test_names_are_long_and_hostile() -> None:
    """A region's name is the user's; it must not break the table."""
    report = example_target()
    first = report.regions[0].model_copy(update={"name": "x" * 60 + "\x1b[2J"})
    text = to_text(report.model_copy(update={"regions": [first, report.regions[1]]}))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_rows_have_the_same_keys() -> None:
    rows = [row for make in EXAMPLES.values() for row in target_rows(make())]
    assert len({tuple(row) for row in rows}) == 1
