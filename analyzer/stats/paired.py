"""Differences between two models that met the same fault patterns on the same images.

Two ways lead to the difference within a stratum. *As changes*: over the trials that both ran, an
image that only the second model loses and one that only the first loses are two kinds of events,
*up* and *down*; what both do alike counts nothing, and the interval is that of gained minus lost
(MOVER; Newcombe 1998 for paired proportions). *As figures*: each model's figure from all trials of
its own, with all that is known of it (which images were right), and MOVER with the correlation that
shared trials bring (Zou & Donner 2008): never wider than for independent campaigns, unless the
models oppose each other. Changes win where both do mostly the same, figures where they do not.

Which one is taken follows from how much outcomes vary, not from the difference or its limits:
choosing the narrower of two intervals would cover less than either.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.stats.intervals import Interval, cluster_difference, cluster_proportion, rescale
from analyzer.stats.limits import compose, correlation
from analyzer.stats.paired_tally import Change, PairedTally
from analyzer.stats.strata import net_interval, net_variance, tells_right_from_wrong
from analyzer.stats.sums import add_parts
from analyzer.stats.tally import Moments, Tally

Golden = tuple[float, float]
"""Metric of the fault-free runs of the first and of the second model, exact."""

UNSEEN = 2.3
"""Variance of an event not yet seen, times the number of trials: its arm is 3/n at 95 %, as that of
two deviations of 1.5/n. Decides only which way is taken."""


@dataclass(frozen=True, slots=True)
class PairedStratum:
    """One part of the fault patterns.

    Attributes:
        weight: its probability.
        first: all trials of the first model on such patterns; None: they do exactly nothing to it.
        second: all trials of the second model.
        shared: the trials that both ran.
    """

    weight: float
    first: Tally | None
    second: Tally
    shared: PairedTally

    @property
    def is_tried(self) -> bool:
        """Something is known of both models."""
        return self.second.trials > 0 and (self.first is None or self.first.trials > 0)


@dataclass(frozen=True, slots=True)
class Difference:
    """Second model minus first at one rate; intervals within [-1, 1]."""

    metric: Interval
    sdc: Interval
    due: Interval


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the figures in which two models are compared.

    Attributes:
        mean: the figure of a model within a stratum; the number says which model.
        variance: of a trial.
        covariance: of the two models over shared trials.
        change: from the first to the second model; None: it may count an image twice.
        images: the number by which the images of a tally count.
        ends: the least and the most that the difference can be.
    """

    mean: Callable[[Tally, int], Interval]
    variance: Callable[[Tally], float]
    covariance: Callable[[PairedTally], float]
    change: Callable[[PairedTally], Change | None]
    images: Callable[[Tally], int]
    ends: tuple[float, float] = (-1.0, 1.0)


def paired_difference(
    strata: Sequence[PairedStratum], golden: Golden, confidence: float, *, alike: bool
) -> Difference:
    """The difference of two models' figures from trials of which both ran some.

    Args:
        strata: the parts; what their weights leave to 1 are patterns that harm neither model.
        golden: metric of the fault-free runs of the first and of the second model, exact.
        confidence: nominal coverage of each interval, in (0, 1).
        alike: without faults, both models are right on the same images. Else an image may count
            twice in the change of the metric, and figures are compared.

    Returns:
        Weighted sums over the strata (Cochran, ch. 5). The metric's difference is that of the
        fault-free runs plus the change of gained minus lost.

    >>> same = PairedTally.of_trials(1, [((1, 1, 0, 0, 1, 0), (1, 1, 0, 0, 1, 0))] * 300)
    >>> stratum = PairedStratum(0.5, same.first, same.second, same)
    >>> found = paired_difference([stratum], (0.9, 0.9), 0.95, alike=True).metric
    >>> found.estimate, round(found.low, 4), round(found.high, 4)
    (0.0, -0.005, 0.005)
    """
    before, after = golden
    offset = after - before
    metric = _weighted_sum(strata, _metric(golden, confidence, alike), confidence)
    return Difference(
        metric=rescale(_cut(metric, -1.0 - offset, 1.0 - offset), 1.0, offset),
        sdc=_weighted_sum(strata, _share(lambda t: t.sdc, lambda p: p.sdc, confidence), confidence),
        due=_weighted_sum(strata, _share(lambda t: t.due, lambda p: p.due, confidence), confidence),
    )


