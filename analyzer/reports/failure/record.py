"""An error as a report, so that no older report is taken for the result of the job that failed."""

from typing import Literal

from analyzer.reports.shared.records import Name, ReportRecord, as_json, as_schema

FORMAT_VERSION: Literal["1.0"] = "1.0"


class ErrorPart(ReportRecord):
    """The sentence on standard error, and its slug, which docs/messages.md explains."""

    slug: str
    message: Name


class Failure(ReportRecord):
    """A job that ended in an error: there are no figures."""

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["failure"] = "failure"
    version: str
    error: ErrorPart
    exit_code: Literal[2, 4]
    started: str
    command: Name
    models: list[Name]


def failure_json(failure: Failure) -> str:
    """The JSON form."""
    return as_json(failure)


def failure_schema() -> str:
    """The published JSON Schema of a failure."""
    return as_schema(Failure, f"relcheck failure, format {FORMAT_VERSION}")


def failure_text(failure: Failure) -> str:
    """The sentence, as it stands on standard error."""
    return f"relcheck: {failure.error.message} [{failure.error.slug}]\n"
