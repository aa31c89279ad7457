"""Formats of pipelines: what they render to, what their readers ask for, and hostile names.

`UPDATE_SNAPSHOTS=1 pytest tests/reports` writes the snapshots.
"""

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import junitparser
import pytest

from analyzer.reports.failure.record import failure_schema
from analyzer.reports.findings.record import Findings, State
from analyzer.reports.findings.sweep import sweep_findings
from analyzer.reports.formats import FORMATS, RecordKind, find_format
from analyzer.reports.pipeline.sarif import to_sarif
from tests.reports.comparisons import COMPARISONS
from tests.reports.differences import DIFFERENCES
from tests.reports.examples import EXAMPLES, condition, example_report, gated_report, interval, row
from tests.reports.failures import FAILURES
from tests.reports.maps import MAPS
from tests.reports.protections import PLANS
from tests.reports.replays import REPLAYS
from tests.reports.targets import EXAMPLES as TARGETS
from tests.support import ROOT

HERE = Path(__file__).parent
SNAPSHOTS = HERE.parent / "snapshots" / "formats"
PIPELINE = ("csv", "markdown", "junit", "sarif", "github", "gitlab")

CASES: dict[str, tuple[RecordKind, Callable[[], Any]]] = {
    **{name: (RecordKind.RUN, make) for name, make in EXAMPLES.items()},
    **{name: (RecordKind.MAP, make) for name, make in MAPS.items()},
    **{f"compared-{name}": (RecordKind.COMPARISON, make) for name, make in COMPARISONS.items()},
    **{f"diff-{name}": (RecordKind.DIFFERENCE, make) for name, make in DIFFERENCES.items()},
    **{f"target-{name}": (RecordKind.TARGET, make) for name, make in TARGETS.items()},
    **{f"plan-{name}": (RecordKind.PROTECTION, make) for name, make in PLANS.items()},
    **{f"replay-{name}": (RecordKind.REPLAY, make) for name, make in REPLAYS.items()},
    **{name: (RecordKind.FAILURE, make) for name, make in FAILURES.items()},
}

HOSTILE = "a|b`c]]>\x1b[2J\n::error::<img src=x>@team\u202e-->\x00%0A,:é.onnx"


def hostile_report() -> Any:
    """A model and a data set whose names are an attack on every format."""
    base = gated_report()
    model = base.model.model_copy(update={"path": HOSTILE})
    run = base.run.model_copy(update={"models": [HOSTILE], "command": f"relcheck {HOSTILE}"})
    data = base.data.model_copy(update={"name": HOSTILE})
    return base.model_copy(update={"model": model, "run": run, "data": data})


def rendered(kind: RecordKind, name: str, record: Any) -> str:
    form = find_format(kind, name)
    assert form is not None
    return form.render(record)


each_case = pytest.mark.parametrize("case", CASES)


@pytest.mark.parametrize("name", PIPELINE)
@each_case
def test_forms_are_the_snapshots(case: str, name: str) -> None:
    kind, make = CASES[case]
    form = find_format(kind, name)
    assert form is not None
    text = form.render(make())
    snapshot = SNAPSHOTS / f"{case}{form.suffix}"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, "utf-8")
    assert text == snapshot.read_text("utf-8")


def test_every_snapshot_belongs_to_a_case() -> None:
    suffixes = [form.suffix for form in FORMATS[RecordKind.RUN] if form.name in PIPELINE]
    assert {path.name for path in SNAPSHOTS.iterdir()} == {c + s for c in CASES for s in suffixes}


# SARIF


def sarif_of(case: str) -> dict[str, Any]:
    kind, make = CASES[case]
    log: dict[str, Any] = json.loads(rendered(kind, "sarif", make()))
    return log


SARIF = json.loads((HERE / "schemas" / "sarif.json").read_text("utf-8"))


