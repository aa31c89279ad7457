"""Patterns run again: the injections of a fault list, or trials of a report, bit for bit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache as remembered
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from analyzer.campaign.protected import protected
from analyzer.campaign.replay import Opener, Replay, Replayed
from analyzer.errors import BadFaultList, BadOption
from analyzer.faults.fault_list import read_fault_list
from analyzer.faults.listed_sites import ListedSites
from analyzer.faults.models import FaultPattern
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.fault_lists import write_patterns
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.observer import SILENT, CountStage, Observer
from analyzer.jobs.prepare import prepare_sweep
from analyzer.jobs.protected import readable
from analyzer.jobs.provenance import acceleration_parts, run_part, tool_part
from analyzer.jobs.replayed_trials import ReportedTrial, check_same, find_trials, reported
from analyzer.jobs.report import Report, Status
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.replay import ReplayRequest
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.sources import files_of
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.worst import changes_of
from analyzer.reports.formats import RecordKind
from analyzer.reports.replay.build import MOST_ELEMENTS, PatternFindings, build_replay
from analyzer.reports.replay.record import ReplayReport
from analyzer.reports.replay.rows import replay_rows
from analyzer.reports.replay.text import to_text, verdict_text
from analyzer.reports.shared.build import protection_part
from analyzer.reports.sweep.record import Report as SweepRecord
from analyzer.reports.tables import Row
from analyzer.runtime.executor import Executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor

SHOWN_OF_TRIAL, SHOWN_OF_LIST = 1000, 10
"""Images of one pattern in the report: of a trial, and of an injection of a list."""


@dataclass(frozen=True, repr=False, kw_only=True)
class ReplayedReport(Report[ReplayReport]):
    """Patterns that were run again."""

    kind: ClassVar[RecordKind | None] = RecordKind.REPLAY

    @property
    def status(self) -> Status:
        """Failed where a file that was edited, or the report, says otherwise."""
        for part in self.record.patterns:
            if part.edited_file == "different" or part.reproduced is False:
                return Status.FAILED
        return Status.OK

    def to_text(self) -> str:
        """One pattern in detail, or a table of several, 80 columns wide."""
        return to_text(self.record)

    def to_verdict(self) -> str:
        """The patterns that a report, or an edited file, contradicts; empty without any."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per pattern."""
        return replay_rows(self.record)


@dataclass(frozen=True)
class Repeated:
    """One pattern that is to be run again.

    Attributes:
        name: In reports.
        batches: Indices of the batches that meet it.
        pattern: The faults.
        trial: What a report says of it; None: it comes from a list.
    """

    name: str
    batches: Sequence[int]
    pattern: FaultPattern
    trial: ReportedTrial | None = None


