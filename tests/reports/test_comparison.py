"""What a comparison renders to: text, page, and data that obey the published schema."""

import json
import os
from xml.etree import ElementTree

import jsonschema
import pytest
from pydantic import ValidationError

from analyzer.reports.comparison.build import label
from analyzer.reports.comparison.chart import comparison_chart, difference_chart
from analyzer.reports.comparison.html import comparison_html, sentence
from analyzer.reports.comparison.record import Comparison, comparison_json, comparison_schema
from analyzer.reports.comparison.text import comparison_text
from analyzer.reports.shared.signed_numbers import signed
from tests.reports.comparisons import (
    COMPARISONS,
    change,
    compared_model,
    compared_rate,
    example_comparison,
    generated_comparison,
)
from tests.reports.examples import interval
from tests.reports.test_html import HOSTILE, Elements
from tests.support import ROOT

SNAPSHOTS = ROOT / "tests" / "snapshots" / "comparison"
SCHEMA = ROOT / "docs" / "comparison.schema.json"


@pytest.mark.parametrize("name", COMPARISONS)
def test_text_is_the_snapshot(name: str) -> None:
    """`UPDATE_SNAPSHOTS=1 pytest tests/reports` writes them."""
    text = comparison_text(COMPARISONS[name]())
    snapshot = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, "utf-8")
    assert text == snapshot.read_text("utf-8")
    assert {p.stem for p in SNAPSHOTS.iterdir()} == set(COMPARISONS)


def wide_comparison() -> Comparison:
    """The widest figures that can be."""
    row = compared_rate(
        2.5e-4,
        0.5,
        0.5,
        trials=123456,
        stop="budget",
        metric=interval(1.0, 0.9999987, 1.0),
        sdc=interval(1.23e-7, 1.02e-9, 1.23e-6),
        due=interval(1.0e-8, 1.0e-9, 1.23e-7),
    )
    assert row.difference is not None
    tiny = change(-0.99991, -0.999999, -0.001)
    difference = row.difference.model_copy(update={"metric": tiny, "sdc": tiny, "due": tiny})
    wide = row.model_copy(update={"difference": difference})
    names = ("A", "weights " * 20), ("B", "é" * 300)
    models = [compared_model(a, path, 1.0, rates=[wide]) for a, path in names]
    return example_comparison(models=models)


def test_text_fits_80_columns() -> None:
    comparisons = [make() for make in COMPARISONS.values()] + [wide_comparison()]
    for comparison in comparisons:
        assert max(map(len, comparison_text(comparison).splitlines())) <= 80


def test_wide_figures_stay_apart() -> None:
    lines = comparison_text(wide_comparison()).splitlines()
    points = next(line for line in lines if "123,456*" in line)
    assert points.split() == (
        ["2.5e-4", "A", "≥", "99.9999", "-99.99", "1.2e-5", "1.0e-6", "123,456*"]
    )


def test_names_are_shown_and_not_obeyed() -> None:
    """An escape sequence in a file name must not reach the terminal."""
    models = [compared_model(a, "evil\x1b[2J\nname.onnx", 1.0) for a in "AB"]
    text = comparison_text(example_comparison(models=models))
    assert "\x1b" not in text
    assert "evil\\x1b[2J\\nname.onnx" in text


@pytest.mark.parametrize("name", COMPARISONS)
def test_data_obey_the_published_schema_and_are_read_back(name: str) -> None:
    comparison = COMPARISONS[name]()
    text = comparison_json(comparison)
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text("utf-8")))
    assert Comparison.model_validate_json(text) == comparison


def test_the_published_schema_is_the_present_one() -> None:
    """`make docs` writes it anew."""
    assert SCHEMA.read_text("utf-8") == comparison_schema()
    assert "comparison.schema.json" in (ROOT / "Makefile").read_text("utf-8")


def test_a_difference_lies_within_what_can_be() -> None:
    with pytest.raises(ValidationError):
        change(0.0, -1.5, 0.0)


@pytest.mark.parametrize("name", COMPARISONS)
def test_the_page_is_self_contained(name: str) -> None:
    for tag, attributes in Elements(comparison_html(COMPARISONS[name]())).found:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
        for key, value in attributes.items():
            assert not key.startswith("on")
            if key in {"src", "href", "xlink:href", "action", "data"}:
                assert value.startswith("#")


def test_the_page_believes_nothing() -> None:
    base = example_comparison()
    models = [compared_model(a, HOSTILE, 1.0) for a in "AB"]
    data = base.data.model_copy(update={"name": HOSTILE, "note": HOSTILE})
    page = comparison_html(example_comparison(models=models, data=data, assumptions=[HOSTILE]))
    assert "<script" not in page
    assert "alert(1)" in page  # shown, as text


