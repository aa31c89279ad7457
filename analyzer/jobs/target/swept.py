"""Regions whose windows hold several events: a sweep at the bit error rates that follow."""

from analyzer.jobs.observer import Observer, of_part
from analyzer.jobs.report import Share
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.sweep import run_sweep
from analyzer.jobs.target.prepare import PreparedTarget
from analyzer.reports.target.swept import SweptRegion

MOST_RATE = 0.5
"""Bit error rates above are not swept: bits that are hit twice hold again what was written."""

SHARED = ("fault", "exposure", "shard", "target", "gate", "exhaustive", "journal", "outputs")
"""Settings of a report on a target that a sweep has otherwise, or not at all."""


def sweep_region(
    request: TargetRequest,
    prepared: PreparedTarget,
    number: int,
    confidence: float,
    precision: float,
    budget: float,
    observer: Observer,
    outer: Stopwatch,
) -> SweptRegion:
    """Sweep one region alone, all others without faults.

    Args:
        request: what was asked for.
        prepared: the target and its regions.
        number: of the region.
        confidence: of each interval.
        precision: half-width at which a rate is done, as a fraction.
        budget: CPU seconds.
        observer: is told how it goes.
        outer: the clock of the report.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    exposure = prepared.exposures[number]
    region, rates = exposure.region, exposure.rates
    mean, worst = min(rates.mean, MOST_RATE), min(rates.worst, MOST_RATE)
    tensors = prepared.analysis.space.tensors
    memory = prepared.analysis.memory
    stored = len(memory.data.tensors) if memory else len(tensors)
    names = tuple(tensors[i].name for i in prepared.members[number] if i < stored)
    given = request.model_dump(exclude_unset=True, exclude=set(SHARED))
    asked = SweepRequest(
        **{
            **given,
            "model": request.model,
            "data": request.data,
            "include": names,
            "exclude": (),
            "kinds": (),
            "fault": region.events,
            "protect": region.protection,
            "rates": tuple(sorted({mean, worst})),
            "confidence": confidence,
            "precision": precision,
            "budget": budget,
            "journal": NOWHERE if request.journal is NOWHERE else None,
        }
    )
    found = run_sweep(asked, of_part(observer), outer)
    assert not isinstance(found, Share), "a sweep without shards ends in a report"
    return SweptRegion(found.record, mean, worst)
