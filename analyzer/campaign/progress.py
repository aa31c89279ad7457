"""The protocol by which a campaign tells how it proceeds."""

from typing import Protocol

from analyzer.stats.estimate import RateEstimate


class Observer(Protocol):
    """Told how a campaign proceeds."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Hear of a rate after every finished block, and several times per second within one.

        Args:
            rate: the bit error rate.
            trials: its finished trials.
            share: the part of the needed trials that are done, in [0, 1], about.
            found: the estimate of the last look; None before there is one. To estimate after every
                block would cost more than small models do.
        """