def are_compared(strata: Sequence[PairedStratum], precision: float) -> bool:
    """Say whether trials of both models stand behind a difference.

    Args:
        strata: the parts.
        precision: the weight that strata without such trials may have together.
    """
    untried = math.fsum(s.weight for s in strata if not s.is_tried)
    return untried <= precision and any(s.is_tried for s in strata)


def _share(
    of: Callable[[Tally], Moments], change: Callable[[PairedTally], Change], confidence: float
) -> Figure:
    def mean(tally: Tally, _: int) -> Interval:
        return cluster_proportion(of(tally), tally.trials, tally.unit, tally.images, confidence)

    return Figure(
        mean=mean,
        variance=lambda t: _variance(of(t), t),
        covariance=lambda p: _covariance(of(p.first), of(p.second), change(p), p),
        change=change,
        images=lambda t: t.images,
    )


def _metric(golden: Golden, confidence: float, alike: bool) -> Figure:
    before, after = golden
    return Figure(
        mean=lambda tally, model: net_interval(tally, golden[model], confidence),
        variance=net_variance,
        covariance=lambda p: net_covariance(
            p,
            (tells_right_from_wrong(p.first, before), tells_right_from_wrong(p.second, after)),
        ),
        change=lambda p: p.net if alike else None,
        images=lambda t: t.score_images,
        ends=(before - 1.0 - after, 1.0 - after + before),
    )


def _weighted_sum(strata: Sequence[PairedStratum], figure: Figure, confidence: float) -> Interval:
    least, most = figure.ends
    unknown = Interval(0.0, least, most)
    parts = [_difference(s, figure, confidence) if s.is_tried else unknown for s in strata]
    scaled = [rescale(part, s.weight, 0.0) for s, part in zip(strata, parts, strict=True)]
    return add_parts(scaled, [s.is_tried for s in strata], least, most)


def _difference(stratum: PairedStratum, figure: Figure, confidence: float) -> Interval:
    """Within one stratum, in the way that is expected to be the more precise."""
    first, second, shared = stratum.first, stratum.second, stratum.shared
    if first is None:
        return figure.mean(second, 1)
    change = figure.change(shared) if shared.trials else None
    if change is not None and _vary_less(change, figure, first, second, shared):
        return _cut(_mean_change(change, shared.first, figure, confidence), *figure.ends)
    rho = _correlation(figure, first, second, shared) if shared.trials else 0.0
    return difference(figure.mean(first, 0), figure.mean(second, 1), rho)


def _vary_less(
    change: Change, figure: Figure, first: Tally, second: Tally, shared: PairedTally
) -> bool:
    """Compare the variance of the mean change over shared trials with that of the figures.

    An event not yet seen is allowed for in every figure, and in changes one of either kind.
    """
    m, n, k = shared.trials, first.trials, second.trials
    changes = (_variance(change.net, shared.first) + 2.0 * UNSEEN / m) / m
    alone = sum((figure.variance(t) + UNSEEN / t.trials) / t.trials for t in (first, second))
    return changes <= alone - 2.0 * figure.covariance(shared) * m / (n * k)


def _mean_change(change: Change, tally: Tally, figure: Figure, confidence: float) -> Interval:
    n, unit, images = tally.trials, tally.unit, figure.images(tally)
    return cluster_difference(change.up, change.down, change.net, n, unit, images, confidence)


def _correlation(figure: Figure, first: Tally, second: Tally, shared: PairedTally) -> float:
    """Of the two figures, of whose trials some are shared."""
    one, two = (figure.variance(t) for t in (shared.first, shared.second))
    rho = float(correlation(one, two, figure.covariance(shared), shared.trials))
    return rho * shared.trials / math.sqrt(first.trials * second.trials)


