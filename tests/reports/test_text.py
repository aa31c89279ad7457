"""The terminal table, against snapshots: `UPDATE_SNAPSHOTS=1 pytest tests/reports` rewrites them."""

import os
from pathlib import Path

import pytest

from analyzer.reports.text import to_text
from tests.reports.examples import EXAMPLES, example_report, row

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_is_the_snapshot(name: str) -> None:
    text = to_text(EXAMPLES[name]())
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, "utf-8")
    assert text == snapshot.read_text("utf-8")


def test_every_snapshot_belongs_to_an_example() -> None:
    assert {p.stem for p in SNAPSHOTS.glob("*.txt")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_text_fits_80_columns(name: str) -> None:
    assert max(map(len, to_text(EXAMPLES[name]()).splitlines())) <= 80


def test_widest_figures_stay_apart() -> None:
    """The longest figures of each column, in one row: no two may run into each other."""
    tiny = {"estimate": 1.23e-7, "low": 1.02e-9, "high": 1.23e-6}
    extreme = row(
        2.5e-4,
        0.0,
        expected_flips=123456789.0,
        trials=1234567,
        metric={"estimate": 1.0, "low": 0.9999987, "high": 1.0},
        sdc=tiny,
        due={"estimate": 0.0, "low": 0.0, "high": 0.0000123},
        masked={"estimate": 0.99999987, "low": 0.9999, "high": 1.0},
    )
    table = to_text(example_report(rates=[extreme])).splitlines()[3:]
    assert len(table[3].split()) == len("rate upsets ≥ top1 sdc ≤ due masked trials".split())
    assert len(table[4].split("–")) == 4
    assert max(map(len, table)) <= 80


def test_generated_data_are_said_first() -> None:
    assert to_text(EXAMPLES["generated"]()).startswith("No data set: inputs are random")
    assert "No data set" not in to_text(EXAMPLES["sweep"]())
