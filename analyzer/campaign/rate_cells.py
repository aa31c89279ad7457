"""Cells of a sweep: strata of the patterns of one bit error rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.campaign.patterns import Draw, PatternSource
from analyzer.campaign.plan import Exposure
from analyzer.faults.sampling import draw_batch, generator


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One stratum of the patterns of one rate.

    Attributes:
        rate: Bit error rate, in (0, 1).
        stratum: Index of the stratum among those of the rate.
    """

    rate: float
    stratum: int = 0

    @property
    def name(self) -> str:
        """Key in journals, e.g. ``1e-06/0``."""
        return f"{self.rate!r}/{self.stratum}"

    @staticmethod
    def named(name: str) -> "Cell":
        """The inverse of `name`.

        Raises:
            ValueError: no cell of a sweep has this name.
        """
        rate, _, stratum = name.partition("/")
        return Cell(float(rate), int(stratum))

    def label(self, source: PatternSource) -> str:
        """Name of the stratum in reports."""
        return source.split(self.rate).strata[self.stratum].name

    def batch(self, source: PatternSource, ends: npt.NDArray[np.int64], index: int) -> int:
        """Index of the batch that a trial meets under transient exposure.

        Args:
            source: of the patterns.
            ends: int64 (batches,), running totals of the batch sizes in images.
            index: of the trial, 0 or more.
        """
        return draw_batch(self._generator(source, index), ends)

    def draw(self, source: PatternSource, ends: npt.NDArray[np.int64], index: int) -> Draw:
        """As in `AnyCell`: the batches and the pattern of one trial."""
        law = source.split(self.rate)
        rng = self._generator(source, index)
        # Drawn under resident exposure as well: the pattern has the numbers behind the batch's.
        batches: Sequence[int] = (draw_batch(rng, ends),)
        if source.plan.exposure is Exposure.RESIDENT:
            batches = range(len(ends))
        return Draw(batches, law.draw(rng, law.strata[self.stratum]))

    def _generator(self, source: PatternSource, index: int) -> np.random.Generator:
        return generator(source.plan_id, f"rate={self.rate!r} stratum={self.label(source)}", index)
