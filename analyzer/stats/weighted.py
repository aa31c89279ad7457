"""Limits for a weighted sum of stratum means, where most strata may show no event at all.

A vulnerability map adds the strata of a tensor: P = sum of w_h E[y_h]. Each stratum by itself is
bounded by Gaffke's unseen trial (`analyzer.stats.limits`); a sum of such bounds, or the root of the
sum of their squares, pays for one unseen trial in *every* stratum. Trials in which nothing happened
do not deserve that: if all strata show zero events, the exact joint bound on P is that of the one
stratum whose trials weigh most, max over h of w_h (1 - (alpha/2)^(1/n_h)), because one unseen event
explains the data best where it weighs most. So here one unseen trial serves the whole sum:

1. The mean of stratum h gets the law of a Dirichlet-weighted mean of its trials (Ferguson 1973:
   mean ȳ_h, variance s_h²/(n_h + 1)); one stratum also holds an unseen trial at the end of the
   range.
2. The sum gets a gamma law, shifted so that mean, variance and third moment are those of the sum
   (Fay & Feuer 1997 match two moments for weighted sums of Poisson counts; the third keeps the long
   tail of a stratum with few trials from drowning in another one's mean). With one stratum the law
   is the Beta itself: Clopper-Pearson for yes/no trials.
3. The limit is the quantile at alpha/2, the worst over the strata that may hold the unseen trial.

No step is a proof; `tests/stats/test_weighted.py` measures the coverage, `docs/method-maps.md`
tells it.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_SYMMETRIC = 1e-4
"""Below this skewness the gamma law is the normal law to six digits."""


@dataclass(frozen=True)
class Sample:
    """Trials of several strata; y is the share of a trial's images that an outcome struck.

    Attributes:
        weights: float64 (strata,), at least 0.
        means: float64 (strata,), of y over trials, in [0, 1]; 0 without trials.
        variances: float64 (strata,), of y over trials, divisor trials.
        trials: float64 (strata,), number of trials, 0 or more.
    """

    weights: FloatArray
    means: FloatArray
    variances: FloatArray
    trials: FloatArray

    @property
    def estimate(self) -> float:
        """The weighted sum; a stratum without trials adds nothing."""
        return float(self.weights @ self.means)

    def mirrored(self) -> "Sample":
        """The same trials, counting what did not happen."""
        means = np.where(self.trials > 0, 1.0 - self.means, 0.0)
        return Sample(self.weights, means, self.variances, self.trials)


def make_sample(
    weights: ArrayLike, means: ArrayLike, variances: ArrayLike, trials: ArrayLike, images: ArrayLike
) -> Sample:
    """A sample whose images are taken to be at best independent, as in `mean_limits`.

    Args:
        weights: (strata,) of each stratum.
        means: (strata,) of y over trials.
        variances: (strata,) of y over trials.
        trials: (strata,) number of trials.
        images: (strata,) number of images over all trials.
    """
    arrays = (np.asarray(x, np.float64) for x in (weights, means, variances, trials, images))
    weight, mean, variance, size, judged = arrays
    independent = mean * (1.0 - mean) * size / np.maximum(judged, 1.0)
    return Sample(weight, mean, np.maximum(variance, independent), size)


def sum_limits(sample: Sample, confidence: float) -> tuple[float, float]:
    """Two-sided limits for the weighted sum of E[y].

    A stratum without trials may be anything: it adds nothing to the lower limit and its whole
    weight to the upper one.

    Args:
        sample: the trials.
        confidence: nominal coverage, in (0, 1).

    Returns:
        (low, high) with 0 <= low <= estimate <= high <= sum of the weights.

    >>> nothing = make_sample([0.5, 0.5], [0.0, 0.0], [0.0, 0.0], [150, 150], [150, 150])
    >>> low, high = sum_limits(nothing, 0.95)
    >>> low, round(high, 4)
    (0.0, 0.0121)
    """
    level = 1.0 - (1.0 - confidence) / 2.0
    whole = float(sample.weights.sum())
    high = _upper(sample, level)
    low = whole - _upper(sample.mirrored(), level)
    point = sample.estimate
    return min(max(low, 0.0), point), max(min(high, whole), point)


def _upper(sample: Sample, level: float) -> float:
    """Quantile of the law of the sum, the unseen trial at 1 where that lifts it most."""
    tried = sample.trials > 0
    unknown = float(sample.weights[~tried].sum())
    if not tried.any():
        return unknown
    weights, means = sample.weights[tried], sample.means[tried]
    variances, trials = sample.variances[tried], sample.trials[tried]
    seen = _moments(means, variances / (trials + 1.0))
    size = trials + 1.0
    centre = (trials * means + 1.0) / size
    spread = trials / size * (variances + (1.0 - means) ** 2 / size)
    lifted = _moments(centre, spread / (size + 1.0))
    if len(weights) == 1:
        return unknown + float(weights[0] * _beta_quantile(lifted[:2, 0], level))
    powers = np.stack((weights, weights**2, weights**3))
    changes = powers * (lifted - seen)
    laws = (powers * seen).sum(axis=1)[:, None] + changes
    whole = float(weights.sum())
    high = float(_gamma_quantile(laws, level).max())
    return unknown + (high if high < whole else whole - _spared(weights, lifted, level))


def _spared(weights: FloatArray, lifted: FloatArray, level: float) -> float:
    """The distance that a sum stays below its most, where the law of the whole cannot tell.

    The stratum that shows it best decides, by its own Beta law at a level that allows for having
    been chosen: a share that was seen to be neither 0 nor 1 is never reported as possibly that.
    """
    alone = 1.0 - (1.0 - level) / (2.0 * len(weights))
    limits = [_beta_quantile(law, alone) for law in lifted[:2].T]
    return float(max(w * (1.0 - limit) for w, limit in zip(weights, limits, strict=True)))


def _moments(mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Mean, variance and third central moment of Beta laws: float64 (3, strata)."""
    inner = (variance > 0.0) & (mean > 0.0) & (mean < 1.0)
    m, v = np.where(inner, mean, 0.5), np.where(inner, variance, 0.1)
    total = m * (1.0 - m) / v - 1.0
    third = 2.0 * (1.0 - 2.0 * m) * v / (total + 2.0)
    return np.stack((mean, np.where(inner, variance, 0.0), np.where(inner, third, 0.0)))


def _beta_quantile(moments: FloatArray, level: float) -> float:
    """Quantile of the Beta law with this mean and variance."""
    mean, variance = moments
    if variance <= 0.0:
        return float(mean)
    total = mean * (1.0 - mean) / variance - 1.0
    return float(scipy.special.betaincinv(mean * total, (1.0 - mean) * total, level))


def _gamma_quantile(moments: FloatArray, level: float) -> FloatArray:
    """Upper quantiles of shifted gamma laws with these three moments.

    A tail is never taken to be shorter than that of the normal law: a law that leans to the other
    side counts as symmetric. Where one event was seen in a heavy stratum, the lower limit would
    otherwise lie above the truth twice as often as it may.

    Args:
        moments: float64 (3, laws): mean, variance, third central moment.
        level: of the quantile, above 0.5.
    """
    mean, variance, third = moments
    deviation = np.sqrt(np.maximum(variance, 0.0))
    cubed = np.where(deviation > 0.0, deviation, 1.0) ** 3
    skew = np.maximum(third / cubed, _SYMMETRIC)
    shape = 4.0 / skew**2
    standard = (scipy.special.gammaincinv(shape, level) - shape) / np.sqrt(shape)
    return np.asarray(mean + deviation * standard, np.float64)