@each_case
def test_sarif_obeys_the_schema_and_its_own_indices(case: str) -> None:
    log = sarif_of(case)
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        where = location["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][where["index"]]["location"]["uri"] == where["uri"]
    assert len({r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"]}) == (
        len(run["results"])
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda region, _: region.update(startLine=0),
        lambda region, _: region.pop("startLine"),
        lambda _, where: where.update(uri="/abs/m.onnx"),
        lambda _, where: where.update(uri="file:///m.onnx"),
        lambda _, where: where.update(uri="a b.onnx"),
    ],
)
def test_the_schema_sees_what_github_refuses(spoil: Callable[[Any, Any], object]) -> None:
    log = sarif_of("gated")
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    spoil(place["region"], place["artifactLocation"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, SARIF)


def test_passed_gates_are_no_results_and_undecided_ones_are_warnings() -> None:
    results = sarif_of("gated")["runs"][0]["results"]
    assert [(r["ruleId"], r["level"]) for r in results] == [
        ("gate-sdc", "warning"),
        ("gate-top1", "error"),
    ]
    assert sarif_of("sweep")["runs"][0]["results"] == []


def test_a_finding_is_known_again_whatever_was_measured() -> None:
    """Fails if a measured number is in a fingerprint, or if two gates share one."""

    def prints(report: Any) -> list[str]:
        log = json.loads(to_sarif(sweep_findings(report)))
        results = log["runs"][0]["results"]
        return [r["partialFingerprints"]["primaryLocationLineHash"] for r in results]

    base = gated_report()
    parts = [
        part.model_copy(update={"evidence": interval(0.5, 0.4, 0.6), "verdict": "fail"})
        for part in base.gate.conditions
    ]
    other = base.model_copy(
        update={
            "gate": base.gate.model_copy(update={"conditions": parts}),
            "rates": [r.model_copy(update={"trials": 7}) for r in base.rates],
            "tool": base.tool.model_copy(update={"version": "9"}),
        }
    )
    assert set(prints(base)) < set(prints(other))
    assert len(set(prints(other))) == 3


def test_a_failure_did_not_execute_successfully() -> None:
    (invocation,) = sarif_of("failure")["runs"][0]["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    assert "file-missing" in invocation["toolExecutionNotifications"][0]["message"]["text"]


# JUnit


def suite_of(text: str) -> Any:
    """The one suite, as a reader of other people has it."""
    (suite,) = junitparser.JUnitXml.fromstring(text.encode())
    return suite


@each_case
def test_junit_counts_what_it_holds(case: str) -> None:
    kind, make = CASES[case]
    text = rendered(kind, "junit", make())
    suite, root = suite_of(text), ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    tags = [result.__class__.__name__ for found in suite for result in found.result]
    counts = (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert counts == (len(list(suite)), *map(tags.count, ("Failure", "Error", "Skipped")))
    for element in (root, *root):
        assert [int(element.attrib[k]) for k in ("tests", "failures", "errors", "skipped")] == [
            *counts
        ]
    names = [(found.classname, found.name) for found in suite]
    assert len(set(names)) == len(names) >= 1


def test_junit_has_a_case_per_gate_and_undecided_is_an_error() -> None:
    suite = suite_of(rendered(RecordKind.RUN, "junit", gated_report()))
    found = {case.name: [r.__class__.__name__ for r in case.result] for case in suite}
    assert found == {
        "top1 >= 0.9 @ 1e-6": [],
        "sdc <= 0.03 @ 1e-6": ["Error"],
        "top1 >= 0.9 @ 1e-5": ["Failure"],
    }


def test_junit_has_every_number_in_the_text_of_a_failure() -> None:
    """GitLab ignores the attribute ``message``, properties and the names of suites."""
    (failure,) = [
        result
        for case in suite_of(rendered(RecordKind.RUN, "junit", gated_report()))
        for result in case.result
        if isinstance(result, junitparser.Failure)
    ]
    for number in ("1e-5", "74.9 %", "74.0", "75.7", ">= 90 %", "1,234", "98.33", "seed 0"):
        assert number in failure.text, number


def test_junit_does_not_lose_a_gate_that_is_there_twice() -> None:
    base = gated_report()
    twice = base.gate.model_copy(update={"conditions": [*base.gate.conditions] * 2})
    suite = suite_of(rendered(RecordKind.RUN, "junit", base.model_copy(update={"gate": twice})))
    assert len({case.name for case in suite}) == 6


# GitLab, GitHub, CSV, Markdown


@each_case
def test_code_quality_obeys_the_schema(case: str) -> None:
    kind, make = CASES[case]
    issues = json.loads(rendered(kind, "gitlab", make()))
    jsonschema.validate(issues, json.loads((HERE / "schemas/code_quality.json").read_text()))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


ANNOTATION = re.compile(r"::(notice|warning|error)( [a-z]+=[^,:]*(,[a-z]+=[^,:]*)*)::[^\n]+")


@each_case
def test_annotations_are_commands_of_github(case: str) -> None:
    kind, make = CASES[case]
    for line in rendered(kind, "github", make()).splitlines():
        assert ANNOTATION.fullmatch(line), line


def test_of_many_annotations_those_are_kept_that_github_shows() -> None:
    base = gated_report()
    failing = [
        condition(f"top1 >= 0.9{n:02d} @ 1e-5", "fail", estimate=0.7, low=0.6, high=0.8)
        for n in range(30)
    ]
    gate = base.gate.model_copy(update={"conditions": [*base.gate.conditions, *failing]})
    lines = rendered(RecordKind.RUN, "github", base.model_copy(update={"gate": gate})).splitlines()
    kinds = [line.split()[0] for line in lines]
    assert (kinds.count("::error"), kinds.count("::warning")) == (10, 1)
    assert lines[10] == "::error title=relcheck::and 22 more"


@each_case
def test_csv_is_read_back(case: str) -> None:
    kind, make = CASES[case]
    rows = list(csv.reader(io.StringIO(rendered(kind, "csv", make()))))
    assert len(rows) > 1
    assert {len(r) for r in rows} == {len(rows[0])}


@each_case
def test_tables_of_markdown_have_equal_rows(case: str) -> None:
    kind, make = CASES[case]
    text = rendered(kind, "markdown", make())
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block
    assert len(text.encode()) < 65_536, "GitHub takes no longer comment"


@pytest.mark.parametrize("name", PIPELINE)
def test_hostile_names_stay_names(name: str) -> None:
    text = rendered(RecordKind.RUN, name, hostile_report())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)
    match name:
        case "junit":
            assert len(list(suite_of(text))) == 3
        case "sarif":
            jsonschema.validate(json.loads(text), SARIF)
        case "gitlab":
            json.loads(text)
        case "github":
            assert all(ANNOTATION.fullmatch(line) for line in text.splitlines())
            assert len(text.splitlines()) == 3
        case "markdown":
            outside = re.sub(r"(`+).*?\1", "", text)
            assert not re.search(r"(?<!\\)<(?!/?(details|summary)|!--)", outside)
            assert "@team" not in outside
        case "csv":
            assert len(text.splitlines()) == 4


# Findings


def test_a_budget_of_a_plan_is_a_case_as_a_gate_is() -> None:
    """Undecided is an error to JUnit, and the interval is in its text."""
    suite = suite_of(rendered(RecordKind.PROTECTION, "junit", PLANS["on-a-target"]()))
    found = {case.name: [r.__class__.__name__ for r in case.result] for case in suite}
    assert found == {"sdc_fit <= 10": ["Error"], "due_fit <= 10": []}
    (error,) = [result for case in suite for result in case.result]
    for part in ("8.2", "6.1", "148 without protection", "9,008 check bits"):
        assert part in error.text, part


def test_a_replay_that_differs_fails_and_a_list_has_nothing_to_fail() -> None:
    suite = suite_of(rendered(RecordKind.REPLAY, "junit", REPLAYS["of-a-report"]()))
    assert (suite.tests, suite.failures) == (4, 1)
    assert "### relcheck: replay differs" in rendered(
        RecordKind.REPLAY, "markdown", REPLAYS["of-a-report"]()
    )
    suite = suite_of(rendered(RecordKind.REPLAY, "junit", REPLAYS["of-a-list"]()))
    assert (suite.tests, suite.failures) == (1, 0)


def found_of(report: Any) -> Findings:
    return sweep_findings(report)


def test_without_a_gate_the_one_check_is_that_the_work_was_done() -> None:
    (check,) = found_of(example_report()).checks
    assert check.state is State.PASS
    cut = example_report(rates=[row(1e-6, 0.1, stop="budget")])
    (check,) = found_of(cut).checks
    assert check.state is State.UNDECIDED
    assert "the budget ended" in check.sentence


def test_models_have_the_path_from_the_root_of_their_repository() -> None:
    run = example_report().run.model_copy(update={"models": ["nets/digits.onnx"]})
    assert found_of(example_report(run=run)).artifacts[0].path == "nets/digits.onnx"


def test_the_schema_of_failures_is_the_published_one() -> None:
    published = (ROOT / "docs" / "failure.schema.json").read_text("utf-8")
    assert published == failure_schema()
    failure = json.loads(rendered(RecordKind.FAILURE, "json", FAILURES["failure"]()))
    jsonschema.validate(failure, json.loads(published))
