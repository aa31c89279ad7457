"""The worst trials of a sweep, found in the blocks that count when it ends.

A trial is a pure function of the plan, the rate and its index: what is kept is its name alone, and
the pattern is drawn again by whoever wants to see it. So nothing is kept while trials run.
"""

from collections.abc import Iterable, Iterator
from heapq import nsmallest

from analyzer.campaign.result import WorstTrial
from analyzer.campaign.tasks import CellState

KEPT = 10
"""Trials that a campaign keeps."""


def worst_trials(trials: Iterable[WorstTrial]) -> tuple[WorstTrial, ...]:
    """The worst of some trials, the worst one first."""
    return tuple(nsmallest(KEPT, trials, key=lambda trial: trial.order))


def harmful_trials(rate: float, cells: Iterable[CellState]) -> Iterator[WorstTrial]:
    """The trials of a rate that harmed an image and ended.

    A pattern that killed its process is no such trial: reports list it by itself.

    Args:
        rate: bit error rate.
        cells: its strata, in order.
    """
    for place, cell in enumerate(cells):
        for result in cell.used():
            for index, outcomes in zip(result.block.trials, result.outcomes, strict=True):
                if (outcomes.sdc or outcomes.due) and index not in result.crashed:
                    yield WorstTrial(rate, place, cell.stratum.name, index, outcomes)
