"""Measures a target: outcomes given one event in each region, or a sweep where several meet."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from analyzer.campaign.events.result import EventFigures, EventResult
from analyzer.campaign.events.run import run_events
from analyzer.campaign.events.task import EventTask
from analyzer.campaign.journal.journal import Journal
from analyzer.campaign.result import Stop, ended_early
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.gate.target import TargetCondition
from analyzer.gate.target_figures import TargetFigures
from analyzer.gate.target_judge import TargetJudgement, judge_target
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.journals import journal_of, remember_finished
from analyzer.jobs.observer import SILENT, MapStage, Observer
from analyzer.jobs.pools import early_start, open_pool
from analyzer.jobs.replayed import CountingStore, tell_replayed
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.target.conditions import (
    conditions_of,
    decision,
    focus_of,
    precise_enough,
    questions,
    sweep_precision,
)
from analyzer.jobs.target.exhaustive import check_exhaustive
from analyzer.jobs.target.prepare import PreparedTarget, prepare_target
from analyzer.jobs.target.swept import sweep_region
from analyzer.reports.target.swept import SweptRegion
from analyzer.targets.target import DeploymentTarget


@dataclass(frozen=True)
class Measured:
    """A target that was measured.

    Attributes:
        prepared: The target, its regions, the analysis.
        events: Trials of one event each; None: no region is in that regime.
        swept: By number of the region, sweeps of those that meet several events.
        conditions: Each condition with its evidence.
        confidence: Of each interval, so that all conditions hold together.
        watch: The clock of the job.
        journal: File that keeps finished work; None: there is none.
        task: The campaign behind ``events``, with all of its trials; None likewise.
    """

    prepared: PreparedTarget
    events: EventResult | None
    swept: dict[int, SweptRegion]
    conditions: tuple[TargetJudgement, ...]
    confidence: float
    watch: Stopwatch
    journal: Path | None
    task: EventTask | None = None

    @property
    def figures(self) -> TargetFigures:
        """All figures that conditions may be about."""
        return figures_of(self.prepared, self.swept, self.events.figures if self.events else None)

    @property
    def cut_short(self) -> frozenset[Stop]:
        """Reasons why parts ended early; empty if all is decided, or as precise as asked."""
        stops = [r.stop for s in self.swept.values() for r in s.record.rates]
        return ended_early([*stops, self.events.stop if self.events else None])


Journals = Callable[[Analysis, TargetRequest, Observer], AbstractContextManager[Journal | None]]
"""Opens the journal of a campaign; None: nothing keeps its work."""


def figures_of(
    prepared: PreparedTarget, swept: dict[int, SweptRegion], events: EventFigures | None
) -> TargetFigures:
    """All figures that conditions may be about.

    Args:
        prepared: the target and its regions.
        swept: by number of the region.
        events: outcomes given one event; None: no region is in that regime.
    """
    golden = prepared.analysis.context.golden.metric
    found = {number: sweep.figures for number, sweep in swept.items()}
    return TargetFigures(prepared.exposures, golden, events, found)


def measure_target(
    request: TargetRequest,
    target: DeploymentTarget,
    observer: Observer = SILENT,
    outer: Stopwatch | None = None,
    journals: Journals = journal_of,
) -> Measured:
    """Measure a target, until its conditions are decided or the budget is spent.

    Args:
        request: what is asked for; its file of the target is not read.
        target: the target.
        observer: is told how it goes.
        outer: the clock of the job that this is a part of; None: this is the job.
        journals: opens the journal of single events.

    Raises:
        BadTarget: tensors and regions do not match.
        BadGate: a condition needs a raw rate that is missing.
        BadOption: every event is to be run, and cannot be.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    conditions = conditions_of(target, request.gate, request.severity is not None)
    confidence = 1.0 - (1.0 - request.confidence) / questions(conditions, len(target.region))
    with WorkerProcesses() as crew:
        device = start_device(request.device, observer, request.precise_int8)
        request = on_device(request, device)
        watch = Stopwatch(request.budget, request.inline, observer.alive, observer.message, outer)
        begin = early_start(crew, request)
        prepared = prepare_target(request, target, device, observer, begin, watch)
        if request.exhaustive:
            check_exhaustive(prepared)
        asked = Asked(conditions, confidence, watch, observer, journals)
        with watch.interruptible():
            swept = _swept(request, prepared, asked)

            def everything(found: EventFigures | None) -> TargetFigures:
                return figures_of(prepared, swept, found)

            events, journal, task = None, None, None
            if prepared.counted:
                events, journal, task = _events(request, prepared, asked, everything, crew)
    judged = judge_target(conditions, everything(events.figures if events else None))
    return Measured(prepared, events, swept, tuple(judged), confidence, watch, journal, task)


@dataclass(frozen=True)
class Asked:
    """The terms of all parts of a measurement.

    Attributes:
        conditions: On the target.
        confidence: Of each interval, so that all conditions hold together.
        watch: The clock of the job.
        observer: Is told how it goes.
        journals: Opens the journal of single events.
    """

    conditions: tuple[TargetCondition, ...]
    confidence: float
    watch: Stopwatch
    observer: Observer
    journals: Journals


def _swept(
    request: TargetRequest, prepared: PreparedTarget, asked: Asked
) -> dict[int, SweptRegion]:
    """Sweeps of the regions that meet several events, each with an equal part of the budget."""
    each = request.budget / (len(prepared.swept) + bool(prepared.counted))
    given = request.precision if "precision" in request.model_fields_set else None
    return {
        number: sweep_region(
            request,
            prepared,
            number,
            asked.confidence,
            sweep_precision(asked.conditions, prepared.exposures[number].window_hours, given),
            each,
            asked.observer,
            asked.watch,
        )
        for number in prepared.swept
    }


def _events(
    request: TargetRequest,
    prepared: PreparedTarget,
    asked: Asked,
    everything: Callable[[EventFigures | None], TargetFigures],
    crew: WorkerProcesses,
) -> tuple[EventResult, Path | None, EventTask]:
    """The campaign of single events, its journal, and its trials."""
    analysis, conditions, observer = prepared.analysis, asked.conditions, asked.observer

    def tell(task: EventTask) -> None:
        observer.tensor(0, task.shown, task.share())

    with (
        asked.journals(analysis, request, observer) as journal,
        open_pool(analysis, request, crew, observer) as pool,
        observer.stage(MapStage(1, "events")),
    ):
        task = EventTask(
            analysis.context,
            prepared.weights,
            decision(conditions, everything) if conditions else precise_enough(request.precision),
            asked.confidence,
            exhaustive=request.exhaustive,
            answered=Stop.DECIDED if conditions else Stop.PRECISION,
            focus=focus_of(conditions, prepared.weights) if conditions else None,
            precision=None if conditions else request.precision,
        )
        store = CountingStore(journal)
        found = run_events(task, pool, store, asked.watch, tell)
        remember_finished(journal, ended_early([found.stop]), asked.watch.started[:10])
    tell_replayed(store.trials, found.trials, journal, observer)
    return found, (journal.path if journal else None), task
