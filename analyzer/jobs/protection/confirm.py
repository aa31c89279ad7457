"""Confirmation of a plan: single events on the protected memory, with a seed of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from analyzer.campaign.coding_loss import CodingLoss
from analyzer.faults.protections.protection import Protection
from analyzer.jobs.observer import Observer
from analyzer.jobs.one_event import Measured, measure
from analyzer.jobs.protection.regions import MemoryRegion
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.runtime.ort.device import Device
from analyzer.stats.intervals import Interval


@dataclass(frozen=True, slots=True)
class RegionFound:
    """What one event in a protected memory came to.

    Attributes:
        bits: Of the memory, check bits included.
        sdc: P(SDC | one event there); None: too much of it is untried.
        due: P(DUE | one event there).
        trials: Behind these figures.
        complete: Whether every tensor reached its margin.
        coding: What the encoding of a scheme costs without faults; None: nothing is lost.
    """

    bits: int
    sdc: Interval | None
    due: Interval | None
    trials: int
    complete: bool
    coding: CodingLoss | None = None


class OneEventCampaign(Protocol):
    """Measures what one event comes to in a protected memory."""

    def __call__(
        self,
        region: MemoryRegion,
        protection: Protection,
        seed: int,
        confidence: float,
        arm: float,
        budget: float,
    ) -> RegionFound:
        """Run single events.

        Args:
            region: the memory.
            protection: of it.
            seed: of every random number.
            confidence: of each interval, in (0, 1).
            arm: longest upper arm of an interval that decides, as a probability.
            budget: CPU seconds.
        """


@dataclass(frozen=True)
class ByMap:
    """The whole-memory figure of a map on the protected memory.

    Attributes:
        request: What is asked for.
        device: Where to run, started.
        observer: Is told how it goes.
    """

    request: ProtectRequest
    device: Device
    observer: Observer

    def __call__(
        self,
        region: MemoryRegion,
        protection: Protection,
        seed: int,
        confidence: float,
        arm: float,
        budget: float,
    ) -> RegionFound:
        """Run single events; see `OneEventCampaign`.

        Where no event is seen, the upper arm of the whole memory is twice the margin times the
        share of its largest tensor (`docs/method-maps.md`).

        Args:
            region: the memory.
            protection: of it.
            seed: of every random number.
            confidence: of each interval, in (0, 1).
            arm: longest upper arm of an interval that decides, as a probability.
            budget: CPU seconds.
        """
        largest = max(region.sizes) / region.bits
        margin = self.request.margin or min(max(arm / (2.0 * largest), FINEST), COARSEST)
        asked = self.request.map_request(
            region.globs,
            region.fault,
            protect=protection,
            seed=seed,
            confidence=confidence,
            margin=margin,
            budget=budget,
        )
        return _found(measure(asked, self.device, self.observer))


FINEST, COARSEST = 5e-4, 0.05
"""Margins of maps that are chosen here."""


def _found(measured: Measured) -> RegionFound:
    found = measured.found
    estimate = found.whole.estimate
    return RegionFound(
        bits=found.space.bits,
        sdc=estimate.sdc if estimate else None,
        due=estimate.due if estimate else None,
        trials=found.trials,
        complete=found.complete,
        coding=measured.analysis.coding,
    )


def together(
    regions: Sequence[MemoryRegion], found: Sequence[RegionFound], outcome: str
) -> Interval | None:
    """One outcome of all memories, in the unit of the budget; None: one is not known.

    Limits are added up: each memory's interval has its share of the error, so that all hold jointly
    with the confidence of the plan (Bonferroni).

    Args:
        regions: the memories.
        found: what was found in each.
        outcome: ``sdc`` or ``due``.
    """
    ends = []
    for region, seen in zip(regions, found, strict=True):
        interval: Interval | None = getattr(seen, outcome)
        if interval is None:
            return None
        scale = region.unit * seen.bits
        ends.append((interval.estimate * scale, interval.low * scale, interval.high * scale))
    return Interval(*(sum(column) for column in zip(*ends, strict=True)))
