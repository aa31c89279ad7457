"""Log-odds of accuracy over data sets of different difficulty, after Milazzo et al., section VII.

Methods are compared over several data sets, each of which is easier or harder for all of them. On
the scale of log-odds the effects of method and data set are taken to add up (Kornblith, Shlens,
Le: "Do better ImageNet models transfer better?", CVPR 2019); the difficulty of a data set is then
the mean over methods, and is removed before the spread over data sets is told.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t

Matrix = npt.NDArray[np.float64]


def log_odds(accuracy: float, images: int) -> float:
    """log(p / (1 - p)), equation 6 of Milazzo et al.; natural logarithm.

    The log-odds of 0 and 1 are infinite. There half an image is added to the right and to the wrong
    ones (Haldane, Annals of Human Genetics 20, 1956; Anscombe, Biometrika 43, 1956).

    Args:
        accuracy: a fraction.
        images: on which it was found, 1 or more.

    >>> log_odds(0.5, 100), round(log_odds(0.9, 100), 3), round(log_odds(1.0, 100), 3)
    (0.0, 2.197, 5.303)
    """
    if accuracy in (0.0, 1.0):
        accuracy = (accuracy * images + 0.5) / (images + 1.0)
    return math.log(accuracy / (1.0 - accuracy))


def without_difficulty(values: Matrix) -> Matrix:
    """Values less the mean of their data set over methods, equation 7 of Milazzo et al.

    Args:
        values: float64 (methods, data sets), log-odds.

    Returns:
        float64 (methods, data sets); each data set sums to 0.

    >>> without_difficulty(np.array([[1.0, 4.0], [3.0, 6.0]])).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    return np.asarray(values - values.mean(axis=0), np.float64)


@dataclass(frozen=True, slots=True)
class MeanPart:
    """A mean over data sets.

    Attributes:
        mean: Over data sets.
        error: Its standard error; None: one data set shows no spread.
        low: Lower end of the interval, by Student's distribution; None without an error.
        high: Upper end.
    """

    mean: float
    error: float | None
    low: float | None
    high: float | None


def mean_over_sets(values: npt.NDArray[np.float64], confidence: float, scale: float) -> MeanPart:
    """The mean over data sets, its standard error and its interval.

    Args:
        values: float64 (data sets,), in which the spread over data sets shows.
        confidence: coverage of the interval, a fraction.
        scale: factor on the standard error, see `correction`.

    >>> part = mean_over_sets(np.array([1.0, 2.0, 3.0]), 0.95, 1.0)
    >>> part.mean, round(part.error, 4), round(part.low, 3)
    (2.0, 0.5774, -0.484)
    """
    count, mean = len(values), float(values.mean())
    if count < 2:
        return MeanPart(mean, None, None, None)
    error = scale * float(values.std(ddof=1)) / math.sqrt(count)
    arm = float(t.ppf((1.0 + confidence) / 2.0, count - 1)) * error
    return MeanPart(mean, error, mean - arm, mean + arm)


def correction(methods: int) -> float:
    """The factor on standard errors of values whose difficulty was removed, equation 8.

    The mean over M methods holds a share 1/M of each of them, so that what is left of its variance
    is (M - 1)/M of it: variances are multiplied by M/(M - 1), errors by the root (Morey, Tutorials
    in Quantitative Methods for Psychology 4, 2008). The published text has lost the root sign.

    Args:
        methods: M, 2 or more.

    >>> round(correction(4), 4)
    1.1547
    """
    return math.sqrt(methods / (methods - 1))


@dataclass(frozen=True, slots=True)
class Line:
    """A least-squares line.

    Attributes:
        slope: Of the line.
        intercept: Its height at 0.
        explained: Share of the variance that it explains, R squared.
    """

    slope: float
    intercept: float
    explained: float


def fitted_line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Line | None:
    """The least-squares line through points; None for fewer than three, or of one abscissa.

    Args:
        x: float64 (n,).
        y: float64 (n,).

    >>> line = fitted_line(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]))
    >>> round(line.slope, 6), round(line.intercept, 6), round(line.explained, 6)
    (2.0, 1.0, 1.0)
    """
    if len(x) < 3 or np.ptp(x) == 0.0:
        return None
    away = x - x.mean()
    slope = float(away @ (y - y.mean()) / (away @ away))
    intercept = float(y.mean() - slope * x.mean())
    left = y - (slope * x + intercept)
    total = float(((y - y.mean()) ** 2).sum())
    return Line(slope, intercept, 1.0 - float(left @ left) / total if total else 1.0)
