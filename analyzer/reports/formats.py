"""Forms in which reports are written: one `Format` each, registered by the record that it renders.

Flags, settings, checks of targets, the step that writes, the options of ``relcheck resume`` and the
methods of the Python API follow from `FORMATS`: a new format is one entry here, and one file with
its code. Nothing heavy is loaded before a report is rendered.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any


class RecordKind(StrEnum):
    """The records that can be written, by what users call the job."""

    RUN = "run"
    MAP = "map"
    COMPARISON = "comparison"
    DIFFERENCE = "difference"
    HARDENING = "hardening"
    QUANTIZATION = "quantization"
    TRAINING = "training"
    FAILURE = "failure"
    RECIPES = "recipes"
    INVENTORY = "inventory"
    PROTECTION = "protection plan"
    TARGET = "target"
    REPLAY = "replay"
    LOG_ODDS = "log-odds"


@dataclass(frozen=True, slots=True)
class Format:
    """One form of a record.

    Attributes:
        name: Name of the form in ``--format NAME=FILE``, of the setting, and of the method
            (``to_json``).
        suffix: Ending of file names by which the form is recognized, e.g. ``.json``.
        help: What is written, as a sentence.
        render: Text of a record of the kind under which the format is registered.
        flag: Whether there is a flag of this name besides (``--json FILE``).
    """

    name: str
    suffix: str
    help: str
    render: Callable[[Any], str]
    flag: bool = True


Dotted = str
"""Module below `analyzer.reports`, a colon, and the name of a function."""


def _by(*paths: Dotted) -> Callable[[Any], str]:
    """A chain of functions, each applied to what the one before returns; loaded when called."""

    def render(record: Any) -> str:
        for path in paths:
            module, _, name = path.partition(":")
            record = getattr(import_module(f"analyzer.reports.{module}"), name)(record)
        return str(record)

    return render


def _own_json(record: Any) -> str:
    return str(record.to_json())


def _for_pipelines(findings: Dotted) -> tuple[Format, ...]:
    """Forms that need no more of a record than its findings.

    Args:
        findings: the function that makes findings of the record.
    """
    forms = (
        ("markdown", ".md", "A comment for a pull request.", "markdown:to_markdown"),
        ("junit", ".xml", "JUnit XML, a case per gate.", "junit:to_junit"),
        ("sarif", ".sarif", "SARIF 2.1.0, for code scanning.", "sarif:to_sarif"),
        ("github", ".github.txt", "Annotations of GitHub.", "annotations:to_annotations"),
        ("gitlab", ".gitlab.json", "Code quality of GitLab.", "code_quality:to_code_quality"),
    )
    return tuple(
        Format(name, suffix, text, _by(findings, f"pipeline.{path}"), flag=False)
        for name, suffix, text, path in forms
    )


_JSON, _HTML = "Write the JSON report.", "Write the HTML report."
_CSV = "Write the rows (rates, or tensors) as CSV."
_ROWS = "pipeline.rows_csv:to_csv"

FORMATS: dict[RecordKind, tuple[Format, ...]] = {
    RecordKind.RUN: (
        Format("json", ".json", _JSON, _by("sweep.record:to_json")),
        Format("html", ".html", _HTML, _by("sweep.html:to_html")),
        Format("csv", ".csv", _CSV, _by("tables:sweep_rows", _ROWS)),
        *_for_pipelines("findings.sweep:sweep_findings"),
    ),
    RecordKind.MAP: (
        Format("json", ".json", _JSON, _by("map.record:to_json")),
        Format("html", ".html", _HTML, _by("map.html:to_html")),
        Format("csv", ".csv", _CSV, _by("map.table:to_csv")),
        *_for_pipelines("findings.map:map_findings"),
    ),
    RecordKind.COMPARISON: (
        Format("json", ".json", _JSON, _by("comparison.record:comparison_json")),
        Format("html", ".html", _HTML, _by("comparison.html:comparison_html")),
        Format("csv", ".csv", _CSV, _by("tables:comparison_rows", _ROWS)),
        *_for_pipelines("findings.comparison:comparison_findings"),
    ),
    RecordKind.DIFFERENCE: (
        Format("json", ".json", _JSON, _by("diff.record:difference_json")),
        Format("html", ".html", _HTML, _by("diff.html:difference_html")),
        Format("csv", ".csv", _CSV, _by("tables:difference_rows", _ROWS)),
        *_for_pipelines("findings.diff:difference_findings"),
    ),
    RecordKind.REPLAY: (
        Format("json", ".json", _JSON, _by("replay.record:to_json")),
        Format(
            "csv", ".csv", "Write the outcome of each pattern as CSV.", _by("replay.rows:to_csv")
        ),
        *_for_pipelines("findings.replay:replay_findings"),
    ),
    RecordKind.HARDENING: (Format("json", ".json", "Write the report as JSON.", _own_json),),
    RecordKind.QUANTIZATION: (Format("json", ".json", "Write the report as JSON.", _own_json),),
    RecordKind.TRAINING: (Format("json", ".json", "Write the report as JSON.", _own_json),),
    RecordKind.FAILURE: (
        Format("json", ".json", _JSON, _by("failure.record:failure_json")),
        Format("html", ".html", _HTML, _by("failure.html:failure_html")),
        Format("csv", ".csv", _CSV, _by("failure.csv:failure_csv")),
        *_for_pipelines("failure.findings:failure_findings"),
    ),
    RecordKind.PROTECTION: (
        Format("json", ".json", _JSON, _by("protect.record:to_json")),
        Format("html", ".html", _HTML, _by("protect.html:to_html")),
        Format("csv", ".csv", _CSV, _by("protect.table:plan_rows", _ROWS)),
        *_for_pipelines("findings.protect:plan_findings"),
    ),
    RecordKind.TARGET: (
        Format("json", ".json", _JSON, _by("target.record:to_json")),
        Format("html", ".html", _HTML, _by("target.html:to_html")),
        Format("csv", ".csv", _CSV, _by("target.table:target_rows", _ROWS)),
        *_for_pipelines("findings.target:target_findings"),
    ),
    RecordKind.LOG_ODDS: (
        Format("json", ".json", _JSON, _by("log_odds.record:log_odds_json")),
        Format("html", ".html", _HTML, _by("log_odds.html:log_odds_html")),
        Format("csv", ".csv", _CSV, _by("tables:log_odds_rows", _ROWS)),
    ),
    RecordKind.RECIPES: (
        Format("json", ".json", "Write the report as JSON.", _by("shared.records:as_json")),
    ),
    RecordKind.INVENTORY: (
        Format("json", ".json", "Write the report as JSON.", _by("shared.records:as_json")),
    ),
}
"""Kind of record -> its forms, in the order in which they are offered and written.

