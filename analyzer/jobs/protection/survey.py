"""The harm of one event in each part of each tensor, where nothing protects the memories.

It is a vulnerability map whose trials go where the storage is. A map gives each tensor the same
margin, which a plan has no use for: what is left in a small tensor counts little. Here trials are
allotted by Neyman's rule to the parts of all tensors together, until the harm of those parts that a
plan may leave as they are is known well enough.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analyzer.campaign.events.harm_cells import event_kind, share_of
from analyzer.campaign.events.result import EventFigures, EventResult, StratumFound
from analyzer.campaign.events.task import MOST_GROWTH, EventTask
from analyzer.campaign.result import Stop, ended_early
from analyzer.campaign.runner import work_off
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.faults.events import EventStrata, EventStratum, Place
from analyzer.faults.protections import NONE
from analyzer.faults.site_strata import split_sites
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.journals import journal_of_plan, remember_finished
from analyzer.jobs.observer import MapStage, Observer
from analyzer.jobs.pools import early_start, open_pool
from analyzer.jobs.protection.confirm import plan_request, protected_target
from analyzer.jobs.protection.regions import MemoryRegion
from analyzer.jobs.replayed import CountingStore, tell_replayed
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.target.prepare import prepare_target
from analyzer.planning.cells import EventKind
from analyzer.planning.offers import Limits
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.golden_model import golden_values
from analyzer.targets.target import DeploymentTarget

KNOWN = 4.0
"""Part of a budget that the uncertainty of what may stay unprotected is brought down to."""


@dataclass(frozen=True)
class Survey:
    """Events in all memories, without protection.

    Attributes:
        analysis: The campaign; its executor is released.
        members: Of each memory, the indices of its tensors in the fault space.
        found: Trials, a stratum for each part of a tensor and each kind of event.
    """

    analysis: Analysis
    members: tuple[tuple[int, ...], ...]
    found: EventResult

    def kinds(self, number: int, region: MemoryRegion) -> list[EventKind]:
        """The events of a memory, as the planner takes them.

        Args:
            number: of the memory.
            region: the memory.
        """
        seen = self.found.of(number)
        own = self.members[number]
        return [event_kind(seen, fault, share, own) for share, fault in region.kinds]


def survey_events(
    request: ProtectRequest,
    target: DeploymentTarget,
    regions: Sequence[MemoryRegion],
    limits: Limits,
    budget: float,
    device: Device,
    observer: Observer,
    outer: Stopwatch,
) -> Survey:
    """Run single events in memories that nothing protects.

    Args:
        request: what is asked for.
        target: the target.
        regions: its memories.
        limits: the budgets of all memories together.
        budget: CPU seconds.
        device: where to run, started.
        observer: is told how it goes.
        outer: the clock of the search.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    bare = protected_target(target, [NONE] * len(regions), ())
    asked = plan_request(request, target, request.seed, request.confidence, budget)
    with WorkerProcesses() as crew:
        watch = Stopwatch(budget, request.inline, observer.alive, observer.message, outer)
        begin = early_start(crew, request)
        prepared = prepare_target(asked, bare, device, observer, begin, watch)
        analysis = _by_tensor(prepared.analysis, prepared.members, regions)
        raw = sum(region.unit * region.bits for region in regions)
        weights = weights_of(regions)

        def question(_: EventFigures) -> float | None:
            return _growth(task, weights, raw, limits)

        task = EventTask(analysis.context, weights, question, request.confidence)

        def tell(done: EventTask) -> None:
            observer.tensor(0, done.shown, done.share())

        with (
            journal_of_plan(request.journal, analysis, observer) as journal,
            watch.interruptible(),
            open_pool(analysis, request, crew, observer) as pool,
            observer.stage(MapStage(1, "events")),
        ):
            store = CountingStore(journal)
            found = task.finished(work_off([task], pool, store, watch, tell))
            remember_finished(journal, ended_early([found.stop]), watch.started[:10])
    tell_replayed(store.trials, found.trials, journal, observer)
    return Survey(analysis, prepared.members, found)


def weights_of(regions: Sequence[MemoryRegion]) -> dict[int, float]:
    """Share of each memory in all events; by bits, where no memory meets any."""
    amounts = [region.unit * region.bits for region in regions]
    if not any(amounts):
        amounts = [float(region.bits) for region in regions]
    return {number: amount / sum(amounts) for number, amount in enumerate(amounts)}


def _by_tensor(
    analysis: Analysis, members: Sequence[Sequence[int]], regions: Sequence[MemoryRegion]
) -> Analysis:
    """The campaign with a stratum for each part of each tensor and each kind of event."""
    space = analysis.space
    values = golden_values(analysis.model, space)
    strata = []
    for number, (own, region) in enumerate(zip(members, regions, strict=True)):
        for share, fault in region.kinds:
            parts = split_sites(space, values, fault).parts
            for tensor in own:
                for part in parts[tensor]:
                    elements = np.full(len(part.positions), part.elements, np.int64)
                    strata.append(
                        EventStratum(
                            region=number,
                            fault=fault,
                            place=Place(part.reach.value),
                            share=share * part.sites / region.bits,
                            tensors=np.full(len(part.positions), tensor, np.int64),
                            positions=np.array(part.positions, np.int64),
                            ends=np.cumsum(elements),
                        )
                    )
    context = analysis.context
    plan = replace(context.plan, events=f"survey of {context.plan.events}")
    patterns = replace(context.patterns, plan=plan, events=EventStrata(tuple(strata)))
    return replace(analysis, context=replace(context, patterns=patterns))


def _growth(
    task: EventTask, weights: Mapping[int, float], raw: float, limits: Limits
) -> float | None:
    """The factor by which trials must grow; None: what may stay unprotected is known.

    Args:
        task: the survey.
        weights: share of each memory in all events.
        raw: all events, in the unit of the budgets.
        limits: the budgets.
    """
    if not raw:
        return None  # without events there is no harm
    found = [stratum.found() for stratum in task.strata]
    outcomes: list[tuple[Literal["sdc", "due"], float | None]] = [
        ("sdc", limits.sdc),
        ("due", limits.due),
    ]
    factors = []
    for outcome, budget in outcomes:
        if budget is not None:
            deviation = raw * _unprotected_deviation(found, weights, outcome, budget / raw)
            wanted = budget / KNOWN / max(1.0, limits.deviations)
            factors.append(deviation / wanted if wanted else math.inf)
    worst = max(factors)
    return None if worst <= 1.0 else min(worst, MOST_GROWTH)


def _unprotected_deviation(
    found: Sequence[StratumFound],
    weights: Mapping[int, float],
    outcome: Literal["sdc", "due"],
    budget: float,
) -> float:
    """Standard deviation of the harm of the parts that a plan may leave as they are.

    These are the least harmful ones, as many as the budget holds.

    Args:
        found: the strata.
        weights: share of each memory in all events.
        outcome: the outcome.
        budget: as a probability given one event.
    """
    parts = [
        (weights[one.stratum.region] * one.stratum.share, share_of(one.seen, outcome))
        for one in found
    ]
    left = variance = 0.0
    for weight, share in sorted(parts, key=lambda part: part[1].mean):
        left += weight * share.mean
        if left > budget:
            break
        variance += weight**2 * share.variance
    return math.sqrt(variance)


def stops_of(survey: Survey) -> frozenset[Stop]:
    """Reasons why it ended early."""
    return ended_early([survey.found.stop])