@pytest.mark.parametrize("draw", [comparison_chart, difference_chart])
@pytest.mark.parametrize("name", COMPARISONS)
def test_charts_are_drawings_the_same_every_time(name: str, draw: object) -> None:
    assert callable(draw)
    svg = draw(COMPARISONS[name]())
    assert svg == draw(COMPARISONS[name]())
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    shown = "".join(root.itertext())
    for model in COMPARISONS[name]().models[1:]:
        assert model.model.path in shown


def test_pairing_that_gains_nothing_is_said() -> None:
    whole = example_comparison()
    row = whole.models[1].rates[1]
    assert row.difference is not None
    poor = row.model_copy(
        update={"difference": row.difference.model_copy(update={"pairing_gain": 0.03})}
    )
    rates = [whole.models[1].rates[0], poor, whole.models[1].rates[2]]
    models = [whole.models[0], whole.models[1].model_copy(update={"rates": rates})]
    found = whole.model_copy(update={"models": models})
    text, page = comparison_text(found), comparison_html(found)
    assert "B: at 3e-6 the same faults for both models told no more than" in " ".join(text.split())
    assert page.count("<small>no gain</small>") == 1
    assert "No gain" in page
    assert "told no" not in comparison_text(whole)
    assert "no gain" not in comparison_html(whole).lower()


def test_dollars_in_names_are_no_mathematics() -> None:
    models = [compared_model(a, "cost$x^2$.onnx", 1.0) for a in "AB"]
    svg = comparison_chart(example_comparison(models=models))
    assert "cost$x^2$.onnx" in "".join(ElementTree.fromstring(svg).itertext())


def test_many_models_are_told_apart() -> None:
    """Eight colours, then dashes."""
    models = [compared_model(label(i), f"model{i}.onnx", 1.0) for i in range(20)]
    comparison = example_comparison(models=models)
    assert comparison_chart(comparison).count("model19.onnx") >= 1
    assert max(map(len, comparison_text(comparison).splitlines())) <= 80


def test_the_sentence_says_what_the_interval_says() -> None:
    better, same, worse = (
        compared_model("B", "b.onnx", 0.5, area_difference=part)
        for part in (
            change(0.2, 0.1, 0.3),
            change(0.0, -0.01, 0.02),
            change(-0.2, -0.3, -0.1),
        )
    )
    comparison = example_comparison()
    assert "keeps more top-1" in sentence(comparison, better)
    assert "cannot be told apart" in sentence(comparison, same)
    assert "keeps less top-1" in sentence(comparison, worse)
    assert "less silent corruption than A at 2 of 3" in sentence(
        generated_comparison(), generated_comparison().models[1]
    )


def test_signs_are_shown_except_of_nothing() -> None:
    assert [signed(x) for x in (0.0, 1e-9, -1e-9, 1.0)] == ["0", "+1.0e-7", "-1.0e-7", "+100"]
    assert signed(0.3 - 0.1 - 0.2) == "0"  # 2^-55, and no difference


def test_letters_go_on_after_z() -> None:
    assert [label(i) for i in (0, 1, 25, 26, 51, 52)] == ["A", "B", "Z", "AA", "AZ", "BA"]


def test_a_rate_without_estimate_claims_nothing() -> None:
    """Fails if the middle of what may be is shown as if it had been found."""
    whole = example_comparison()
    nothing = {"metric": None, "sdc": None, "due": None}
    rates = [
        r.model_copy(
            update={
                "trials": 48,
                "stop": "budget",
                **nothing,
                "difference": r.difference and r.difference.model_copy(update=nothing),
            }
        )
        for r in whole.models[1].rates
    ]
    update = {"rates": rates, "area": None, "area_difference": None}
    models = [whole.models[0], whole.models[1].model_copy(update=update)]
    found = whole.model_copy(update={"models": models})
    assert Comparison.model_validate_json(comparison_json(found)) == found
    text = comparison_text(found)
    assert {" ".join(line.split()) for line in text.splitlines() if line.endswith(" 48*")} == {
        "B – – – 48*"
    }
    assert " ".join(text.splitlines()[-9].split()) == "B –" or "B –" in " ".join(text.split())
    assert "– no estimate: faults that were not tried yet" in text
    assert "No estimate: faults that were not tried yet" in comparison_html(found)
    assert "o estimate:" not in comparison_text(whole) + comparison_html(whole)
    assert sentence(found, models[1]).endswith("not tried enough at every rate to be compared.")
    for chart in (comparison_chart, difference_chart):
        ElementTree.fromstring(chart(found))
        assert chart(found) != chart(whole)
