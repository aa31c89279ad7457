"""One vulnerability map: prepare, run, report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from analyzer.campaign.maps.map import VulnerabilityMap
from analyzer.campaign.maps.result import TensorResult
from analyzer.campaign.maps.run import ShardResult, run_map, run_shard
from analyzer.campaign.maps.task import TensorTask
from analyzer.campaign.result import Stop, ended_early
from analyzer.campaign.runner import Store
from analyzer.campaign.tasks import WHOLE
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.gate import Verdict, Waiver, check_metrics
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.journals import journal_of, remember_finished
from analyzer.jobs.map_gate import check_parts, judge_map
from analyzer.jobs.observer import SILENT, MapStage, Observer
from analyzer.jobs.pools import early_start, open_pool
from analyzer.jobs.prepare import prepare_map
from analyzer.jobs.provenance import acceleration_parts, run_part, tool_part
from analyzer.jobs.reasons import tell_engine
from analyzer.jobs.replayed import CountingStore, tell_replayed
from analyzer.jobs.report import Report, Share, Status, status_of
from analyzer.jobs.requests.campaigns import MapRequest
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.sources import files_of
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.waivers import read_waivers
from analyzer.reports.formats import RecordKind
from analyzer.reports.map.build import build_map_report
from analyzer.reports.map.record import MapReport
from analyzer.reports.map.text import head_text, to_text, verdict_text
from analyzer.reports.shared.build import protection_part
from analyzer.reports.tables import Row, map_rows


@dataclass(frozen=True, repr=False, kw_only=True)
class VulnerabilityReport(Report[MapReport]):
    """A finished vulnerability map."""

    kind: ClassVar[RecordKind | None] = RecordKind.MAP

    @property
    def verdict(self) -> Verdict | None:
        """Verdict of the gates that were asked for; None: there were none."""
        return Verdict(self.record.gate.verdict) if self.record.gate else None

    @property
    def passed(self) -> bool | None:
        """True if the gates that were asked for passed; None: there were none."""
        return None if self.verdict is None else self.verdict is Verdict.PASS

    @property
    def status(self) -> Status:
        """OK if the gates passed or, without gates, if the map is complete."""
        return status_of(self.verdict, self.complete)

    def to_text(self) -> str:
        """The map as plain text, 80 columns wide."""
        return to_text(self.record)

    def to_verdict(self) -> str:
        """The gates with their evidence; empty without any."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per tensor, in the order of the file."""
        return map_rows(self.record)


def make_map(request: MapRequest, observer: Observer = SILENT) -> VulnerabilityReport | Share:
    """Make a map, or a share of one, and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Returns:
        The map; how far a share came, if the request asks for one.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    request.check()
    waivers = read_waivers(request.waivers, request.gate, observer)
    check_targets([*request.outputs.values()], [*files_of(request.model), *request.data_files])
    with WorkerProcesses() as crew:
        device = start_device(request.device, observer, request.precise_int8)
        request = on_device(request, device)
        watch = Stopwatch(request.budget, request.inline, observer.alive, observer.message)
        observer.budgeted(lambda: watch.share_used)
        analysis = prepare_map(request, observer, device, early_start(crew, request), watch)
        tell_engine(analysis.executor, analysis.space, observer)
        _check_gate(request, analysis)
        with journal_of(analysis, request, observer) as journal:
            _begin(analysis, request, watch, observer)
            store = CountingStore(journal)
            tensors = _run(analysis, request, store, watch, crew, observer)
            stops = _stops(tensors)
            remember_finished(journal, stops, watch.started[:10])
    tell_replayed(store.trials, _trials(tensors), journal, observer)
    where = journal.path if journal else None
    if isinstance(tensors, ShardResult):
        return Share(shard=request.shard, trials=tensors.trials, cut_short=stops, journal=where)
    return _report(analysis, request, tensors, waivers, watch, where)


def _check_gate(request: MapRequest, analysis: Analysis) -> None:
    """Refuse conditions on what the map will not tell, before any trial.

    Raises:
        BadGate: a part that the model does not have, or critical SDC without a table of it.
    """
    definition = analysis.context.golden.judge.definition
    told = definition.confusions is not None
    check_metrics(request.gate, definition.metric.name, critical=told)
    check_parts(request.gate, analysis.space)


def _begin(analysis: Analysis, request: MapRequest, watch: Stopwatch, observer: Observer) -> None:
    """Tell the head of the report, before the work; a share of the work has no report."""
    if request.shard != WHOLE:
        return
    record = _record(analysis, request, (), watch, None)
    observer.began(head_text(record), printed_form(request.outputs) is not None)


def _run(
    analysis: Analysis,
    request: MapRequest,
    store: Store,
    watch: Stopwatch,
    crew: WorkerProcesses,
    observer: Observer,
) -> tuple[TensorResult, ...] | ShardResult:
    context, every, shard = analysis.context, request.exhaustive, request.shard

    def tell(task: TensorTask) -> None:
        observer.tensor(task.tensor, task.shown, task.share())

    with (
        watch.interruptible(),
        open_pool(analysis, request, crew, observer) as pool,
        observer.stage(MapStage(len(analysis.space.tensors))),
    ):
        if shard.count > 1:
            return run_shard(context, pool, store, watch, tell, every, shard)
        return run_map(context, pool, store, watch, tell, every)


Found = tuple[TensorResult, ...] | ShardResult
"""The result of every tensor, or of a share."""


def _stops(found: Found) -> frozenset[Stop]:
    """Reasons why parts ended early; empty: the work is complete."""
    parts = [found] if isinstance(found, ShardResult) else found
    return ended_early(part.stop for part in parts)


def _trials(found: Found) -> int:
    return found.trials if isinstance(found, ShardResult) else sum(t.trials for t in found)


def _record(
    analysis: Analysis,
    request: MapRequest,
    tensors: tuple[TensorResult, ...],
    watch: Stopwatch,
    journal: Path | None,
) -> MapReport:
    plan, golden = analysis.context.plan, analysis.context.golden.metric
    return build_map_report(
        VulnerabilityMap(plan, golden, analysis.space, tensors),
        analysis.model,
        analysis.data,
        analysis.context.golden.judge.definition,
        tool_part(analysis.device),
        run_part(
            watch,
            journal,
            request.command,
            acceleration_parts(analysis.executor),
            [request.model],
        ),
        request.exhaustive,
        analysis.notes,
        protection_part(plan, analysis.memory, analysis.coding),
    )


def _report(
    analysis: Analysis,
    request: MapRequest,
    tensors: tuple[TensorResult, ...],
    waivers: Sequence[Waiver],
    watch: Stopwatch,
    journal: Path | None,
) -> VulnerabilityReport:
    record = _record(analysis, request, tensors, watch, journal)
    record = record.model_copy(update={"gate": judge_map(record, request.gate, waivers)})
    written = write_report(RecordKind.MAP, record, request.outputs)
    return VulnerabilityReport(
        record=record,
        written=tuple(written),
        cut_short=_stops(tensors),
        journal=journal,
        printed=printed_form(request.outputs),
    )
