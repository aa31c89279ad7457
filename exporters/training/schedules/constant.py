"""A rate that stays."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.training.schedules.schedule import Stateless


@dataclass(frozen=True)
class Constant(Stateless):
    """The base rate at every step."""

    def share(self, step: int) -> float:
        """As in `Schedule`."""
        return 1.0
