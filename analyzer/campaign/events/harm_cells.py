"""Harm of single events, part by part of each tensor, as the planner takes it."""

from collections.abc import Sequence
from typing import Literal

from analyzer.campaign.events.result import StratumFound
from analyzer.faults.models import FaultModel
from analyzer.planning.cells import Cell, EventKind, Share, estimated
from analyzer.stats.areas import AreaStratum


def event_kind(
    found: Sequence[StratumFound], fault: FaultModel, share: float, tensors: Sequence[int]
) -> EventKind:
    """Events of one kind in some tensors.

    Args:
        found: strata that hold one tensor each.
        fault: the kind.
        share: of these events in all events of the memory.
        tensors: indices of the tensors, in the order of the cells.
    """
    cells: dict[int, list[Cell]] = {tensor: [] for tensor in tensors}
    for one in found:
        tensor = int(one.stratum.tensors[0])
        if one.stratum.fault == fault and tensor in cells:
            positions = tuple(sorted(one.stratum.positions.tolist()))
            sdc, due = share_of(one.seen, "sdc"), share_of(one.seen, "due")
            cells[tensor].append(Cell(positions, sdc, due))
    return EventKind(share, fault, [tuple(cells[tensor]) for tensor in tensors])


def share_of(seen: AreaStratum, outcome: Literal["sdc", "due"]) -> Share:
    """One outcome in a stratum, with the variance of its estimate.

    Args:
        seen: the stratum.
        outcome: the outcome.
    """
    if seen.exact is not None:
        return Share(seen.exact.sdc if outcome == "sdc" else seen.exact.due)
    tally = seen.tally
    moments = tally.sdc if outcome == "sdc" else tally.due
    mean = moments.total / (tally.trials * tally.unit) if tally.trials else 0.0
    return estimated(mean, tally.trials)
