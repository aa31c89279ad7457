"""Intervals over training seeds: Student's t of a few trainings, and contrasts of networks.

Their scatter holds both what differs from training to training and the error of each campaign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, variance

from scipy.stats import t

from paper.findings.interval import Interval

CONFIDENCE = 0.95


def over_seeds(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """The mean over trainings with Student's t interval.

    Args:
        values: one for each training.
        confidence: of the interval.

    Returns:
        None for fewer than two trainings.
    """
    if len(values) < 2:
        return None
    return contrast({"": values}, {"": 1.0}, confidence)


def contrast(
    groups: Mapping[str, Sequence[float]],
    weights: Mapping[str, float],
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """A weighted sum of means, its error from the scatter within the groups.

    The groups are taken to scatter alike: their variances are pooled, with as many degrees of
    freedom as there are trainings less groups (Box, Hunter & Hunter, *Statistics for
    Experimenters*, 2nd ed., ch. 4).

    Args:
        groups: values by training seed of each network.
        weights: of each group's mean; only these groups count.
        confidence: of the interval.

    Returns:
        None where a group is empty or none has two values.
    """
    used = {name: groups.get(name, ()) for name in weights}
    if not all(used.values()):
        return None
    freedom = sum(len(values) - 1 for values in used.values())
    if not freedom:
        return None
    scatter = [(len(v) - 1) * variance(v) for v in used.values() if len(v) > 1]
    pooled = sum(scatter) / freedom
    estimate = sum(weights[name] * fmean(values) for name, values in used.items())
    error = math.sqrt(pooled * sum(weights[name] ** 2 / len(v) for name, v in used.items()))
    half = float(t.ppf(0.5 + confidence / 2, freedom)) * error
    return Interval(estimate, estimate - half, estimate + half)


def average(groups: Mapping[str, Sequence[float]]) -> Interval | None:
    """The mean over networks of their means over seeds; variances are pooled."""
    there = {name: values for name, values in groups.items() if values}
    return contrast(there, dict.fromkeys(there, 1 / len(there))) if there else None
