"""Cells: the strata from which the trials of a block draw their patterns.

Every kind of campaign has its kind of cell: `Cell` is a stratum of a rate of a sweep, `SiteCell` a
stratum of a tensor of a vulnerability map, `EventCell` a stratum of the events of a target. A
`RepetitionCell` is all patterns of a rate, for protocols that stratify nothing.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from analyzer.campaign.event_cells import PREFIX, EventCell
from analyzer.campaign.patterns import Draw, PatternSource
from analyzer.campaign.rate_cells import Cell
from analyzer.campaign.repetition_cells import PREFIX as REPETITION
from analyzer.campaign.repetition_cells import RepetitionCell
from analyzer.campaign.site_cells import SiteCell

__all__ = ["AnyCell", "Cell", "EventCell", "RepetitionCell", "SiteCell", "cell_named"]


class AnyCell(Protocol):
    """A kind of cell: hashable, ordered within its kind, and sent to workers by value."""

    @property
    def name(self) -> str:
        """Key in journals; `cell_named` is the inverse."""

    def label(self, source: PatternSource, /) -> str:
        """Name of the stratum in reports of crashed trials."""

    def draw(self, source: PatternSource, ends: npt.NDArray[np.int64], index: int) -> Draw:
        """The batches and the pattern of one trial.

        A pure function of its arguments, so that trials are the same whoever runs them, in
        whatever order.

        Args:
            source: of the campaign's patterns.
            ends: int64 (batches,), running totals of the batch sizes in images.
            index: of the trial, 0 or more.
        """


def cell_named(name: str) -> AnyCell:
    """The cell with a key of a journal.

    Raises:
        ValueError: no cell has this key.

    >>> cell_named("1e-06/2"), cell_named("every/3/0")
    (Cell(rate=1e-06, stratum=2), SiteCell(tensor=3, part=0, every=True))
    """
    if name.startswith(PREFIX):
        return EventCell.named(name)
    if name.startswith(REPETITION):
        return RepetitionCell.named(name)
    return SiteCell.named(name) if name.count("/") == 2 else Cell.named(name)
