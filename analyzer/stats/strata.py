"""Stratified estimates: a sum over parts of the fault patterns whose shares are known exactly.

Patterns are partitioned by a count whose distribution is known (how many severe upsets), so that
the mean over all patterns is the weighted sum of the means within the parts (Cochran, *Sampling
Techniques*, ch. 5). The interval of the sum follows from the intervals of the parts by MOVER
(Zou & Donner 2008): the squares of their arms add.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzer.stats.estimate import RateEstimate, possible
from analyzer.stats.intervals import (
    Interval,
    cluster_difference,
    cluster_proportion,
    complement,
    rescale,
)
from analyzer.stats.sums import add_parts
from analyzer.stats.tally import Moments, Tally

STEP = 16
"""Trials are allotted in multiples of this."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One part of the fault patterns.

    Attributes:
        weight: probability that a pattern belongs to it, in [0, 1].
        tally: trials on patterns of it.
    """

    weight: float
    tally: Tally


def estimate_strata(strata: Sequence[Stratum], golden: float, confidence: float) -> RateEstimate:
    """Estimate of accuracy and outcomes from stratified trials.

    Args:
        strata: the parts; what their weights leave to 1 are patterns that do exactly no harm.
        golden: accuracy of the fault-free run, in [0, 1].
        confidence: nominal coverage of each interval, in (0, 1).

    Returns:
        Weighted sums; with one stratum the same as `estimate`.

    >>> tally = Tally.of_trial(1, 1, sdc=0, due=0, masked=1, lost=0, gained=0)
    >>> estimate_strata([Stratum(0.25, tally), Stratum(0.5, tally)], 0.9, 0.95).sdc.estimate
    0.0
    """
    return RateEstimate(
        metric=_metric(strata, golden, confidence),
        sdc=_share(strata, lambda t: t.sdc, confidence),
        due=_share(strata, lambda t: t.due, confidence),
        masked=complement(_harmed(strata, confidence)),
    )


def _interval(part: Stratum, moments: Moments, confidence: float) -> Interval:
    tally = part.tally
    return cluster_proportion(moments, tally.trials, tally.unit, tally.images, confidence)


def _share(
    strata: Sequence[Stratum], channel: Callable[[Tally], Moments], confidence: float
) -> Interval:
    parts = [rescale(_interval(s, channel(s.tally), confidence), s.weight, 0.0) for s in strata]
    return add_parts(parts, _seen(strata), 0.0, min(1.0, math.fsum(s.weight for s in strata)))


def _harmed(strata: Sequence[Stratum], confidence: float) -> Interval:
    unharmed = [(s, _interval(s, s.tally.masked, confidence)) for s in strata]
    parts = [rescale(complement(interval), s.weight, 0.0) for s, interval in unharmed]
    return add_parts(parts, _seen(strata), 0.0, min(1.0, math.fsum(s.weight for s in strata)))


def _seen(strata: Sequence[Stratum]) -> list[bool]:
    return [part.tally.trials > 0 for part in strata]


def _metric(strata: Sequence[Stratum], golden: float, confidence: float) -> Interval:
    parts = []
    for part in strata:
        t = part.tally
        net = cluster_difference(t.gained, t.lost, t.net, t.trials, t.unit, t.images, confidence)
        parts.append(rescale(possible(net, golden), part.weight, 0.0))
    total = add_parts(parts, _seen(strata), -golden, 1.0 - golden)
    return rescale(total, 1.0, golden, clip=True)


def allocate(strata: Sequence[Stratum], total: int) -> list[int]:
    """Trials for each stratum at the next look, ``total`` together or more, never fewer than now.

    Neyman's rule: in proportion to weight times standard deviation (Cochran, ch. 5.5), where each
    standard deviation allows for one event not yet seen. Every stratum gets at least 16.

    >>> empty = Tally.empty(1)
    >>> allocate([Stratum(0.75, empty), Stratum(0.25, empty)], 64)
    [48, 16]
    """
    wanted = [s.weight * _spread(s.tally) for s in strata]
    whole = math.fsum(wanted) or 1.0
    counts = [max(STEP, -(-s.tally.trials // STEP) * STEP) for s in strata]
    while sum(counts) < total:
        lacking = [total * w / whole - count for w, count in zip(wanted, counts, strict=True)]
        counts[lacking.index(max(lacking))] += STEP
    return counts


def _spread(tally: Tally) -> float:
    """Standard deviation of a trial, the widest of SDC, DUE and net, one unseen event allowed."""
    n = tally.trials
    if not n:
        return 1.0
    variances = (_variance(m, n, tally.unit) for m in (tally.sdc, tally.due, tally.net))
    return math.sqrt(max(variances) + 1.0 / (n + 1))


def _variance(moments: Moments, trials: int, unit: int) -> float:
    return (moments.squares * trials - moments.total**2) / (trials * unit) ** 2
