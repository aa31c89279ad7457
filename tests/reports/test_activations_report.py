"""What distributions of activations render to: text, page, charts, and data by the schema."""

import json
import os
import re
from xml.etree import ElementTree

import jsonschema
import pytest

from analyzer.reports.activations.chart import distribution_charts, share_charts
from analyzer.reports.activations.html import to_html
from analyzer.reports.activations.record import (
    ActivationsReport,
    activations_schema,
    number,
    to_json,
    value_of,
)
from analyzer.reports.activations.rows import activation_rows
from analyzer.reports.activations.text import to_text
from analyzer.reports.shared.terminal_text import page
from tests.reports.activations import ACTIVATIONS, model, one_model, report, two_models
from tests.reports.test_html import HOSTILE, Elements
from tests.support import ROOT

SNAPSHOTS = ROOT / "tests" / "snapshots" / "activations"
SCHEMA = ROOT / "docs" / "activations.schema.json"
each = pytest.mark.parametrize("name", ACTIVATIONS)


@each
def test_text_is_the_snapshot(name: str) -> None:
    """`UPDATE_SNAPSHOTS=1 pytest tests/reports` writes them."""
    text = to_text(ACTIVATIONS[name]())
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, "utf-8")
    assert text == snapshot.read_text("utf-8")
    assert {path.stem for path in SNAPSHOTS.iterdir()} == set(ACTIVATIONS)


@each
@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_line_fits(name: str, width: int) -> None:
    with page(width):
        assert max(map(len, to_text(ACTIVATIONS[name]()).splitlines())) <= width


@each
def test_data_obey_the_published_schema_and_are_read_back(name: str) -> None:
    found = ACTIVATIONS[name]()
    jsonschema.validate(json.loads(to_json(found)), json.loads(SCHEMA.read_text("utf-8")))
    assert ActivationsReport.model_validate_json(to_json(found)) == found


def test_published_schema_is_the_present_one() -> None:
    """`make docs` writes it anew."""
    assert SCHEMA.read_text("utf-8") == activations_schema()
    assert "activations.schema.json" in (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.parametrize("value", [0.0, -2.5, 3e38, float("inf"), float("-inf")])
def test_numbers_are_held_without_loss(value: float) -> None:
    assert value_of(number(value)) == value


@each
def test_charts_are_drawings_of_every_rate(name: str) -> None:
    found = ACTIVATIONS[name]()
    distributions, shares = distribution_charts(found), share_charts(found)
    assert len(distributions) == 1 + len(found.plan.rates)
    for _, svg in [*distributions, *shares]:
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert "nan" not in re.sub(r">[^<]*<", "><", svg).lower()
    assert distributions == distribution_charts(found), "the same bytes for the same report"


def test_several_models_have_a_chart_of_shares_for_each_rate() -> None:
    assert [heading for heading, _ in share_charts(two_models())] == [
        "without faults",
        "at 1e-6",
        "at 3e-5",
    ]
    assert [heading for heading, _ in share_charts(one_model())] == [""]


@each
def test_a_page_shows_every_figure(name: str) -> None:
    found = ACTIVATIONS[name]()
    text = to_html(found)
    for one in found.models:
        for site in one.sites:
            assert site.value in text
        for rate in one.rates:
            assert f"{rate.patterns:,} pattern" in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_names_of_others_are_text_in_a_page() -> None:
    base = model()
    sites = [
        site.model_copy(update={"value": f"{HOSTILE}{i}"}) for i, site in enumerate(base.sites)
    ]
    own = base.model.model_copy(update={"path": HOSTILE})
    hostile = base.model_copy(update={"sites": sites, "model": own})
    shown, usual = (Elements(to_html(report(one))) for one in (hostile, base))
    assert [tag for tag, _ in shown.found] == [tag for tag, _ in usual.found]


def test_rows_have_every_activation_at_every_rate() -> None:
    rows = activation_rows(two_models())
    assert len(rows) == 4 * (1 + 2) + 4 * (1 + 1)
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    nothing = next(row for row in rows if row["nan"] == 1.0)
    assert str(nothing["mean"]) == "nan"
