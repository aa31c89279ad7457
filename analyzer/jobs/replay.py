"""Patterns run again: the injections of a fault list, or trials of a report, bit for bit."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analyzer.errors import BadFaultList, BadOption
from analyzer.faults.fault_list import read_fault_list
from analyzer.faults.listed_sites import ListedSites
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.prepare import prepare_sweep
from analyzer.jobs.repeated import Circumstances, Repeated, repeat
from analyzer.jobs.replayed_events import replay_events, target_report
from analyzer.jobs.replayed_report import ReplayedReport
from analyzer.jobs.replayed_trials import check_same, find_trials, reported
from analyzer.jobs.requests.replay import ReplayRequest
from analyzer.jobs.requests.settings import ask, is_given
from analyzer.jobs.sources import files_of
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.reports.shared.build import protection_part
from analyzer.reports.sweep.record import Report as SweepRecord


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
        BadOption: neither a list nor trials are named, or a flag has no effect here.
        BadFaultList: the list names a bit that there is not.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    given = {name: value for name, value in flags.items() if is_given(value)}
    if (target := target_report(source)) is not None:
        return replay_events(source, target, given, command, observer)
    if "target" in given:
        raise BadOption(f"--target has no effect on {source}: it is no report on a target")
    record, request = _request(source, given, command)
    request.check()
    outputs = [*request.outputs.values(), *([request.faults_out] if request.faults_out else [])]
    inputs = [*files_of(request.model), *request.data_files, source]
    check_targets(outputs, inputs + ([request.faults] if request.faults else []))
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    watch = Stopwatch(request.budget, True, observer.alive)
    analysis = prepare_sweep(request, observer, device)
    if record is not None:
        check_same(source, record, record.plan.id, analysis, strictly=request.faults is None)
    listed = request.faults is not None
    how = Circumstances(
        request=request,
        source=str((request.faults or source).name),
        watch=watch,
        command=command,
        fault=str(analysis.context.plan.fault),
        protection=protection_part(analysis.context.plan, analysis.memory, analysis.coding),
        listed=listed,
        oracle=request.oracle or not listed,
    )
    return repeat(analysis, list(_repeated(analysis, request, source, record)), how, observer)


def _request(
    source: Path, given: Mapping[str, Any], command: str
) -> tuple[SweepRecord | None, ReplayRequest]:
    """The report, if the source is one, and the request.

    Raises:
        BadReport: a JSON file that is no report of a run.
        BadOption: neither a list nor trials are named.
    """
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
