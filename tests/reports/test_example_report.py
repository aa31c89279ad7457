"""The report in ``docs/example-report``: made by one command, every number from its JSON."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jsonschema

from analyzer.reports.target.html import to_html
from analyzer.reports.target.record import TargetReport
from tests.support import ROOT, invoke

FOLDER = ROOT / "docs" / "example-report"
NOT_FIGURES = ("run", "tool")
"""Parts that tell when, where and by which versions it was made."""


def content() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "report.json").read_text("utf-8")))


def test_every_number_of_the_page_comes_from_the_json() -> None:
    record = TargetReport.model_validate(content())
    assert (FOLDER / "report.html").read_text("utf-8") == to_html(record)


def test_the_json_obeys_its_schema_and_is_about_these_files() -> None:
    schema = json.loads((ROOT / "docs" / "target-report.schema.json").read_text("utf-8"))
    jsonschema.validate(content(), schema)
    target = (FOLDER / "target.toml").read_bytes()
    assert content()["target"]["sha256"] == hashlib.sha256(target).hexdigest()


def test_the_command_of_the_makefile_gives_the_same_figures(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    [line] = re.findall(
        r"^\t\$\(BIN\)/relcheck (run .*example-report/target.toml .*)$", makefile, re.M
    )
    given, _, _ = line.partition(" --json")
    flags = [str(ROOT / word) if "/" in word else word for word in given.split()]
    run = invoke(*flags, "--jobs", "0", "--json", tmp_path / "r.json")
    assert run.code == 0, run.err
    found = json.loads((tmp_path / "r.json").read_text("utf-8"))
    for part in NOT_FIGURES:
        del found[part]
    assert found == {**{k: v for k, v in content().items() if k not in NOT_FIGURES},
                     "target": found["target"]}  # fmt: skip
    assert found["verdict"]["verdict"] == "pass"
