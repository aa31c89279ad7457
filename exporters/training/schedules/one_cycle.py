"""A rate that rises and falls once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exporters.training.schedules.schedule import Stateless

RISING, START, END = 0.3, 1 / 25, 1e-4 / 25
"""Share of the steps that rise; rates at both ends as shares of the peak. torch's defaults, too."""


@dataclass(frozen=True)
class OneCycle(Stateless):
    """One cycle (Smith and Topin 2017, arXiv:1708.07120) as of torch's ``OneCycleLR``.

    The momentum stays.

    Attributes:
        total: Steps of the whole training.

    >>> cycle = OneCycle(total=20)
    >>> [round(cycle.share(step), 3) for step in (0, 5, 19)]
    [0.04, 1.0, 0.0]
    """

    total: int

    def share(self, step: int) -> float:
        """As in `Schedule`."""
        peak = RISING * self.total - 1
        if step <= peak:
            return _between(START, 1.0, step / peak if peak > 0 else 1.0)
        return _between(1.0, END, min(1.0, (step - peak) / max(1.0, self.total - 1 - peak)))


def _between(start: float, end: float, part: float) -> float:
    """The value at a part of the way, along half a cosine."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1.0)
