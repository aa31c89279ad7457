"""The terminal table, against snapshots; `UPDATE_SNAPSHOTS=1 pytest tests/reports` writes them."""

import os
from pathlib import Path

import numpy as np
import pytest

from analyzer.reports.sweep.text import to_text
from tests.reports.examples import EXAMPLES, example_report, interval, row, unknown_row
from tests.support import invoke, parse_model, save, with_initializers

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


def of_table(text: str) -> list[str]:
    """The lines below the head of the table."""
    lines = text.splitlines()
    return lines[lines.index("─" * 80) + 1 :]


def test_wide_figures_stay_apart_within_80_columns() -> None:
    wide = row(
        2.5e-4,
        0.0,
        expected_flips=1234567.0,
        trials=123456,
        stop="budget",
        metric=interval(1.0, 0.9999987, 1.0),
        sdc=interval(1.23e-7, 1.02e-9, 1.23e-6),
        due=interval(1.0e-8, 1.0e-9, 1.23e-7),
        masked=interval(1.0, 0.9999, 1.0),
    )
    points, bounds = of_table(to_text(example_report(rates=[wide])))[:2]
    assert points.split() == (
        ["2.5e-4", "1.23", "M", "≥", "99.9999", "1.2e-5", "1.0e-6", "≥", "99.99", "123,456*"]
    )
    assert bounds.split() == [
        "99.9999",
        "–",
        "100",
        "1.0e-7",
        "–",
        "0.0001",
        "1.0e-7",
        "–",
        "1.2e-5",
    ]
    assert max(len(points), len(bounds)) <= 80


def test_a_rate_without_estimate_claims_nothing() -> None:
    """Fails if the middle of what may be is shown as if it had been found."""
    text = to_text(example_report(rates=[unknown_row(1e-3, 48)]))
    points, below = of_table(text)[:2]
    assert points.split()[2:] == ["–", "–", "–", "–", "48*"]
    assert below == ""
    assert "\n\n\n" not in text
    assert "interval" not in text.replace("Below each", "").split("Gate")[0]
    assert "* the budget ended before ±1 points were reached." in text
    assert "– no estimate: faults that were not tried yet are more probable" in text
    assert "no estimate" not in to_text(EXAMPLES["sweep"]())


def test_long_file_names_stay_whole() -> None:
    name = "very_" * 20 + ".onnx"
    model = example_report().model.model_copy(update={"path": name})
    lines = to_text(example_report(model=model)).splitlines()
    assert lines[0] == f"{name}:"
    assert max(map(len, lines[1:])) <= 80


def test_generated_data_are_said_first() -> None:
    assert to_text(EXAMPLES["generated"]()).startswith("No data set: inputs are random")
    assert "No data set" not in to_text(EXAMPLES["sweep"]())


def test_an_inspection_keeps_to_80_columns(tmp_path: Path) -> None:
    """Long reasons, long lists of names and several inputs are wrapped like all other text."""
    names = [f"a_long_name_of_a_shape_{number}" for number in range(4)]
    body = "".join(f" r{i} = Reshape (x, {name})" for i, name in enumerate(names))
    proto = parse_model(
        '<ir_version: 8, opset_import: ["" : 17]>'
        " g (float[N, 4] x, float[N, 4] another_input_with_a_long_name, float[N, 4] third_input)"
        f" => (float[N, 4] y) {{{body} s = Sum (r0, r1, r2, r3) t = MatMul (s, w)"
        " y = Sum (t, another_input_with_a_long_name, third_input) }"
    )
    shapes = {name: np.array([-1, 4], np.int64) for name in names}
    model = save(
        with_initializers(proto, {"w": np.eye(4, dtype=np.float32), **shapes}), tmp_path / "m.onnx"
    )
    text = invoke("inspect", model).out
    assert "a_long_name_of_a_shape_0" in text
    assert max(map(len, text.splitlines())) <= 80
