"""Distributions of activations, as plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from analyzer.campaign.activations.site import Site, SiteCounts
from analyzer.campaign.result import Stop, ended_early
from analyzer.stats.intervals import Interval
from analyzer.stats.value_counts import quantile

QUARTILES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))


@dataclass(frozen=True)
class Distribution:
    """The values of one activation, without faults or at one rate.

    Attributes:
        numbers: How many values were counted, NaN among them.
        mean: Of the finite ones; NaN if there is none.
        quartiles: First quartile, median and third one, of all but NaN; NaN if there is none.
        minimum: The smallest value that was seen, NaN apart; NaN if there is no other.
        maximum: The largest one.
        zeros: Share of all values that are 0.
        nan: Share that is NaN.
        infinite: Share that is infinite.
        beyond: Share beyond the threshold; an estimate at a rate, exact without faults.
    """

    numbers: int
    mean: float
    quartiles: tuple[float, float, float]
    minimum: float
    maximum: float
    zeros: float
    nan: float
    infinite: float
    beyond: Interval


@dataclass(frozen=True)
class RateActivations:
    """All activations at one rate.

    Attributes:
        rate: Bit error rate.
        p_faulty: Probability of a pattern with an upset.
        patterns: Fault patterns that were run.
        failed: Those of them that gave no answer, so that there are no activations.
        stop: Why no more were run.
        sites: In the order of the model; empty if no pattern was run.
    """

    rate: float
    p_faulty: float
    patterns: int
    failed: int
    stop: Stop
    sites: tuple[Distribution, ...]


@dataclass(frozen=True)
class Activations:
    """All that was found about one model.

    Attributes:
        sites: The activations, with their thresholds.
        images: Images of the run without faults.
        golden: Without faults, by site.
        rates: At each rate.
        stop: What ended the run without faults early; None: it is complete.
    """

    sites: tuple[Site, ...]
    images: int
    golden: tuple[Distribution, ...]
    rates: tuple[RateActivations, ...]
    stop: Stop | None

    @property
    def stops(self) -> frozenset[Stop]:
        """Reasons why parts ended before they were complete."""
        return ended_early([self.stop, *(rate.stop for rate in self.rates)])


Parts = Sequence[tuple[float, SiteCounts]]
"""Parts of a mixture: the probability of each, and what was counted in it."""


def distribution(parts: Parts, beyond: Interval) -> Distribution:
    """The distribution of a mixture.

    Args:
        parts: of positive probability; those without values are left out.
        beyond: share beyond the threshold.

    Raises:
        ValueError: nothing was counted.
    """
    filled = [(weight, counts) for weight, counts in parts if weight > 0.0 and counts.numbers]
    if not filled:
        raise ValueError("nothing was counted")
    return Distribution(
        numbers=sum(counts.numbers for _, counts in filled),
        mean=_mean(filled),
        quartiles=_quartiles(filled),
        minimum=min((c.values.minimum for _, c in filled if c.values.numbers), default=math.nan),
        maximum=max((c.values.maximum for _, c in filled if c.values.numbers), default=math.nan),
        zeros=_share(filled, [c.values.zeros for _, c in filled]),
        nan=_share(filled, [c.values.nan for _, c in filled]),
        infinite=_share(filled, [c.values.infinite for _, c in filled]),
        beyond=beyond,
    )


def exact_distribution(counts: SiteCounts) -> Distribution:
    """The distribution of values that are all there are."""
    share = counts.beyond / counts.numbers
    return distribution([(1.0, counts)], Interval(share, share, share))


def _share(parts: Parts, counted: Sequence[int]) -> float:
    """A share of all values."""
    whole = math.fsum(weight for weight, _ in parts)
    rows = zip(parts, counted, strict=True)
    found = math.fsum(weight * count / counts.numbers for (weight, counts), count in rows)
    return min(1.0, found / whole)


def _mean(parts: Parts) -> float:
    """The mean of the finite values."""
    weighed = [
        (weight * (1.0 - (c.values.nan + c.values.infinite) / c.numbers), c.values.mean)
        for weight, c in parts
        if c.numbers > c.values.nan + c.values.infinite
    ]
    if len(weighed) == 1:
        return weighed[0][1]
    whole = math.fsum(weight for weight, _ in weighed)
    if not whole:
        return math.nan
    return math.fsum(weight / whole * mean for weight, mean in weighed)


def _quartiles(parts: Parts) -> tuple[float, float, float]:
    """Quartiles of all values but NaN."""
    weighed = [
        (Fraction(weight) * Fraction(c.values.numbers, c.numbers), c.values) for weight, c in parts
    ]
    first, middle, third = (quantile(weighed, share) for share in QUARTILES)
    return first, middle, third
