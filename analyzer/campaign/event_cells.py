"""Cells of single events: strata of the events of a region."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.campaign.patterns import Draw, PatternSource
from analyzer.faults.events import EventStratum
from analyzer.faults.models import FaultPattern
from analyzer.faults.sampling import draw_batch, generator

PREFIX = "event-"


@dataclass(frozen=True, slots=True, order=True)
class EventCell:
    """One stratum of the single events of the regions of a target.

    Attributes:
        number: Index of the stratum.
        every: Trials go through every pair of event and batch instead of drawing pairs.
    """

    number: int
    every: bool = False

    @property
    def name(self) -> str:
        """Key in journals, e.g. ``event-drawn/3``."""
        return f"{PREFIX}{'every' if self.every else 'drawn'}/{self.number}"

    @staticmethod
    def named(name: str) -> "EventCell":
        """The inverse of `name`.

        Raises:
            ValueError: no cell of events has this name.
        """
        how, _, number = name.removeprefix(PREFIX).partition("/")
        if how not in ("drawn", "every"):
            raise ValueError(f"{name!r} names no cell")
        return EventCell(int(number), how == "every")

    def stratum(self, source: PatternSource) -> EventStratum:
        """The events of this cell."""
        assert source.events is not None, "the campaign has no single events"
        return source.events.strata[self.number]

    def label(self, source: PatternSource) -> str:
        """Name of the stratum in reports of crashes."""
        stratum = self.stratum(source)
        return f"{stratum.fault}, {stratum.place}"

    def pairs(self, source: PatternSource, batches: int) -> int:
        """Number of pairs of an event of this cell and a batch.

        Args:
            source: of the patterns.
            batches: number of batches of the data set.
        """
        return self.stratum(source).sites * batches

    def pair(
        self, source: PatternSource, ends: npt.NDArray[np.int64], index: int
    ) -> tuple[int, int]:
        """Number of the event in its stratum, and index of the batch, of one trial.

        A cell of every event counts off events and batches, and begins anew after the last pair.

        Args:
            source: of the patterns.
            ends: int64 (batches,), running totals of the batch sizes in images.
            index: of the trial, 0 or more.
        """
        batches = len(ends)
        if self.every:
            return divmod(index % self.pairs(source, batches), batches)
        rng = generator(source.plan.id, f"events={self.name}", index)
        batch = draw_batch(rng, ends)
        return int(rng.integers(self.stratum(source).sites)), batch

    def draw(self, source: PatternSource, ends: npt.NDArray[np.int64], index: int) -> Draw:
        """As in `AnyCell`: the batch and the one event of a trial."""
        stratum = self.stratum(source)
        number, batch = self.pair(source, ends, index)
        site = stratum.site(source.space, number)
        return Draw((batch,), FaultPattern(stratum.fault, np.array([site], np.int64)))