Single trials are in no form: journals keep blocks of sixteen, so that CSV has a line per rate. A
hardening and a quantization judge nothing, so that no pipeline has a use for them beyond JSON.
"""


def register(kind: RecordKind, format_: Format) -> None:
    """Add a form; before the command line is loaded, if it is to have a flag.

    Args:
        kind: the records that it renders.
        format_: the form.
    """
    FORMATS[kind] = (*FORMATS[kind], format_)


def formats_of(kinds: Iterable[RecordKind]) -> dict[str, Format]:
    """Forms of one kind of record or several, by name; the first kind to have a name gives it."""
    found: dict[str, Format] = {}
    for kind in kinds:
        for format_ in FORMATS[kind]:
            found.setdefault(format_.name, format_)
    return found


def find_format(kind: RecordKind, name: str) -> Format | None:
    """The form of that name; None if the kind of record has none.

    Args:
        kind: of the record.
        name: of the form, such as ``json``.
    """
    return next((f for f in FORMATS[kind] if f.name == name), None)


def form_by_ending(file_name: str, forms: Iterable[Format]) -> Format | None:
    """The form that the ending of a file name says; of two endings that fit, the longer one.

    Args:
        file_name: name or path of a file.
        forms: that may be meant.

    >>> form_by_ending("out/gl.gitlab.json", FORMATS[RecordKind.RUN]).name
    'gitlab'
    >>> form_by_ending("report.pdf", FORMATS[RecordKind.RUN])
    """
    fitting = [form for form in forms if file_name.lower().endswith(form.suffix)]
    return max(fitting, key=lambda form: len(form.suffix), default=None)