def _variance(moments: Moments, tally: Tally) -> float:
    n = tally.trials
    return (moments.squares * n - moments.total**2) / (n * tally.unit) ** 2


def _covariance(first: Moments, second: Moments, change: Change, shared: PairedTally) -> float:
    """From exact sums: the squares of a difference tell the products."""
    products = first.squares + second.squares - change.net.squares
    n, unit = shared.trials, shared.first.unit
    return (n * products - 2 * first.total * second.total) / (2 * (n * unit) ** 2)


def net_covariance(shared: PairedTally, apart: tuple[bool, bool]) -> float:
    """Covariance of gained minus lost of two models, over shared trials.

    Args:
        shared: the trials.
        apart: of which model right and wrong images are told apart; its means within them are then
            taken out: E[(a - A)(b - B)], with A, B the means of the images alike in the model.
    """
    raw = _covariance(shared.first.net, shared.second.net, shared.net, shared)
    if not any(apart):
        return raw
    n = shared.trials
    means = [_kind_means(shared, model, is_apart) for model, is_apart in enumerate(apart)]
    kinds = list(enumerate(shared.kinds))
    products = raw + shared.first.net.total * shared.second.net.total / n**2
    products -= sum(kind.first * means[1][place & 1] for place, kind in kinds) / n
    products -= sum(kind.second * means[0][place >> 1] for place, kind in kinds) / n
    return products + sum(k.trials * means[0][p >> 1] * means[1][p & 1] for p, k in kinds) / n


def _kind_means(shared: PairedTally, model: int, apart: bool) -> list[float]:
    """Mean of gained minus lost of the images that were wrong, and of those that were right."""
    trials, sums = [0, 0], [0, 0]
    for place, kind in enumerate(shared.kinds):
        right = place & 1 if model else place >> 1
        trials[right] += kind.trials
        sums[right] += kind.second if model else kind.first
    if not apart:
        return [sum(sums) / sum(trials)] * 2
    return [total / n if n else 0.0 for total, n in zip(sums, trials, strict=True)]


def _cut(interval: Interval, least: float, most: float) -> Interval:
    """Limits within what can be; the estimate stays, which keeps it unbiased."""
    low = min(interval.estimate, max(interval.low, least))
    return Interval(interval.estimate, low, max(interval.estimate, min(interval.high, most)))


def difference(first: Interval, second: Interval, rho: float = 0.0) -> Interval:
    """Second minus first, from two figures with their correlation (MOVER).

    Args:
        first: a figure with its limits.
        second: another one.
        rho: correlation of the two estimates, in [-1, 1].

    >>> found = difference(Interval(0.5, 0.46, 0.54), Interval(0.75, 0.72, 0.78))
    >>> found.estimate, round(found.low, 9), round(found.high, 9)
    (0.25, 0.2, 0.3)
    """
    point = second.estimate - first.estimate
    down = _arm(second.estimate - second.low, first.high - first.estimate, rho)
    up = _arm(second.high - second.estimate, first.estimate - first.low, rho)
    return Interval(point, point - down, point + up)


def _arm(first: float, second: float, rho: float) -> float:
    return float(compose(*(np.asarray(x, np.float64) for x in (first, second, rho))))


def unpaired_difference(first: Interval, second: Interval) -> Interval:
    """Second minus first where nothing is shared, cut to [-1, 1].

    Args:
        first: a share of the first model.
        second: the same share of the second model, by trials of its own.
    """
    return _cut(difference(first, second), -1.0, 1.0)


def longest_arm(found: Difference, *, metric: bool) -> float:
    """Precision reached: the longest distance from an estimate to one of its limits.

    Args:
        found: the difference.
        metric: whether its metric counts; without labels it says nothing.
    """
    intervals = [found.sdc, found.due, *([found.metric] if metric else [])]
    return max(max(i.high - i.estimate, i.estimate - i.low) for i in intervals)
