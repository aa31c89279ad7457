"""What a map found, as the planner of protections takes it: part by part of each tensor.

Figures are those of the first trials, which were planned before any was run: they are unbiased, so
that they may be added up over many tensors (`analyzer.campaign.maps.run`).
"""

from collections.abc import Sequence
from typing import Literal

from analyzer.campaign.maps.map import VulnerabilityMap
from analyzer.campaign.maps.result import SiteStratumResult
from analyzer.protect.cells import Cell, EventKind, Share, estimated
from analyzer.stats.areas import AreaStratum


def event_kind(found: VulnerabilityMap, share: float) -> EventKind:
    """Events of the kind that a map has as its fault.

    Args:
        found: the map; its fault is no mixture.
        share: of these events in all events of the memory.
    """
    cells: list[Sequence[Cell]] = [() for _ in found.space.tensors]
    for tensor in found.tensors:
        cells[tensor.tensor] = tuple(_cell(stratum) for stratum in tensor.strata)
    return EventKind(share, found.plan.fault, cells)


def _cell(stratum: SiteStratumResult) -> Cell:
    first = stratum.first
    return Cell(stratum.positions, _share(first, "sdc"), _share(first, "due"))


def _share(seen: AreaStratum, outcome: Literal["sdc", "due"]) -> Share:
    if seen.exact is not None:
        return Share(seen.exact.sdc if outcome == "sdc" else seen.exact.due)
    tally = seen.tally
    moments = tally.sdc if outcome == "sdc" else tally.due
    mean = moments.total / (tally.trials * tally.unit) if tally.trials else 0.0
    return estimated(mean, tally.trials)
