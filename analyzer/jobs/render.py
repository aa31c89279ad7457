"""A report that was written as JSON, in other forms: nothing is run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from analyzer.campaign.result import ended_early
from analyzer.errors import BadReport, quoted, short
from analyzer.jobs.compare import ComparisonReport
from analyzer.jobs.difference_report import DifferenceReport
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.log_odds import LogOddsFound
from analyzer.jobs.map import VulnerabilityReport
from analyzer.jobs.protect import ProtectionReport
from analyzer.jobs.replayed_report import ReplayedReport
from analyzer.jobs.report import Report, Status
from analyzer.jobs.requests.outputs import printed_form, with_outputs
from analyzer.jobs.sweep import SweepReport
from analyzer.jobs.target import TargetReport
from analyzer.reports.comparison.record import Comparison
from analyzer.reports.diff.record import Difference
from analyzer.reports.failure.record import Failure, failure_text
from analyzer.reports.formats import RecordKind, formats_of
from analyzer.reports.log_odds.record import LogOddsReport
from analyzer.reports.map.record import MapReport
from analyzer.reports.protect.record import ProtectionPlanReport
from analyzer.reports.replay.record import ReplayReport
from analyzer.reports.sweep import record as sweep
from analyzer.reports.tables import Row
from analyzer.reports.target import record as target

MOST_BYTES = 256 << 20
"""Of a report; the largest known, of a map with thousands of tensors, has a tenth."""


@dataclass(frozen=True, repr=False, kw_only=True)
class FailureReport(Report[Failure]):
    """A job that ended in an error."""

    kind: ClassVar[RecordKind | None] = RecordKind.FAILURE

    @property
    def status(self) -> Status:
        """That of the error: of the request or the input, or of relcheck itself."""
        return Status.ERROR if self.record.exit_code == 2 else Status.DEFECT

    def to_text(self) -> str:
        """The sentence that was told."""
        return failure_text(self.record)

    def to_verdict(self) -> str:
        """The sentence that was told."""
        return self.to_text()

    def rows(self) -> list[Row]:
        """One row: the error."""
        error = self.record.error
        return [{"error": error.slug, "message": error.message, "exit_code": self.record.exit_code}]


AnyReport = (
    SweepReport
    | VulnerabilityReport
    | ComparisonReport
    | DifferenceReport
    | TargetReport
    | ProtectionReport
    | ReplayedReport
    | LogOddsFound
    | FailureReport
)


def read_report(path: Path) -> AnyReport:
    """A report of any job that runs trials or compares reports, or of a failure, from JSON.

    Args:
        path: the file.

    Returns:
        What the job returned, but for its journal.

    Raises:
        BadReport: the file cannot be read, or is no such report.
    """
    content = _content(path)
    if not isinstance(content, dict) or "format_version" not in content:
        raise BadReport(
            f"{path} is no report of relcheck: name the JSON file of a run, a map or a comparison"
        )
    try:
        return _report(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadReport(
            f"{path} is a report of another version, or damaged: {quoted(where)}: "
            f"{short(first['msg'])}"
        ) from error


def _content(path: Path) -> Any:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadReport(f"{path} is larger than {MOST_BYTES >> 20} MiB: it is no report")
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadReport(f"there is no report {path}") from error
    except OSError as error:
        raise BadReport(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadReport(f"{path} is no JSON: {short(str(error))}") from error


def _report(content: dict[str, Any]) -> AnyReport:
    match content.get("kind"):
        case "failure":
            return FailureReport(record=Failure.model_validate(content))
        case "difference":
            return DifferenceReport(record=Difference.model_validate(content))
        case "log-odds":
            return LogOddsFound(record=LogOddsReport.model_validate(content))
        case "vulnerability map":
            found = MapReport.model_validate(content)
            return VulnerabilityReport(
                record=found, cut_short=ended_early(t.stop for t in found.tensors)
            )
        case "target":
            report = target.TargetReport.model_validate(content)
            stops = [report.campaign.stop, *(r.stop for s in report.regions for r in s.swept)]
            return TargetReport(record=report, cut_short=ended_early(stops))
        case "protection plan":
            return ProtectionReport(record=ProtectionPlanReport.model_validate(content))
        case "replay":
            return ReplayedReport(record=ReplayReport.model_validate(content))
    if "models" in content:
        comparison = Comparison.model_validate(content)
        rows = (row for model in comparison.models for row in model.rates)
        return ComparisonReport(record=comparison, cut_short=ended_early(r.stop for r in rows))
    swept = sweep.Report.model_validate(content)
    return SweepReport(record=swept, cut_short=ended_early(row.stop for row in swept.rates))


def render_report(path: Path, asked: dict[str, Any]) -> AnyReport:
    """Read a report, and write it in the forms that are asked for.

    Args:
        path: the JSON file.
        asked: the file of each form by name, and ``format``: a list of ``NAME=FILE``.

    Raises:
        BadReport: the file is no report.
        BadOption: a form that the report does not have.
        UnwritableOutput: a file cannot be written.
    """
    found = read_report(path)
    assert found.kind is not None
    values = with_outputs(asked, formats_of([found.kind]))
    outputs = {name: Path(file) for name, file in values.items() if file is not None}
    check_targets([*outputs.values()], [path])
    written = tuple(write_report(found.kind, found.record, outputs))
    return _with(found, written, printed_form(outputs))


def _with(found: AnyReport, written: tuple[Path, ...], printed: str | None) -> AnyReport:
    from dataclasses import replace

    return replace(found, written=written, printed=printed)
