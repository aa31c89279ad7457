"""A rate that falls whenever the validation loss no longer does."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exporters.training.schedules.schedule import State

THRESHOLD = 1e-4
"""The share by which a loss must fall to count as an improvement; torch's default, too."""


@dataclass
class Plateau:
    """The rate is multiplied by a factor after more than ``patience`` epochs without improvement.

    The rule is that of ``torch.optim.lr_scheduler.ReduceLROnPlateau`` without cooldown. The
    training has converged when the rate can fall no lower and patience ends once more.

    Attributes:
        factor: In (0, 1).
        patience: Epochs, 0 or more.
        lowest: The least share of the base rate, in (0, 1].
        now: The present share of the base rate.
        best: The lowest figure so far.
        waited: Epochs since.
        ended: True once patience ended at the lowest rate.

    >>> plateau = Plateau(factor=0.1, patience=1, lowest=0.1)
    >>> for loss in (2.0, 1.0, 1.0, 1.0):
    ...     plateau.epoch_done(loss)
    >>> plateau.share(0), plateau.converged
    (0.1, False)
    >>> for loss in (1.0, 1.0):
    ...     plateau.epoch_done(loss)
    >>> plateau.converged
    True
    """

    factor: float
    patience: int
    lowest: float
    now: float = 1.0
    best: float = math.inf
    waited: int = 0
    ended: bool = False

    def share(self, step: int) -> float:
        """As in `Schedule`: the same at every step of an epoch."""
        return self.now

    def epoch_done(self, figure: float) -> None:
        """As in `Schedule`."""
        # A figure below 0 improves by falling, too.
        if figure < self.best - THRESHOLD * abs(self.best if math.isfinite(self.best) else 0.0):
            self.best, self.waited = figure, 0
            return
        self.waited += 1
        if self.waited <= self.patience:
            return
        self.ended = self.now <= self.lowest
        self.now, self.waited = max(self.now * self.factor, self.lowest), 0

    @property
    def converged(self) -> bool:
        """As in `Schedule`."""
        return self.ended

    def state(self) -> State:
        """As in `Schedule`."""
        return {
            "now": self.now,
            "best": self.best,
            "waited": self.waited,
            "ended": float(self.ended),
        }

    def restore(self, state: State) -> None:
        """As in `Schedule`."""
        self.now, self.best = state["now"], state["best"]
        self.waited, self.ended = int(state["waited"]), bool(state["ended"])
