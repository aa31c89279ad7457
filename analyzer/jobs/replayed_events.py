"""Events of a report on a target, run again."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analyzer.campaign.event_cells import EventCell
from analyzer.errors import BadOption, ReportMismatch, quoted
from analyzer.faults.protections import NONE, parse_protection
from analyzer.faults.protections.protection import storage_overhead
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.render import read_report
from analyzer.jobs.repeated import Circumstances, Repeated, repeat
from analyzer.jobs.replayed_report import ReplayedReport
from analyzer.jobs.replayed_trials import ReportedTrial, check_same, settings_of_report
from analyzer.jobs.requests.replay import EventReplayRequest
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.sources import files_of
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.target.analyze import TargetReport as TargetAnalysis
from analyzer.jobs.target.prepare import PreparedTarget, prepare_target
from analyzer.reports.shared.records import ProtectionPart
from analyzer.reports.target.record import TargetReport
from analyzer.reports.target.trials import EventTrialPart
from analyzer.targets.read import loaded_target

ELSEWHERE = {
    "faults": "name the model instead of the report",
    "oracle": "every event is compared with an edited file",
}
"""Flags that have no effect on the report on a target, with what to do, or why."""


def target_report(source: Path) -> TargetReport | None:
    """The report on a target; None: the file is none.

    Args:
        source: a JSON report, or a model.

    Raises:
        BadReport: it is a JSON file, and no report.
    """
    if source.suffix.lower() != ".json":
        return None
    found = read_report(source)
    return found.record if isinstance(found, TargetAnalysis) else None


def replay_events(
    source: Path,
    record: TargetReport,
    given: Mapping[str, Any],
    command: str = "",
    observer: Observer = SILENT,
) -> ReplayedReport:
    """Run events of a report again, and write what was asked for.

    Args:
        source: the JSON report.
        record: its content.
        given: flags by name, over the settings that the report records.
        command: what asked for the job, for the report.
        observer: is told how it goes.

    Raises:
        ReportMismatch: the model, the data or the target are not those of the report.
        BadOption: there is no such event, or a flag that has no effect here.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    request = _request(source, record, given, command)
    outputs = [*request.outputs.values(), *([request.faults_out] if request.faults_out else [])]
    inputs = [*files_of(request.model), *request.data_files, source]
    inputs += [request.target] if isinstance(request.target, Path) else []
    check_targets(outputs, inputs)
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    watch = Stopwatch(request.budget, True, observer.alive)
    target = loaded_target(request.target)
    prepared = prepare_target(request, target, device, observer, watch=watch)
    check_same(source, record, record.campaign.plan, prepared.analysis, strictly=True)
    how = Circumstances(
        request=request,
        source=source.name,
        watch=watch,
        command=command,
        fault=_events(prepared),
        protection=_protection(prepared),
    )
    repeated = list(_repeated(source, record, prepared, request.trial))
    return repeat(prepared.analysis, repeated, how, observer)


def _request(
    source: Path, record: TargetReport, given: Mapping[str, Any], command: str
) -> EventReplayRequest:
    """The request, by the settings of the report.

    Raises:
        BadOption: a flag that has no effect here.
    """
    for name, why in ELSEWHERE.items():
        if name in given:
            raise BadOption(f"--{name} has no effect on {source}, a report on a target: {why}")
    settings = settings_of_report(source, record, given)
    if "target" not in {**settings, **given}:
        raise BadOption(f"--target is missing: {source} does not say where its target is")
    asked = {**settings, "batch": record.campaign.batch, **given}
    model = Path(asked.pop("model"))
    return ask(EventReplayRequest, {**asked, "jobs": 0}, model=model, command=command)


def _events(prepared: PreparedTarget) -> str:
    """The events of every region, each once."""
    return "; ".join(dict.fromkeys(region.events for region in prepared.target.region))


def _protection(prepared: PreparedTarget) -> ProtectionPart | None:
    """The protections of all regions together; None: there is none."""
    memory, regions = prepared.analysis.memory, prepared.target.region
    if memory is None:
        return None
    rules = dict.fromkeys(r.protection for r in regions if r.protection != NONE.name)
    return ProtectionPart(
        rules=prepared.analysis.context.plan.protection,
        about=" ".join(parse_protection(rule).about for rule in rules),
        data_bits=memory.data.bits,
        protected_bits=memory.protected_bits,
        check_bits=memory.space.bits - memory.data.bits,
        overhead=str(storage_overhead(memory)),
        coding_loss=None,
    )


def _repeated(
    source: Path, record: TargetReport, prepared: PreparedTarget, asked: str | None
) -> Iterator[Repeated]:
    """The events that are asked for, drawn again.

    Raises:
        BadOption: there is no such event.
    """
    for name, part in _named(source, record, asked):
        cell, index = _cell(source, prepared, name)
        context = prepared.analysis.context
        draw = cell.draw(context.patterns, context.golden.ends, index)
        trial = ReportedTrial(name, draw, part)
        yield Repeated(name, draw.batches, draw.pattern, trial)


def _named(
    source: Path, record: TargetReport, asked: str | None
) -> list[tuple[str, EventTrialPart | None]]:
    """Names of the events that are asked for, with what the report says of them.

    Raises:
        BadOption: the report has no worst events, or fewer.
    """
    worst = record.worst
    if asked is None:
        if not worst:
            raise BadOption(
                f"{source} has no worst events: none did any harm, or all regions are swept; name "
                "an event by --trial event-drawn/STRATUM/INDEX"
            )
        return [(part.name, part) for part in worst]
    if asked.isdecimal():
        if not 1 <= int(asked) <= len(worst):
            raise BadOption(
                f"--trial {asked}: {source} has {len(worst)} worst events, numbered from 1"
            )
        part = worst[int(asked) - 1]
        return [(part.name, part)]
    return [(asked, next((part for part in worst if part.name == asked), None))]


def _cell(source: Path, prepared: PreparedTarget, name: str) -> tuple[EventCell, int]:
    """The cell and the index of an event.

    Raises:
        BadOption: the name is none, or that of a stratum that there is not.
        ReportMismatch: no region is in the regime of one event.
    """
    events = prepared.analysis.context.patterns.events
    if events is None or not events.strata:
        raise ReportMismatch(f"{source}: no region is in the regime of one event")
    stratum, _, index = name.rpartition("/")
    try:
        cell, number = EventCell.named(stratum), int(index)
    except ValueError as error:
        raise BadOption(
            f"--trial {quoted(name)} names no event; write a number like 1, or a name like "
            "event-drawn/0/42"
        ) from error
    if not 0 <= cell.number < len(events.strata) or number < 0:
        raise BadOption(
            f"--trial {quoted(name)}: there are {len(events.strata)} strata, numbered from 0"
        )
    return cell, number
