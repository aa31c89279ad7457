"""One sweep over bit error rates: prepare, run, judge, report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from analyzer.campaign.repetitions import RepeatedRate, run_repetitions
from analyzer.campaign.result import CampaignResult, Stop
from analyzer.campaign.runner import Budget, Store, run_campaign
from analyzer.campaign.tasks import WHOLE
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.gate import Condition, Judgement, Verdict, Waiver, deciders, judge_gate
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.gates import GateReport, judge_record
from analyzer.jobs.journals import journal_of, remember_finished
from analyzer.jobs.observer import SILENT, Observer, SweepStage
from analyzer.jobs.pools import early_start, open_pool
from analyzer.jobs.prepare import prepare_sweep
from analyzer.jobs.provenance import acceleration_parts, run_part, settings_of, tool_part
from analyzer.jobs.reasons import tell_engine
from analyzer.jobs.repetitions import repetitions_part
from analyzer.jobs.replayed import CountingStore, tell_replayed
from analyzer.jobs.report import Report, Share, Status, status_of
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.protocols import PROTOCOLS
from analyzer.jobs.sources import files_of
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.waivers import hopeless, read_waivers, with_waivers
from analyzer.jobs.worst import worst_parts
from analyzer.reports.formats import RecordKind
from analyzer.reports.shared.build import protection_part
from analyzer.reports.shared.number_format import METRIC_NAMES
from analyzer.reports.sweep import record
from analyzer.reports.sweep.build import build_report
from analyzer.reports.sweep.text import head_text, to_text, verdict_text
from analyzer.reports.tables import Row, sweep_rows


@dataclass(frozen=True, repr=False, kw_only=True)
class SweepReport(Report[record.Report]):
    """A finished sweep."""

    kind: ClassVar[RecordKind | None] = RecordKind.RUN

    @property
    def verdict(self) -> Verdict | None:
        """Verdict of the gates that were asked for; None: there were none."""
        verdict = self.record.gate.verdict
        return Verdict(verdict) if verdict else None

    @property
    def passed(self) -> bool | None:
        """True if the gates that were asked for passed; None: there were none."""
        return None if self.verdict is None else self.verdict is Verdict.PASS

    @property
    def status(self) -> Status:
        """OK if the gates passed or, without gates, if the sweep is complete."""
        return status_of(self.verdict, self.complete)

    def gate(self, *conditions: str | Condition) -> GateReport:
        """Judge conditions afterwards, by the intervals of the sweep.

        Args:
            conditions: like ``top1 >= 0.9 @ 1e-6``, at rates of the sweep.

        Returns:
            The verdict with its evidence.

        Raises:
            BadGate: a condition cannot be read, or the sweep does not measure what it asks for.
        """
        return judge_record(self.record, conditions)

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        return to_text(self.record)

    def to_verdict(self) -> str:
        """The gates with their evidence; empty without any."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per bit error rate."""
        return sweep_rows(self.record)


class Settled:
    """The budget of a sweep that is decided before its first trial."""

    def charge(self, cpu_seconds: float) -> None:
        """Take no notice."""

    def spent(self) -> Stop:
        """The reason to stop."""
        return Stop.DECIDED

    def affords(self, under_way: int) -> bool:
        """Let no block begin."""
        return False


@dataclass(frozen=True, slots=True)
class Swept:
    """The outcome of the trials.

    Attributes:
        result: Of the sweep.
        repeated: Of the repetitions of a protocol, by rate.
        stop: Why these ended early; None: they did not, or there are none.
    """

    result: CampaignResult
    repeated: tuple[RepeatedRate, ...] = ()
    stop: Stop | None = None

    @property
    def cut_short(self) -> frozenset[Stop]:
        """Reasons why parts of it ended early."""
        return self.result.cut_short | ({self.stop} if self.stop else set())


def _asked(request: SweepRequest, waivers: Sequence[Waiver]) -> list[Condition]:
    """Conditions that end a rate once they are decided; those that are waived need not be."""
    excused = {waiver.gate for waiver in waivers if not waiver.expired}
    wanted = request.gate if request.until == "gate" else ()
    return [condition for condition in wanted if condition.id not in excused]


def _golden(analysis: Analysis) -> tuple[str, float]:
    """The metric, and its value without faults."""
    return analysis.context.plan.metric, analysis.context.golden.metric


