"""The share of a domain's images that an outcome struck: a class, over trials of whole batches.

The images of a domain are spread over batches, so that trials meet different numbers of them, or
none. In each stratum the share is a ratio of two sums over trials, struck images x and images m
(Cochran, ch. 2.11 and 5A.14):

    R = sum x / sum m,    Var R = sum (x - R m)^2 / (sum m)^2

Trials count by Kish's effective number, (sum m)^2 / sum m^2: that of trials which all met equally
many images of the domain and would be as precise. With one image per trial R is the mean over the
trials that met the domain, exactly. Strata are put together, with limits, as those of events are
(`analyzer.stats.weighted`). `tests/stats/test_domains.py` simulates the coverage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.stats.areas import DrawnShare, combined_share
from analyzer.stats.intervals import Interval


@dataclass(frozen=True, slots=True)
class DomainTally:
    """Sums over the trials of a stratum that met the domain; whole numbers, which add exactly.

    Attributes:
        trials: Number of these trials.
        images: Sum of m, images of the domain.
        images_squared: Sum of m^2.
        struck: Sum of x, those of the images that the outcome struck.
        struck_squared: Sum of x^2.
        products: Sum of x m.
    """

    trials: int = 0
    images: int = 0
    images_squared: int = 0
    struck: int = 0
    struck_squared: int = 0
    products: int = 0

    @property
    def share(self) -> float:
        """R; 0 without trials."""
        return self.struck / self.images if self.images else 0.0

    @property
    def effective(self) -> float:
        """Kish's effective number of trials.

        >>> DomainTally(4, 4, 4).effective, DomainTally(2, 4, 10).effective
        (4.0, 1.6)
        """
        return self.images**2 / self.images_squared if self.images else 0.0

    def drawn(self, weight: float) -> DrawnShare:
        """The share as that of so many trials as are effective.

        Args:
            weight: of the stratum, in [0, 1].
        """
        r, squares = self.share, self.images_squared
        residual = self.struck_squared - 2.0 * r * self.products + r * r * squares
        variance = max(0.0, residual) / squares if squares else 0.0
        return DrawnShare(weight, r, variance, self.effective, self.images)


@dataclass(frozen=True, slots=True)
class DomainStratum:
    """One stratum of the trials that a domain met.

    Attributes:
        weight: Of the stratum.
        tally: Of its trials.
        counted: The trials are all that there can be: the share is exact.
    """

    weight: float
    tally: DomainTally
    counted: bool = False

    @property
    def is_tried(self) -> bool:
        """Something is known of it."""
        return self.tally.trials > 0


def domain_share(
    strata: Sequence[DomainStratum], confidence: float, untried: float
) -> Interval | None:
    """The share of the images of a domain that an outcome struck.

    Args:
        strata: their weights sum to 1.
        confidence: nominal coverage, in (0, 1).
        untried: largest weight of strata of which nothing is known where there is an estimate.

    >>> met = DomainTally(trials=10, images=10, images_squared=10)
    >>> found = domain_share([DomainStratum(1.0, met)], 0.95, 0.0)
    >>> found.estimate, round(found.high, 4)
    (0.0, 0.3085)
    """
    weight = sum(s.weight for s in strata if not s.is_tried)
    if weight > untried or not any(s.is_tried for s in strata):
        return None
    known = [(s.weight, s.tally.share) for s in strata if s.counted]
    drawn = [s.tally.drawn(s.weight) for s in strata if not s.counted]
    return combined_share(known, drawn, confidence)
