"""Cells of repetitions: plain Monte Carlo over the data set, batch after batch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.campaign.patterns import Draw, PatternSource
from analyzer.faults.models import FaultPattern
from analyzer.faults.sampling import distinct_sites, generator, with_kinds

PREFIX = "repetition/"


@dataclass(frozen=True, slots=True, order=True)
class RepetitionCell:
    """All patterns of one rate, those without upsets among them: nothing is stratified.

    Trial *i* meets batch *i* modulo the number of batches, so that as many trials as there are
    batches are one pass over the data set.

    Attributes:
        rate: Bit error rate, in (0, 1).
    """

    rate: float

    @property
    def name(self) -> str:
        """Key in journals, e.g. ``repetition/1e-06``."""
        return f"{PREFIX}{self.rate!r}"

    @staticmethod
    def named(name: str) -> "RepetitionCell":
        """The inverse of `name`.

        Raises:
            ValueError: no cell of repetitions has this name.
        """
        return RepetitionCell(float(name.removeprefix(PREFIX)))

    def label(self, _source: PatternSource) -> str:
        """Name of the stratum in reports."""
        return "repetition"

    def draw(self, source: PatternSource, ends: npt.NDArray[np.int64], index: int) -> Draw:
        """As in `AnyCell`: the batch whose turn it is, and a pattern of the unconditional law."""
        law, fault = source.law(self.rate), source.plan.fault
        rng = generator(source.plan_id, f"repetition={self.rate!r}", index)
        sites = distinct_sites(rng, law.bits, law.draw(rng))
        return Draw((index % len(ends),), with_kinds(rng, FaultPattern(fault, sites)))
