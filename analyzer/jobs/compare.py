"""One comparison of models: prepare every model, run, run more for differences, report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from analyzer.campaign.comparison.additional_blocks import run_more
from analyzer.campaign.comparison.blocks_wanted import Wanted, missing_blocks, wanted_blocks
from analyzer.campaign.comparison.difference import ComparedModel, ModelFindings, compare
from analyzer.campaign.rate_state import Decided
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import NOTHING_ASKED, run_campaign
from analyzer.errors import BaselineMissing
from analyzer.gate import Verdict
from analyzer.gate.difference import AnyCondition
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.comparable import prepare_models, said_together
from analyzer.jobs.compare_gate import check_compared, decide, keep_counted
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.gates import judge_comparison
from analyzer.jobs.journals import journal_in
from analyzer.jobs.observer import SILENT, Observer, SweepStage
from analyzer.jobs.pools import open_pool
from analyzer.jobs.provenance import acceleration_parts, run_part, tool_part
from analyzer.jobs.report import Report, Status, status_of
from analyzer.jobs.requests.comparison import ComparisonRequest
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.sources import files_of
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.waivers import read_waivers, unexcused
from analyzer.reports.comparison.build import ComparisonEntry, build_comparison, label
from analyzer.reports.comparison.record import Comparison
from analyzer.reports.comparison.text import comparison_text, head_text, verdict_text
from analyzer.reports.formats import RecordKind
from analyzer.reports.shared.build import protection_part
from analyzer.reports.shared.number_format import METRIC_NAMES
from analyzer.reports.tables import Row, comparison_rows
from analyzer.stats.estimate import RateEstimate


@dataclass(frozen=True, repr=False, kw_only=True)
class ComparisonReport(Report[Comparison]):
    """A finished comparison."""

    kind: ClassVar[RecordKind | None] = RecordKind.COMPARISON

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
        """OK if the gates passed or, without gates, if the comparison is complete."""
        return status_of(self.verdict, self.complete)

    def to_text(self) -> str:
        """The comparison as plain text, 80 columns wide."""
        return comparison_text(self.record)

    def to_verdict(self) -> str:
        """The gates with their evidence; empty without any."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per model and bit error rate."""
        return comparison_rows(self.record)


NOT_RUN = ModelFindings(estimates=(), trials=(), stops=(), area=None)
"""The findings of a model whose campaign has not begun."""


class FairShare:
    """A budget for one of several campaigns: an equal share of what is left."""

    def __init__(self, watch: Stopwatch, total: float, campaigns: int) -> None:
        """Start.

        Args:
            watch: the clock of the whole comparison.
            total: CPU seconds that the whole may take.
            campaigns: number of campaigns still to come, this one included.
        """
        used = watch.cpu_seconds
        self._watch = watch
        self._limit = used + (total - used) / campaigns

    def charge(self, cpu_seconds: float) -> None:
        """Add CPU time that a worker spent on a block."""
        self._watch.charge(cpu_seconds)

    def spent(self) -> Stop | None:
        """The reason to stop now; None to go on."""
        late = self._watch.cpu_seconds > self._limit
        return self._watch.spent() or (Stop.BUDGET if late else None)

    def affords(self, under_way: int) -> bool:
        """Say whether one more block may begin while so many are under way."""
        return self._watch.affords(under_way, self._limit)


def compare_models(request: ComparisonRequest, observer: Observer = SILENT) -> ComparisonReport:
    """Compare models and write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, a model or the data.
        NotComparable: models that answer different questions.
    """
    request.check()
    if isinstance(request.models[0], Path) and not request.models[0].exists():
        raise BaselineMissing(
            f"there is no reference {request.models[0]}, with which the other models were to be "
            "compared; fetch it, or run the gate of a new model by relcheck run"
        )
    check_targets([*request.outputs.values()], [*files_of(*request.models), *request.data_files])
    waivers = read_waivers(request.waivers, request.gate, observer)
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    watch = Stopwatch(request.budget, request.inline, observer.alive, observer.message)
    observer.budgeted(lambda: watch.share_used)
    analyses, compared_models = prepare_models(request, observer, device, watch)
    check_compared(request.gate, analyses[0].context.plan.metric)
    begun = _record(analyses, compared_models, [NOT_RUN] * len(analyses), request, watch)
    observer.began(head_text(begun), printed_form(request.outputs) is not None)
    work = Work(analyses, compared_models, request, watch, observer)
    with watch.interruptible():
        _run_all(work, unexcused(request.gate, waivers) if request.until == "gate" else [])
    record = _record(analyses, compared_models, compare(compared_models), request, watch)
    gate = judge_comparison(record, request.gate, waivers)
    record = record.model_copy(update={"gate": gate})
    written = write_report(RecordKind.COMPARISON, record, request.outputs)
    return ComparisonReport(
        record=record,
        written=tuple(written),
        cut_short=frozenset(stop for model in compared_models for stop in model.cut_short),
        kept=request.journal is not NOWHERE,
        printed=printed_form(request.outputs),
    )


