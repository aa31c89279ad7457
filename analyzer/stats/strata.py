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
from analyzer.stats.neyman import neyman_shares
from analyzer.stats.sums import add_intervals, add_parts
from analyzer.stats.tally import Moments, Tally

STEP = 16
"""Trials are allotted in multiples of this."""

FEWEST_EXPECTED = 32
"""Images right (wrong) before faults that are expected in a stratum where they are told apart."""


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


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Effects of the protection of a memory; shares of images.

    Attributes:
        corrected: probability that an image meets upsets all of which are corrected.
        detected: probability that an image meets an error that the memory finds and does not
            correct.
    """

    corrected: Interval
    detected: Interval


def estimate_memory(strata: Sequence[Stratum], confidence: float) -> MemoryEstimate:
    """Estimate of what the protection of a memory did, from stratified trials.

    Args:
        strata: the parts; in what their weights leave to 1 there is no upset.
        confidence: nominal coverage of each interval, in (0, 1).
    """
    return MemoryEstimate(
        corrected=_share(strata, lambda t: t.corrected, confidence),
        detected=_share(strata, lambda t: t.detected, confidence),
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
    parts = [rescale(_net(s.tally, golden, confidence), s.weight, 0.0) for s in strata]
    total = add_parts(parts, _seen(strata), -golden, 1.0 - golden)
    return rescale(total, 1.0, golden, clip=True)


def _net(t: Tally, golden: float, confidence: float) -> Interval:
    """Interval of gained minus lost in one stratum."""
    if not tells_right_from_wrong(t, golden):
        images = t.score_images
        net = cluster_difference(t.gained, t.lost, t.net, t.trials, t.unit, images, confidence)
        return possible(net, golden)
    assert t.right is not None
    parts = []
    if golden > 0.0:
        lost = cluster_proportion(t.lost, t.right, 1, t.right, confidence)
        parts.append(rescale(complement(lost), golden, -golden))
    if golden < 1.0:
        wrong = t.trials - t.right
        gained = cluster_proportion(t.gained, wrong, 1, wrong, confidence)
        parts.append(rescale(gained, 1.0 - golden, 0.0))
    return add_intervals(parts, -golden, 1.0 - golden)


def tells_right_from_wrong(tally: Tally, golden: float) -> bool:
    """Whether images that were right before faults and those that were wrong are told apart.

    Only a right answer can be lost and only a wrong one gained, and their shares are known, so that

        E[gained - lost] = (1 - golden) E[gained | wrong] - golden E[lost | right],

    post-stratified (Cochran, ch. 5A.9): how many right images the trials happened to meet is no
    error any more. It takes trials of one image that is right or wrong (scores in between have a
    denominator, and the unit is a multiple of it), and enough of both kinds; what is asked for are
    *expected* numbers, because a choice by the numbers met would favour some outcomes.
    """
    if tally.right is None or tally.unit != 1:
        return False
    kinds = [share for share in (golden, 1.0 - golden) if share > 0.0]
    return tally.trials * min(kinds) >= FEWEST_EXPECTED


def allocate(strata: Sequence[Stratum], total: int) -> list[int]:
    """Trials for each stratum at the next look, ``total`` together or more, never fewer than now.

    Neyman's rule: in proportion to weight times standard deviation (Cochran, ch. 5.5), where each
    standard deviation allows for one event not yet seen. Every stratum gets at least 16.

    >>> empty = Tally.empty(1)
    >>> allocate([Stratum(0.75, empty), Stratum(0.25, empty)], 64)
    [48, 16]
    """
    wanted = neyman_shares([s.weight for s in strata], [_spread(s.tally) for s in strata], total)
    counts = [max(STEP, -(-s.tally.trials // STEP) * STEP) for s in strata]
    while sum(counts) < total:
        lacking = [share - count for share, count in zip(wanted, counts, strict=True)]
        counts[lacking.index(max(lacking))] += STEP
    return counts


def _spread(tally: Tally) -> float:
    """Standard deviation of a trial, the widest of SDC, DUE and net, one unseen event allowed."""
    n = tally.trials
    if not n:
        return 1.0
    sdc, due = (_variance(m, n, tally.unit) for m in (tally.sdc, tally.due))
    return math.sqrt(max(sdc, due, _net_variance(tally)) + 1.0 / (n + 1))


def _net_variance(tally: Tally) -> float:
    """Variance of gained minus lost: within right and wrong images where these are told apart."""
    n, right = tally.trials, tally.right
    if right is None or not tells_right_from_wrong(tally, right / n):
        return _variance(tally.net, n, tally.unit)
    kinds = ((tally.lost, right), (tally.gained, n - right))
    return math.fsum(k / n * _variance(moments, k, 1) for moments, k in kinds if k)


def _variance(moments: Moments, trials: int, unit: int) -> float:
    return (moments.squares * trials - moments.total**2) / (trials * unit) ** 2
