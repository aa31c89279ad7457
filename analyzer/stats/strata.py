"""Stratified estimates: a sum over parts of the fault patterns whose shares are known exactly.

Patterns are partitioned by a count whose distribution is known (how many severe upsets), so that
the mean over all patterns is the weighted sum of the means within the parts (Cochran, *Sampling
Techniques*, ch. 5). The interval of the sum follows from the intervals of the parts by MOVER
(Zou & Donner 2008): the squares of their arms add.

A campaign samples only patterns with at least one upset. Patterns with none have an exactly known
probability and do exactly no harm: one more stratum, without sampling error.
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
from analyzer.stats.sums import add_intervals, add_parts, exact_share, move_to
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


def estimate_strata(
    strata: Sequence[Stratum], golden: float, confidence: float, harmless: float | None = None
) -> RateEstimate:
    """Estimate of accuracy and outcomes from stratified trials.

    Args:
        strata: the parts.
        golden: accuracy of the fault-free run, in [0, 1].
        confidence: nominal coverage of each interval, in (0, 1).
        harmless: probability of all other patterns, which do exactly no harm; None: what the
            weights leave to 1, which is known to some ulps only.

    Returns:
        Weighted sums. A stratum without trials counts as if it did what the others do, so that
        SDC, DUE and masked sum to 1, and adds all that it may do to the limits. Ask `is_measured`
        before such figures are shown to anybody.

    Raises:
        ValueError: golden or a weight is no probability, or confidence is impossible.

    >>> fine = Tally.of_trials(1, [(1, 0, 0, 1, 0, 0)] * 49)
    >>> tally = fine + Tally.of_trial(1, 1, sdc=1, due=0, masked=0, lost=1, gained=0)
    >>> found = estimate_strata([Stratum(0.25, fine), Stratum(0.5, tally)], 0.9, 0.95)
    >>> round(found.sdc.estimate, 9), round(found.metric.estimate, 9), found.due.low
    (0.01, 0.89, 0.0)
    """
    if not all(0.0 <= share <= 1.0 for share in (golden, *(s.weight for s in strata))):
        raise ValueError(f"golden {golden} and the weights of the strata must lie in [0, 1]")
    if harmless is None:
        harmless = max(0.0, 1.0 - math.fsum(s.weight for s in strata))
    return RateEstimate(
        metric=_metric(strata, golden, confidence, harmless),
        sdc=_share(strata, lambda t: t.sdc, confidence, (0.0, harmless)),
        due=_share(strata, lambda t: t.due, confidence, (0.0, harmless)),
        masked=_share(strata, lambda t: t.masked, confidence, (harmless, 0.0)),
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


def estimate_memory(
    strata: Sequence[Stratum], confidence: float, harmless: float
) -> MemoryEstimate:
    """Estimate of what the protection of a memory did, from stratified trials.

    Args:
        strata: the parts.
        confidence: nominal coverage of each interval, in (0, 1).
        harmless: probability of patterns without upset, in [0, 1].
    """
    return MemoryEstimate(
        corrected=_share(strata, lambda t: t.corrected, confidence, (0.0, harmless)),
        detected=_share(strata, lambda t: t.detected, confidence, (0.0, harmless)),
    )


def is_measured(strata: Sequence[Stratum], precision: float) -> bool:
    """Say whether trials stand behind an estimate, or mostly suppositions.

    Args:
        strata: the parts.
        precision: the weight that strata without trials may have together.

    Returns:
        False without any trial, or while strata without trials weigh more than the precision.

    >>> some = Tally.of_trial(1, 1, sdc=0, due=0, masked=1, lost=0, gained=0)
    >>> parts = [Stratum(0.9, some), Stratum(0.02, Tally.empty(1))]
    >>> is_measured(parts, 0.02), is_measured(parts, 0.01)
    (True, False)
    """
    untried = math.fsum(s.weight for s in strata if not s.tally.trials)
    return untried <= precision and any(s.tally.trials for s in strata)


Means = Callable[[Tally], Interval]
"""The mean over the trials of a stratum, with its limits."""


def _share(
    strata: Sequence[Stratum],
    channel: Callable[[Tally], Moments],
    confidence: float,
    harmless: tuple[float, float],
    *,
    scores: bool = False,
) -> Interval:
    """A share of the images of all patterns.

    Args:
        strata: the parts.
        channel: of a tally, the moments of the share.
        confidence: of the interval.
        harmless: probability of patterns without upset of which all images, and no images, count.
        scores: the share is of scores, not of images.
    """

    def mean(tally: Tally) -> Interval:
        moments, images = channel(tally), tally.score_images if scores else tally.images
        return cluster_proportion(moments, tally.trials, tally.unit, images, confidence)

    means = _means(strata, mean, (0.0, 1.0))
    total = _weighted_sum(strata, means)
    counted, others = harmless
    part = counted + total.estimate
    rest = others + math.fsum(
        s.weight * (1.0 - m.estimate) for s, m in zip(strata, means, strict=True)
    )
    return move_to(total, exact_share(part, rest), counted, 1.0 - others)


def _metric(
    strata: Sequence[Stratum], golden: float, confidence: float, harmless: float
) -> Interval:
    if golden == 1.0:  # nothing can be gained: without labels what is kept is what is masked
        return _share(strata, lambda t: t.kept, confidence, (harmless, 0.0), scores=True)
    if golden == 0.0:
        return _share(strata, lambda t: t.gained, confidence, (0.0, harmless), scores=True)
    ends = (-golden, 1.0 - golden)
    means = _means(strata, lambda t: net_interval(t, golden, confidence), ends)
    total = _weighted_sum(strata, means)
    left = harmless * golden + math.fsum(
        s.weight * (golden + m.estimate) for s, m in zip(strata, means, strict=True)
    )
    point = min(max(golden + total.estimate, 0.0), 1.0)
    return move_to(total, left if 0.0 <= left < -total.estimate else point, 0.0, 1.0)


def _means(strata: Sequence[Stratum], mean: Means, ends: tuple[float, float]) -> list[Interval]:
    """The mean within each stratum.

    Args:
        strata: the parts.
        mean: of a stratum with trials; one without has the typical mean of the others.
        ends: the least and the most that the mean of a stratum can be.
    """
    means = [mean(s.tally) if s.tally.trials else None for s in strata]
    tried = [(s.weight, m.estimate) for s, m in zip(strata, means, strict=True) if m is not None]
    weight = math.fsum(w for w, _ in tried)
    typical = math.fsum(w * point for w, point in tried) / weight if weight else 0.0
    unknown = Interval(typical, min(typical, ends[0]), max(typical, ends[1]))
    return [m or unknown for m in means]


def _weighted_sum(strata: Sequence[Stratum], means: Sequence[Interval]) -> Interval:
    parts = [rescale(m, s.weight, 0.0) for s, m in zip(strata, means, strict=True)]
    return add_parts(parts, [s.tally.trials > 0 for s in strata], -math.inf, math.inf)


def net_interval(t: Tally, golden: float, confidence: float) -> Interval:
    """Interval of the mean of gained minus lost in one stratum.

    Args:
        t: its trials, at least one.
        golden: accuracy of the fault-free run, in [0, 1].
        confidence: nominal coverage, in (0, 1).
    """
    if golden == 1.0:
        lost = cluster_proportion(t.lost, t.trials, t.unit, t.score_images, confidence)
        return rescale(complement(lost), 1.0, -1.0)
    if golden == 0.0:
        return cluster_proportion(t.gained, t.trials, t.unit, t.score_images, confidence)
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
    """True if images that were right before faults are told from those that were wrong.

    Only a right answer can be lost and only a wrong one gained, and their shares are known, so that

        E[gained - lost] = (1 - golden) E[gained | wrong] - golden E[lost | right],

    post-stratified (Cochran, ch. 5A.9): how many right images the trials happened to meet is no
    error any more. It takes trials of one image that is right or wrong (scores in between have a
    denominator, and the unit is a multiple of it), and enough of both kinds; what is asked for are
    *expected* numbers, because a choice by the numbers met would favour some outcomes.

    Args:
        tally: of a stratum.
        golden: the metric without faults, in [0, 1].
    """
    if tally.right is None or tally.unit != 1:
        return False
    kinds = [share for share in (golden, 1.0 - golden) if share > 0.0]
    return tally.trials * min(kinds) >= FEWEST_EXPECTED


def allocate(strata: Sequence[Stratum], total: int) -> list[int]:
    """Trials for each stratum at the next look, ``total`` together or more, never fewer than now.

    Neyman's rule: by weight times standard deviation (Cochran, ch. 5.5), which allows for one event
    not yet seen. Every stratum gets at least 16.

    Args:
        strata: with the trials that they have.
        total: trials of all strata together, 1 or more.

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
    if not (n := tally.trials):
        return 1.0
    sdc, due = (_variance(m, n, tally.unit) for m in (tally.sdc, tally.due))
    return math.sqrt(max(sdc, due, net_variance(tally)) + 1.0 / (n + 1))


def net_variance(tally: Tally) -> float:
    """Variance of gained minus lost: within right and wrong images where these are told apart."""
    n, right = tally.trials, tally.right
    if right is None or not tells_right_from_wrong(tally, right / n):
        return _variance(tally.net, n, tally.unit)
    kinds = ((tally.lost, right), (tally.gained, n - right))
    return math.fsum(k / n * _variance(moments, k, 1) for moments, k in kinds if k)


def _variance(moments: Moments, trials: int, unit: int) -> float:
    return (moments.squares * trials - moments.total**2) / (trials * unit) ** 2
