"""The JSON report: versioned, described by a published schema, read back without loss."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from analyzer.reports.sweep.record import from_json, json_schema, to_json
from tests.reports.examples import EXAMPLES, example_report

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"

KEYS_PROMISED = {
    "format_version": [],
    "tool": [],
    "model": ["path", "sha256", "opset", "parameters", "bits_at_risk"],
    "data": ["kind", "sha256", "images", "labelled"],
    "golden": ["metric", "value"],
    "plan": ["id", "seed", "exposure", "encoding", "fault", "confidence", "batch"],
    "rates": ["rate", "expected_flips", "trials", "images", "metric", "sdc", "due", "masked"],
    "gate": ["verdict", "conditions"],
    "run": [],
}
"""What other programs may rely on in every 1.x report."""


def as_data(name: str) -> dict[str, Any]:
    content = json.loads(to_json(EXAMPLES[name]()))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("name", EXAMPLES)
def test_reports_obey_the_published_schema(name: str) -> None:
    jsonschema.validate(as_data(name), json.loads(SCHEMA.read_text("utf-8")))


def test_published_schema_is_the_present_one() -> None:
    """`make docs` writes it anew."""
    assert SCHEMA.read_text("utf-8") == json_schema()


def test_schema_refuses_what_is_no_report() -> None:
    wrong = as_data("sweep")
    wrong["golden"]["value"] = 98.3
    with pytest.raises(jsonschema.ValidationError, match=r"98\.3"):
        jsonschema.validate(wrong, json.loads(json_schema()))


@pytest.mark.parametrize("name", EXAMPLES)
def test_reports_are_read_back_without_loss(name: str) -> None:
    report = EXAMPLES[name]()
    assert from_json(to_json(report)) == report


def test_unknown_keys_are_refused() -> None:
    wrong = as_data("sweep") | {"surprise": 1}
    with pytest.raises(ValidationError, match="surprise"):
        from_json(json.dumps(wrong))


def test_promised_keys_are_there() -> None:
    content = as_data("gated")
    for key, inner in KEYS_PROMISED.items():
        part = content[key][0] if isinstance(content[key], list) else content[key]
        for name in inner:
            assert name in part
    for figure in ("metric", "sdc", "due", "masked"):
        assert set(content["rates"][0][figure]) == {"estimate", "low", "high"}


def test_file_names_that_are_no_text_are_shown_as_far_as_they_are() -> None:
    model = example_report().model.model_dump() | {"path": "digits_\udcff.onnx"}
    assert json.loads(to_json(example_report(model=model)))["model"]["path"] == "digits_?.onnx"
