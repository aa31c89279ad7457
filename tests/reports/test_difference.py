"""What a difference renders to: text, page, and data that obey the published schema."""

import json
import os
from pathlib import Path

import jsonschema
import pytest

from analyzer.jobs.render import read_report
from analyzer.reports.diff.html import difference_html
from analyzer.reports.diff.record import Difference, difference_json, difference_schema
from analyzer.reports.diff.text import MOST_ROWS, difference_text
from analyzer.reports.map.record import TensorPart
from tests.reports.differences import DIFFERENCES, difference, newer
from tests.reports.examples import example_report
from tests.reports.maps import example_map, tensor
from tests.reports.test_html import HOSTILE, Elements
from tests.support import ROOT

SNAPSHOTS = ROOT / "tests" / "snapshots" / "difference"
SCHEMA = ROOT / "docs" / "difference.schema.json"

each = pytest.mark.parametrize("name", DIFFERENCES)


@each
def test_text_is_the_snapshot(name: str) -> None:
    """`UPDATE_SNAPSHOTS=1 pytest tests/reports` writes them."""
    text = difference_text(DIFFERENCES[name]())
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, "utf-8")
    assert text == snapshot.read_text("utf-8")
    assert {p.stem for p in SNAPSHOTS.iterdir()} == set(DIFFERENCES)


@each
def test_text_fits_80_columns_and_obeys_no_name(name: str) -> None:
    text = difference_text(DIFFERENCES[name]())
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


@each
def test_data_obey_the_published_schema_and_are_read_back(name: str) -> None:
    found = DIFFERENCES[name]()
    text = difference_json(found)
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text("utf-8")))
    assert Difference.model_validate_json(text) == found


def test_the_published_schema_is_the_present_one() -> None:
    """`make docs` writes it anew."""
    assert SCHEMA.read_text("utf-8") == difference_schema()
    assert "difference.schema.json" in (ROOT / "Makefile").read_text("utf-8")


@each
def test_the_page_is_self_contained(name: str) -> None:
    for tag, attributes in Elements(difference_html(DIFFERENCES[name]())).found:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
        assert not [key for key in attributes if key.startswith("on")]


def test_the_page_believes_nothing() -> None:
    base = example_report()
    run = base.run.model_copy(update={"models": [HOSTILE]})
    data = base.data.model_copy(update={"name": HOSTILE})
    page = difference_html(difference(base, newer(run=run, data=data), across="data"))
    assert "<script" not in page
    assert "alert(1)" in page  # shown, as text


def test_of_many_tensors_those_are_shown_that_matter() -> None:
    """All of them are in the data."""

    def tensors(worse: float) -> list[TensorPart]:
        many = [tensor(f"t{n}", 100, 0.1, 0.0) for n in range(100)]
        return [*many, tensor("last", 100, worse, 0.0)]

    model = example_map().model.model_copy(update={"sha256": "ba" * 32})
    found = difference(
        example_map(tensors=tensors(0.1)), example_map(tensors=tensors(0.4), model=model)
    )
    text = difference_text(found)
    assert len(found.figures) == 2 * 102
    assert "whole memory" in text
    assert "last" in text
    assert f"{2 * 102 - MOST_ROWS} more figures" in " ".join(text.split())


def test_a_difference_is_rendered_again(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    found = DIFFERENCES["worse"]()
    path.write_text(difference_json(found), "utf-8")
    report = read_report(path)
    assert report.record == found
    assert report.status == "failed"