def _record(
    analyses: Sequence[Analysis],
    compared_models: Sequence[ComparedModel],
    found: Sequence[ModelFindings],
    request: ComparisonRequest,
    watch: Stopwatch,
) -> Comparison:
    entries = [
        ComparisonEntry(
            analysis.model,
            compared,
            figures,
            analysis.notes,
            protection_part(analysis.context.plan, analysis.memory, analysis.coding),
        )
        for analysis, compared, figures in zip(analyses, compared_models, found, strict=True)
    ]
    states = [
        state
        for index, analysis in enumerate(analyses)
        for state in acceleration_parts(analysis.executor, label(index))
    ]
    tool = tool_part(analyses[0].device)
    run = run_part(watch, None, request.command, states, request.models)
    return build_comparison(entries, said_together(analyses), tool, run)


@dataclass(frozen=True, slots=True)
class Work:
    """The trials of a comparison: what is run, and within which budget.

    Attributes:
        analyses: Models made ready, the reference first.
        models: Their campaigns, in the same order.
        request: What is asked for.
        watch: The clock of the whole comparison.
        observer: Is told how it goes.
    """

    analyses: Sequence[Analysis]
    models: Sequence[ComparedModel]
    request: ComparisonRequest
    watch: Stopwatch
    observer: Observer

    def run_blocks(self, wanted: Sequence[Wanted]) -> None:
        """Run blocks of each model that it does not have, and count them.

        Args:
            wanted: by model: blocks by cell.
        """
        for analysis, model, more in zip(self.analyses, self.models, wanted, strict=True):
            _run_missing(self, analysis, model, more)
            model.count(more)


def _run_all(work: Work, asked: Sequence[AnyCondition]) -> None:
    """Run campaigns, and what differences need beyond; first of all what is to be decided.

    Args:
        work: what is run.
        asked: conditions that end their rates once they are decided.
    """
    rates = work.analyses[0].context.plan.rates
    gated = {condition.rate for condition in asked}
    if asked:
        _run(work, dict.fromkeys(rates, _one_look))
        decide(work.models, asked, work.run_blocks, work.watch)
    rest = [rate for rate in rates if rate not in gated]
    if not rest:
        return
    counted = [keep_counted(model, sorted(gated)) for model in work.models if asked]
    _run(work, dict.fromkeys(gated, _one_look))
    for model, kept in zip(work.models, counted, strict=False):
        model.count(kept)
    work.run_blocks(wanted_blocks(work.models, rest))


def _one_look(_found: RateEstimate) -> bool:
    """End a rate after its first look."""
    return True


def _run(work: Work, decided: Mapping[float, Decided] = NOTHING_ASKED) -> None:
    """Run the campaign of each model, in turn."""
    count = len(work.analyses)
    for number, (analysis, model) in enumerate(zip(work.analyses, work.models, strict=True)):
        work.observer.message(f"{number + 1}/{count} {analysis.model.path.name}")
        budget = FairShare(work.watch, work.request.budget, count - number)
        plan = analysis.context.plan
        with (
            journal_in(work.request.journal, analysis, work.observer) as journal,
            open_pool(analysis, work.request, None, work.observer) as pool,
            work.observer.stage(SweepStage(plan.rates, METRIC_NAMES[plan.metric])),
        ):
            store = model.store.over(journal)
            result = run_campaign(
                analysis.context, pool, store, budget, work.observer, decided=decided
            )
        model.store.over(None)
        model.finish(result)


def _run_missing(work: Work, analysis: Analysis, model: ComparedModel, wanted: Wanted) -> None:
    if not wanted or work.watch.spent():
        return
    with journal_in(work.request.journal, analysis, work.observer) as journal:
        store = model.store.over(journal)
        blocks = missing_blocks(model, wanted)
        if blocks:
            name = analysis.model.path.name
            work.observer.message(f"for the differences: {len(blocks)} blocks more of {name}")
            with open_pool(analysis, work.request, None, work.observer) as pool:
                run_more(blocks, pool, store, work.watch)
    model.store.over(None)