def replay(
    source: Path, flags: Mapping[str, Any], command: str = "", observer: Observer = SILENT
) -> ReplayedReport:
    """Run patterns again, and write what was asked for.

    Args:
        source: the JSON report of a run, or a model.
        flags: by name, over the settings that the report records; None: not given.
        command: what asked for the job, for the report.
        observer: is told how it goes.

    Raises:
        ReportMismatch: the model or the data are not those of the report.
        BadFaultList: the list names a bit that there is not.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    record, request = _request(source, flags, command)
    request.check()
    outputs = [*request.outputs.values(), *([request.faults_out] if request.faults_out else [])]
    inputs = [*files_of(request.model), *request.data_files, source]
    check_targets(outputs, inputs + ([request.faults] if request.faults else []))
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    watch = Stopwatch(request.budget, True, observer.alive)
    analysis = prepare_sweep(request, observer, device)
    if record is not None:
        check_same(source, record, analysis, strictly=request.faults is None)
    repeated = list(_repeated(analysis, request, source, record))
    if request.faults_out:
        write_patterns(analysis, [(r.name, r.pattern) for r in repeated], request.faults_out)
    found = _run(analysis, request, repeated, observer)
    report = build_replay(
        analysis.context,
        analysis.model,
        analysis.space,
        analysis.data,
        str((request.faults or source).name),
        found,
        tool_part(analysis.device),
        run_part(watch, None, command, acceleration_parts(analysis.executor), [request.model]),
        analysis.notes,
        protection_part(analysis.context.plan, analysis.memory, analysis.coding),
    )
    written = write_report(RecordKind.REPLAY, report, request.outputs)
    more = [request.faults_out] if request.faults_out else []
    return ReplayedReport(
        record=report, written=(*written, *more), printed=printed_form(request.outputs)
    )


def _request(
    source: Path, flags: Mapping[str, Any], command: str
) -> tuple[SweepRecord | None, ReplayRequest]:
    """The report, if the source is one, and the request.

    Raises:
        BadReport: a JSON file that is no report of a run.
        BadOption: neither a list nor trials are named.
    """
    given = {name: value for name, value in flags.items() if value not in (None, [])}
    if source.suffix.lower() == ".json":
        record, settings = reported(source, given)
        given = {**settings, **given}
        model = Path(given.pop("model"))
        return record, ask(ReplayRequest, {**given, "jobs": 0}, model=model, command=command)
    if "faults" not in given:
        raise BadOption(
            f"--faults is missing: {source} is a model, and a list says which bits of it flip; "
            "trials are replayed from the JSON report of a run"
        )
    for name in ("model", "trial"):
        if name in given:
            raise BadOption(f"--{name} has no effect on a model; name the JSON report of a run")
    return None, ask(ReplayRequest, {**given, "jobs": 0}, model=source, command=command)


def _repeated(
    analysis: Analysis, request: ReplayRequest, source: Path, record: SweepRecord | None
) -> Iterator[Repeated]:
    """The patterns of the list, or of the trials of the report."""
    if request.faults:
        sites = ListedSites(analysis.space, str(request.faults))
        every = range(len(analysis.context.golden.batches))
        for injection in read_fault_list(_text(request.faults), str(request.faults)):
            yield Repeated(injection.name, every, sites.pattern(injection, request.fault))
        return
    assert record is not None, "a model without a list is refused"
    for trial in find_trials(source, record, analysis, request.trial):
        yield Repeated(trial.name, trial.draw.batches, trial.draw.pattern, trial)


def _text(path: Path) -> str:
    """The content of a list.

    Raises:
        BadFaultList: it cannot be read.
    """
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise BadFaultList(f"there is no fault list {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadFaultList(f"fault list {path} cannot be read as text") from error


def _run(
    analysis: Analysis, request: ReplayRequest, repeated: Sequence[Repeated], observer: Observer
) -> list[PatternFindings]:
    """Run every pattern: trials with the oracle, injections of a list without, unless asked."""
    listed = request.faults is not None
    oracles = _oracles(analysis) if request.oracle or not listed else ()
    most = SHOWN_OF_LIST if listed else SHOWN_OF_TRIAL
    run = Replay(analysis.context, oracles, most, harmed=listed)
    found = []
    with observer.stage(CountStage(len(repeated), "replaying")):
        for index, one in enumerate(repeated):
            again = run.run(one.batches, one.pattern)
            changes = changes_of(analysis, one.pattern)
            found.append(
                PatternFindings(
                    name=one.name,
                    upsets=len(one.pattern),
                    changed=len(changes),
                    elements=changes.farthest(MOST_ELEMENTS),
                    again=again,
                    reproduced=_same(one, again),
                )
            )
            observer.step(index)
    return found


def _same(one: Repeated, again: Replayed) -> bool | None:
    """True if the outcomes are those of the report; None where there is none."""
    return None if one.trial is None else one.trial.agrees(again.outcomes)


def _oracles(analysis: Analysis) -> tuple[Opener, ...]:
    """Executors that edit the file: as a default session packs weights, and as none does."""
    return tuple(remembered(partial(_oracle, analysis, pack)) for pack in (True, False))


def _oracle(analysis: Analysis, pack: bool) -> Executor:
    space = readable(analysis.space, analysis.memory)
    oracle = RewriteExecutor(analysis.model, space, analysis.device, pack=pack)
    return protected(oracle, analysis.memory)