def run_sweep(
    request: SweepRequest, observer: Observer = SILENT, outer: Stopwatch | None = None
) -> SweepReport | Share:
    """Run a sweep, or a share of one, and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.
        outer: the clock of the job that the sweep is a part of; None: the sweep is the job.

    Returns:
        The report; how far a share came, if the request asks for one.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    check_targets([*request.outputs.values()], [*files_of(request.model), *request.data_files])
    waivers = read_waivers(request.waivers, request.gate, observer)
    with WorkerProcesses() as crew:
        device = start_device(request.device, observer, request.precise_int8)
        request = on_device(request, device)
        watch = Stopwatch(request.budget, request.inline, observer.alive, observer.message, outer)
        observer.budgeted(lambda: watch.share_used)
        begin = early_start(crew, request)
        analysis = prepare_sweep(request, observer, device, begin, watch)
        tell_engine(analysis.executor, analysis.space, observer)
        with journal_of(analysis, request, observer) as journal:
            _begin(analysis, request, watch, observer)
            doomed = hopeless(request.gate, waivers, *_golden(analysis))
            budget: Budget = watch if doomed is None else Settled()
            asked = _asked(request, waivers)
            store = CountingStore(journal)
            run = _campaign(analysis, request, store, watch, crew, observer, budget, asked)
            result = run.result
            remember_finished(journal, run.cut_short, watch.started[:10])
    total = sum(rate.tally.trials for rate in result.rates)
    tell_replayed(store.trials, total, journal, observer)
    where = journal.path if journal else None
    if request.shard.count > 1:
        return Share(shard=request.shard, trials=total, cut_short=run.cut_short, journal=where)
    judged = with_waivers(judge_gate(request.gate, result), waivers)
    found = _record(analysis, request, run, watch, where, judged)
    written = write_report(RecordKind.RUN, found, request.outputs)
    return SweepReport(
        record=found,
        written=tuple(written),
        cut_short=run.cut_short,
        journal=where,
        printed=printed_form(request.outputs),
    )


def _begin(analysis: Analysis, request: SweepRequest, watch: Stopwatch, observer: Observer) -> None:
    """Tell the head of the report, before the work; a share of the work has no report."""
    if request.shard != WHOLE:
        return
    nothing = Swept(CampaignResult(analysis.context.plan, analysis.context.golden.metric, ()))
    record = _record(analysis, request, nothing, watch, None, ())
    observer.began(head_text(record), printed_form(request.outputs) is not None)


def _campaign(
    analysis: Analysis,
    request: SweepRequest,
    store: Store,
    watch: Stopwatch,
    crew: WorkerProcesses,
    observer: Observer,
    budget: Budget,
    asked: Sequence[Condition],
) -> Swept:
    context, plan = analysis.context, analysis.context.plan
    stage = SweepStage(plan.rates, METRIC_NAMES[plan.metric])
    repeated: tuple[RepeatedRate, ...] = ()
    stop: Stop | None = None
    with watch.interruptible(), open_pool(analysis, request, crew, observer) as pool:
        if request.protocol is not None:  # first, as their number is fixed and a sweep's is not
            wanted = PROTOCOLS[request.protocol].repetitions
            observer.message(f"protocol {request.protocol}: {wanted} repetitions at each rate")
            with observer.stage(stage):
                repeated, stop = run_repetitions(
                    context, wanted, pool, store, budget, observer, request.shard
                )
        with observer.stage(stage):
            found = run_campaign(
                context, pool, store, budget, observer, request.shard, deciders(asked)
            )
    return Swept(found, repeated, stop)


def _record(
    analysis: Analysis,
    request: SweepRequest,
    run: Swept,
    watch: Stopwatch,
    journal: Path | None,
    judged: Sequence[Judgement],
) -> record.Report:
    result, repetitions = run.result, None
    if request.protocol is not None:
        protocol = PROTOCOLS[request.protocol]
        repetitions = repetitions_part(
            protocol,
            result.plan,
            result,
            run.repeated,
            [batch.images for batch in analysis.context.golden.batches],
        )
    return build_report(
        result,
        analysis.model,
        analysis.space,
        analysis.data,
        analysis.context.golden.judge.definition,
        judged,
        tool_part(analysis.device),
        run_part(
            watch,
            journal,
            request.command,
            acceleration_parts(analysis.executor),
            [request.model],
            settings_of(request),
        ),
        analysis.notes,
        protection_part(result.plan, analysis.memory, analysis.coding),
        worst_parts(analysis, result),
        repetitions,
    )
