"""A rate that falls along half a cosine, after a linear rise if one is wished for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exporters.training.schedules.schedule import Stateless


@dataclass(frozen=True)
class Cosine(Stateless):
    """Half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts).

    Attributes:
        total: Steps of the whole training.
        warmup: Steps of the linear rise before it.
        lowest: The share of the base rate at the end.

    >>> cosine = Cosine(total=8, warmup=2, lowest=0.0)
    >>> [round(cosine.share(step), 3) for step in (0, 1, 2, 5, 8)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """

    total: int
    warmup: int
    lowest: float

    def share(self, step: int) -> float:
        """As in `Schedule`."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        part = min(1.0, (step - self.warmup) / max(1, self.total - self.warmup))
        return self.lowest + (1.0 - self.lowest) * 0.5 * (1.0 + math.cos(math.pi * part))
