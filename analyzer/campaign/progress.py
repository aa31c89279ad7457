"""The protocol by which a campaign tells how it proceeds."""

from typing import Protocol

from analyzer.stats.estimate import RateEstimate


class Observer(Protocol):
    """Told how a campaign proceeds."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate) -> None:
        """``trials`` of ``rate`` are done, about ``share`` (0..1) of what it needs.

        Told after every finished block, and several times per second within them.
        ``found`` is the estimate of the last look: estimating after every block would cost more
        than small models do.
        """
