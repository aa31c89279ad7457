"""Reports on targets as data: described by a published schema, read back without loss."""

import json
from pathlib import Path

import jsonschema
import pytest

from analyzer.reports.target.record import TargetReport, json_schema, to_json
from tests.reports.targets import EXAMPLES

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "target-report.schema.json"


@pytest.mark.parametrize("name", EXAMPLES)
def test_reports_obey_the_published_schema_and_are_read_back(name: str) -> None:
    text = to_json(EXAMPLES[name]())
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text("utf-8")))
    assert TargetReport.model_validate_json(text) == EXAMPLES[name]()


def test_the_published_schema_is_the_present_one() -> None:
    """`make docs` writes it anew."""
    assert SCHEMA.read_text("utf-8") == json_schema()
    assert "target-report.schema.json" in (ROOT / "Makefile").read_text("utf-8")
