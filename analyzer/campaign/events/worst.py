"""The worst trials of a campaign of single events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest

from analyzer.campaign.event_cells import EventCell
from analyzer.campaign.events.trials import StratumTrials
from analyzer.campaign.result import harm_order
from analyzer.campaign.worst import KEPT
from analyzer.evaluation.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class WorstEvent:
    """One event that did much harm.

    Attributes:
        cell: The cell that it was drawn from.
        index: Of the trial in the cell.
        outcomes: What it showed.
    """

    cell: EventCell
    index: int
    outcomes: Outcomes

    @property
    def name(self) -> str:
        """Cell and index, e.g. ``event-drawn/3/42``."""
        return f"{self.cell.name}/{self.index}"

    @property
    def order(self) -> tuple[float, ...]:
        """A key by which the worst comes first: by harm; of equals the first stratum and index."""
        return (*harm_order(self.outcomes), self.cell.number, self.index)


def worst_events(trials: Iterable[StratumTrials]) -> list[WorstEvent]:
    """The events that harmed most, the worst one first.

    A pattern that killed its process is no such trial: reports list it by itself.

    Args:
        trials: of every stratum.
    """
    return nsmallest(KEPT, _harmful(trials), key=lambda event: event.order)


def _harmful(trials: Iterable[StratumTrials]) -> Iterator[WorstEvent]:
    for own in trials:
        for index, outcomes in zip(own.indices, own.outcomes, strict=True):
            if (outcomes.sdc or outcomes.due) and index not in own.crashed:
                yield WorstEvent(own.cell, index, outcomes)
