"""Cells of a vulnerability map: strata of the fault sites of one tensor."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.campaign.patterns import Draw, PatternSource
from analyzer.faults.models import FaultPattern
from analyzer.faults.sampling import draw_batch, generator, in_turn, with_kinds
from analyzer.faults.site_strata import SiteStrata, SiteStratum

DRAWN, EVERY = "drawn", "every"


@dataclass(frozen=True, slots=True, order=True)
class SiteCell:
    """One stratum of the single upsets of one tensor.

    Attributes:
        tensor: Index of the tensor in the fault space.
        part: Index of the stratum among those of the tensor.
        every: Trials go through every pair of site and batch instead of drawing pairs.
    """

    tensor: int
    part: int
    every: bool = False

    @property
    def name(self) -> str:
        """Key in journals, e.g. ``drawn/3/0``."""
        return f"{EVERY if self.every else DRAWN}/{self.tensor}/{self.part}"

    @staticmethod
    def named(name: str) -> "SiteCell":
        """The inverse of `name`.

        Raises:
            ValueError: no cell of a map has this name.
        """
        how, tensor, part = name.split("/")
        if how not in (DRAWN, EVERY):
            raise ValueError(f"{name!r} names no cell")
        return SiteCell(int(tensor), int(part), how == EVERY)

    def label(self, _: PatternSource) -> str:
        """Name of the stratum in reports of crashes: the key."""
        return self.name

    def stratum(self, source: PatternSource) -> SiteStratum:
        """The fault sites of this cell."""
        return _sites(source).parts[self.tensor][self.part]

    def pairs(self, source: PatternSource, batches: int) -> int:
        """Number of pairs of a fault site of this cell and a batch.

        Args:
            source: of the map's patterns.
            batches: number of batches of the data set.
        """
        return self.stratum(source).sites * batches

    def column(self, source: PatternSource, batches: int, index: int) -> int:
        """The column of the stratum (a bit position of all elements) that a trial takes.

        Args:
            source: of the map's patterns.
            batches: number of batches of the data set.
            index: of the trial, 0 or more.
        """
        columns = len(self.stratum(source).positions)
        if self.every:
            return index // batches % columns
        return in_turn(source.plan.id, f"turns={self.name}", index, columns)

    def draw(self, source: PatternSource, ends: npt.NDArray[np.int64], index: int) -> Draw:
        """As in `AnyCell`: the batch and the single upset of one trial.

        Columns take turns, so that each gets its share of the trials; the element is drawn. A cell
        of every site counts off sites and batches instead, and begins anew after the last pair.
        """
        stratum, batches = self.stratum(source), len(ends)
        column = self.column(source, batches, index)
        if self.every:
            number, batch = divmod(index % self.pairs(source, batches), batches)
            element = number // len(stratum.positions)
        else:
            rng = generator(source.plan.id, f"sites={self.name}", index)
            batch = draw_batch(rng, ends)
            element = int(rng.integers(stratum.elements))
        site = _sites(source).site(self.tensor, self.part, element, column)
        pattern = FaultPattern(source.plan.fault, np.array([site], np.int64))
        return Draw((batch,), pattern if self.every else with_kinds(rng, pattern))


def _sites(source: PatternSource) -> SiteStrata:
    assert source.sites is not None, "the campaign is no vulnerability map"
    return source.sites
