"""The difference between two reports: read both, compare what can be compared, judge, report."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from analyzer import __version__
from analyzer.errors import BadGate, BadReport, BaselineMissing, NotComparable
from analyzer.faults.rates import show_rate
from analyzer.gate import Verdict
from analyzer.jobs.circumstances import AnyRecord, check_alike
from analyzer.jobs.diff_figures import Sides, alone, figure_part, figures_of, scored, side_by_side
from analyzer.jobs.diff_gate import check_conditions, judge_difference
from analyzer.jobs.difference_report import DifferenceReport
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.render import FailureReport, read_report
from analyzer.jobs.requests.diff import DiffRequest
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.waivers import read_waivers
from analyzer.reports.diff.record import (
    Difference,
    DiffFigurePart,
    DiffGatePart,
    DiffSidePart,
)
from analyzer.reports.formats import RecordKind
from analyzer.reports.map.record import MapReport
from analyzer.reports.sweep.record import Report

LISTED = 3
"""Rates, or tensors, that a sentence names."""

ASSUMPTIONS = (
    "The two runs are independent: the square of an arm of a difference is the sum of the squares "
    "of the matching arms of both figures (MOVER). Reports keep no single trials, so that pairing "
    "of trials cannot be used; relcheck compare uses it.",
    "The intervals of all differences hold together (union bound over figures). Those of the "
    "reports are widened for it as intervals of rare events are.",
    "Figures are those of faults on this data set; another sample of data is not part of the "
    "intervals.",
)


def diff_reports(request: DiffRequest, observer: Observer = SILENT) -> DifferenceReport:
    """Say how a new report differs from an old one, and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told of waivers that fit nothing.

    Raises:
        BaselineMissing: there is no old report.
        BadReport: a file is no report, or not one of a run or a map.
        NotComparable: a difference would not be that of the models.
        BadGate: a condition on what the reports do not have.
    """
    check_targets([*request.outputs.values()], [request.old, request.new])
    waivers = read_waivers(request.waivers, request.gate, observer)
    new = _read(request.new)
    old = _baseline(request)
    told, sides = _compared(request, old, new)
    gate = None
    if request.gate:
        if not isinstance(new, Report):
            raise BadGate("gates of relcheck diff are on runs; a map has its own (relcheck map)")
        check_conditions(request.gate, new, sides)
        gate = judge_difference(request.gate, new, sides, request.confidence, waivers)
    record = _record(request, old, new, told, sides, gate)
    written = write_report(RecordKind.DIFFERENCE, record, request.outputs)
    return DifferenceReport(
        record=record, written=tuple(written), printed=printed_form(request.outputs)
    )


def _read(path: Path) -> AnyRecord:
    """The record of a run or a map.

    Raises:
        BadReport: the file is none.
    """
    found = read_report(path)
    if isinstance(found, FailureReport):
        raise BadReport(
            f"{path} is the report of a run that ended in an error "
            f"[{found.record.error.slug}]: it has no figures"
        )
    if not isinstance(found.record, Report | MapReport):
        raise BadReport(f"{path} is no report of a run or a map, which relcheck diff compares")
    return found.record


def _baseline(request: DiffRequest) -> AnyRecord | None:
    """The old record; None where there is none, and need not be.

    Raises:
        BaselineMissing: there is none.
    """
    if request.old.exists():
        return _read(request.old)
    if request.missing_baseline == "pass":
        return None
    raise BaselineMissing(
        f"there is no old report {request.old}, with which {request.new} was to be compared; "
        "fetch it, or let a first run pass by --missing-baseline pass"
    )


def _compared(
    request: DiffRequest, old: AnyRecord | None, new: AnyRecord
) -> tuple[list[str], Sides | None]:
    """Sentences that come first, and the figures of both reports."""
    if old is None:
        name = request.old.name
        return [f"There is no old report {name} yet: nothing is compared, as was asked."], None
    names = (request.old.name, request.new.name)
    if isinstance(old, MapReport) is not isinstance(new, MapReport):
        raise NotComparable(f"of {names[0]} and {names[1]}, one is of a run and one of a map")
    told = check_alike(old, new, request.across, names)
    sides = side_by_side(old, new)
    if not sides.figures:
        raise NotComparable(f"{names[0]} and {names[1]} have no rate in common: nothing to compare")
    return [*told, *_left_out(old, new, sides)], sides


def _left_out(old: AnyRecord, new: AnyRecord, sides: Sides) -> Iterator[str]:
    """Sentences on rates, tensors or critical SDC that only one of the reports has."""
    shared = {figure[:2] for figure in sides.figures}
    for name, record in (("old", old), ("new", new)):
        alone = (figure for figure, _ in figures_of(record) if figure[:2] not in shared)
        places = list(dict.fromkeys(f.tensor or show_rate(f.rate or 0.0) for f in alone))
        if places:
            more = len(places) - LISTED
            rest = f" and {more} more" if more > 0 else ""
            yield f"Only the {name} report has {', '.join(places[:LISTED])}{rest}."
    if (old.severity is None) is not (new.severity is None):
        name = "old" if new.severity is None else "new"
        yield f"Only the {name} report tells critical SDC, which is not compared."


def _record(
    request: DiffRequest,
    old: AnyRecord | None,
    new: AnyRecord,
    told: list[str],
    sides: Sides | None,
    gate: DiffGatePart | None,
) -> Difference:
    shown = sides or alone(new)
    each = shown.each(request.confidence)
    figures = [figure_part(shown, figure, each, request.tolerance) for figure in shown.figures]
    return Difference(
        of="maps" if isinstance(new, MapReport) else "sweeps",
        version=__version__,
        baseline=request.old.name,
        old=_side(old, request.old) if old else None,
        new=_side(new, request.new),
        across=list(request.across),
        told=told,
        together=request.confidence,
        each=each,
        tolerance=request.tolerance,
        figures=figures,
        gate=gate,
        verdict=_verdict([] if request.gate or old is None else figures, gate).value,
        assumptions=list(ASSUMPTIONS),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=request.command,
    )


def _verdict(figures: Sequence[DiffFigurePart], gate: DiffGatePart | None) -> Verdict:
    """The gate's; without a gate a figure that is worse fails, and one without interval is open."""
    if gate is not None:
        return Verdict(gate.verdict)
    results = {figure.result for figure in figures}
    if "worse" in results:
        return Verdict.FAIL
    return Verdict.UNDECIDED if "unknown" in results else Verdict.PASS


def _side(record: AnyRecord, path: Path) -> DiffSidePart:
    metric = scored(record)
    trials = record.trials if isinstance(record, MapReport) else sum(r.trials for r in record.rates)
    return DiffSidePart(
        report=path.name,
        model=(record.run.models or [record.model.path])[0],
        model_sha256=record.model.sha256,
        data=f"{record.data.name}, {record.data.images} images",
        plan_id=record.plan.id,
        seed=record.plan.seed,
        confidence=record.plan.confidence,
        metric=metric,
        golden=record.golden.value if metric else None,
        trials=trials,
        bits_at_risk=record.model.bits_at_risk,
        share_out_of_scope=record.model.share_out_of_scope,
        version=record.tool.version,
        onnxruntime=record.tool.onnxruntime,
        provider=record.tool.provider,
        started=record.run.started,
    )
