"""The protocol of learning-rate schedules: numbers in, numbers out, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

State = Mapping[str, float]
"""What a schedule remembers between epochs; plain numbers, so that a checkpoint can keep them."""


class Schedule(Protocol):
    """The learning rate of each step, as a share of the base rate."""

    def share(self, step: int) -> float:
        """The share at one step.

        Args:
            step: from 0, through all epochs.
        """

    def epoch_done(self, figure: float) -> None:
        """Hear of one more epoch.

        Args:
            figure: the watched one, of which lower is better.
        """

    @property
    def converged(self) -> bool:
        """True if nothing more is to be expected."""

    def state(self) -> State:
        """The numbers that it remembers."""

    def restore(self, state: State) -> None:
        """Go on from what another one remembered."""


class Stateless:
    """The part of schedules that follow from the number of the step alone."""

    converged = False

    def epoch_done(self, figure: float) -> None:
        """Take no notice."""

    def state(self) -> State:
        """Nothing."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing was remembered."""
