"""The usual intervals for a clustered proportion, to show why none of them is used.

Each has the signature of analyzer.stats.limits.mean_limits, and each is given the exact one-sided
bound where nothing was observed, so that only the rest is compared.
"""

import numpy as np
from scipy import special, stats

from .simulation import Floats, Limits, Method


def student(mean: Floats, variance: Floats, trials: int, images: int, confidence: float) -> Limits:
    arm = _t(confidence, trials) * np.sqrt(variance / (trials - 1))
    return _with_exact_zero(mean, mean - arm, mean + arm, trials, confidence)


def logit_t(mean: Floats, variance: Floats, trials: int, images: int, confidence: float) -> Limits:
    inner = np.clip(mean, 1e-12, 1 - 1e-12)
    arm = _t(confidence, trials) * np.sqrt(variance / (trials - 1)) / (inner * (1 - inner))
    centre = special.logit(inner)
    low, high = special.expit(centre - arm), special.expit(centre + arm)
    return _with_exact_zero(mean, low, high, trials, confidence)


def wilson(mean: Floats, variance: Floats, trials: int, images: int, confidence: float) -> Limits:
    size, z = _effective(mean, variance, trials, images, confidence), stats.norm.ppf(0.975)
    centre = (mean + z * z / 2 / size) / (1 + z * z / size)
    root = np.sqrt(mean * (1 - mean) / size + z * z / 4 / size**2)
    arm = z / (1 + z * z / size) * root
    return _with_exact_zero(mean, centre - arm, centre + arm, trials, confidence)


def _beta_family(lower: float, upper: float) -> Method:
    """Beta quantiles with events + lower (upper) in place of events: 0, 1 is Clopper-Pearson."""

    def limits(
        mean: Floats, variance: Floats, trials: int, images: int, confidence: float
    ) -> Limits:
        size, tail = _effective(mean, variance, trials, images, confidence), (1 - confidence) / 2
        events = np.clip(mean * size, 1e-9, size - 1e-9)
        low = special.betaincinv(events + lower, size - events + 1 - lower, tail)
        high = special.betaincinv(events + upper, size - events + 1 - upper, 1 - tail)
        return _with_exact_zero(mean, np.asarray(low), np.asarray(high), trials, confidence)

    return limits


jeffreys = _beta_family(0.5, 0.5)
clopper_pearson = _beta_family(0.0, 1.0)


def mid_p(mean: Floats, variance: Floats, trials: int, images: int, confidence: float) -> Limits:
    size = _effective(mean, variance, trials, images, confidence)
    events = np.clip(mean * size, 1e-9, size - 1e-9)
    ends: list[Floats] = []
    for level in ((1 - confidence) / 2, (1 + confidence) / 2):
        low, high = np.zeros_like(mean), np.ones_like(mean)
        for _ in range(44):
            point = (low + high) / 2
            mass = special.betainc(events, size - events + 1, point)
            mass += special.betainc(events + 1, size - events, point)
            low, high = (
                np.where(mass < 2 * level, point, low),
                np.where(mass < 2 * level, high, point),
            )
        ends.append(np.asarray((low + high) / 2, np.float64))
    return _with_exact_zero(mean, ends[0], ends[1], trials, confidence)


RIVALS: dict[str, Method] = {
    "t": student,
    "logit-t": logit_t,
    "Wilson": wilson,
    "Jeffreys": jeffreys,
    "mid-P": mid_p,
    "Clopper-Pearson": clopper_pearson,
}


def _t(confidence: float, trials: int) -> float:
    return float(stats.t.ppf((1 + confidence) / 2, trials - 1))


def _effective(
    mean: Floats, variance: Floats, trials: int, images: int, confidence: float
) -> Floats:
    """Korn & Graubard (1998): effective size, adjusted for degrees of freedom."""
    scatter = np.maximum(variance, 1e-300) / (trials - 1)
    size = np.clip(mean * (1 - mean) / scatter, trials, images)
    ratio = stats.t.ppf((1 + confidence) / 2, size - 1) / _t(confidence, trials)
    adjusted: Floats = np.clip(size * ratio**2, trials, images)
    return adjusted


def _with_exact_zero(
    mean: Floats, low: Floats, high: Floats, trials: int, confidence: float
) -> Limits:
    unseen = 1 - (1 - confidence) ** (1 / trials)
    low = np.where(mean == 0, 0.0, np.where(mean == 1, 1 - unseen, low))
    return low, np.where(mean == 0, unseen, np.where(mean == 1, 1.0, high))
