"""A report on a deployment target: read, measure, judge, report."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from analyzer.campaign.events.breakdown import broken_down
from analyzer.gate import Verdict
from analyzer.gate.target import TargetCondition
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.provenance import acceleration_parts, run_part, settings_of, tool_part
from analyzer.jobs.report import Report, Status, status_of
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.sources import files_of
from analyzer.jobs.target.evidence import tool_evidence
from analyzer.jobs.target.gate import TargetGateReport, figures_in, judge_target_record
from analyzer.jobs.target.measure import Measured, measure_target
from analyzer.jobs.target.worst import worst_event_parts
from analyzer.reports.formats import RecordKind
from analyzer.reports.tables import Row
from analyzer.reports.target import record
from analyzer.reports.target.build import TargetContents, build_target_report
from analyzer.reports.target.table import target_rows
from analyzer.reports.target.text import to_text, verdict_text
from analyzer.stats.intervals import Interval
from analyzer.targets.read import digest_of, loaded_target, name_of


@dataclass(frozen=True, repr=False, kw_only=True)
class TargetReport(Report[record.TargetReport]):
    """A finished report on a target."""

    kind: ClassVar[RecordKind | None] = RecordKind.TARGET

    @property
    def verdict(self) -> Verdict | None:
        """Verdict over all conditions; None: there were none."""
        verdict = self.record.verdict.verdict
        return Verdict(verdict) if verdict else None

    @property
    def passed(self) -> bool | None:
        """True if all conditions passed; None: there were none."""
        return None if self.verdict is None else self.verdict is Verdict.PASS

    @property
    def status(self) -> Status:
        """OK if the conditions passed or, without any, if the trials are complete."""
        return status_of(self.verdict, self.complete)

    @property
    def figures(self) -> dict[str, Interval]:
        """The figures of conditions by name, such as ``sdc_fit``, each with its interval.

        Without a raw rate, or without enough trials, a figure is not there.
        """
        return {figure.value: found for figure, found in figures_in(self.record).items()}

    def gate(self, *conditions: str | TargetCondition) -> TargetGateReport:
        """Judge conditions afterwards, by the intervals of the report.

        Args:
            conditions: like ``sdc_fit <= 10``.

        Returns:
            The verdict with its evidence.

        Raises:
            BadGate: a condition cannot be read, or needs what the report does not tell.
        """
        return judge_target_record(self.record, conditions)

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        return to_text(self.record)

    def to_verdict(self) -> str:
        """The conditions with their evidence; empty without any."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per region."""
        return target_rows(self.record)


def analyze_target(request: TargetRequest, observer: Observer = SILENT) -> TargetReport:
    """Analyze a model on a deployment target, and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        BadTarget: the file is no target, or does not fit the model.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    inputs = [*files_of(request.model), *request.data_files]
    inputs += [request.target] if isinstance(request.target, Path) else []
    check_targets([*request.outputs.values()], inputs)
    target = loaded_target(request.target)
    found = measure_target(request, target, observer)
    found_record = report_on(request, found, observer)
    written = write_report(RecordKind.TARGET, found_record, request.outputs)
    return TargetReport(
        record=found_record,
        written=tuple(written),
        cut_short=found.cut_short,
        journal=found.journal,
        printed=printed_form(request.outputs),
    )


def report_on(
    request: TargetRequest, found: Measured, observer: Observer = SILENT
) -> record.TargetReport:
    """The report on a target that was measured.

    Args:
        request: what was asked for.
        found: what was measured.
        observer: is told how it goes.
    """
    analysis = found.prepared.analysis
    breakdown = broken_down(found.task) if found.task else None
    contents = TargetContents(
        target=found.prepared.target,
        file=name_of(request.target),
        sha256=digest_of(request.target),
        model=analysis.model,
        space=analysis.space,
        data=analysis.data,
        memory=analysis.memory,
        coding=analysis.coding,
        golden=analysis.context.golden,
        plan=analysis.context.plan,
        notes=analysis.notes,
        members=found.prepared.members,
        events=found.events,
        swept=found.swept,
        figures=found.figures,
        judged=found.conditions,
        confidence=found.confidence,
        breakdown=breakdown,
        worst=worst_event_parts(found.prepared, breakdown),
    )
    evidence = tool_evidence(request, analysis.model.size, observer)
    run = run_part(
        found.watch,
        found.journal,
        request.command,
        acceleration_parts(analysis.executor),
        [request.model],
        settings_of(request),
    )
    return build_target_report(contents, tool_part(analysis.device), run, evidence)
