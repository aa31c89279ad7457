"""Intervals from exact moments: the scalar face of analyzer.stats.limits."""

from dataclasses import dataclass

from analyzer.stats.limits import difference_limits, mean_limits
from analyzer.stats.tally import Moments


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence limits, all fractions; low <= estimate <= high.

    Raises:
        ValueError: if the limits do not enclose the estimate.
    """

    estimate: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.estimate <= self.high:
            raise ValueError(f"{self.estimate} is not within [{self.low}, {self.high}]")


def cluster_proportion(
    moments: Moments, trials: int, unit: int, images: int, confidence: float
) -> Interval:
    """Interval for E[y], where y in [0, 1] is a trial's per-image mean.

    Args:
        moments: sums of y and y**2 over trials, in units of 1/unit and 1/unit**2.
        trials: number of independent trials (clusters).
        unit: the common denominator of y.
        images: number of images over all trials, at least trials.
        confidence: nominal coverage, in (0, 1).

    Returns:
        The mean of y with the limits of mean_limits. With no event at all, low is exactly 0 and
        high the exact one-sided 1 - (1 - confidence)**(1/trials): images of a trial may share its
        fate, so only trials count. With nothing but events, the mirror image. With no trials,
        0.5 in [0, 1]: nothing is known, and neither 0 nor 1 may be claimed.

    Raises:
        ValueError: if confidence, the counts or the moments are impossible.

    >>> nothing = cluster_proportion(Moments(0, 0), 300, 32, 9600, 0.95)
    >>> nothing.estimate, nothing.low, round(nothing.high, 5)
    (0.0, 0.0, 0.00994)
    >>> cluster_proportion(Moments(0, 0), 0, 32, 0, 0.95)
    Interval(estimate=0.5, low=0.0, high=1.0)
    """
    _check_sample(trials, unit, images, confidence)
    _check_share(moments, trials, unit)
    if trials == 0:
        return Interval(0.5, 0.0, 1.0)
    mean, variance = _mean_and_variance(moments, trials, unit)
    low, high = mean_limits(mean, variance, trials, images, confidence)
    return Interval(mean, float(low), float(high))


def cluster_difference(
    gained: Moments,
    lost: Moments,
    net: Moments,
    trials: int,
    unit: int,
    images: int,
    confidence: float,
) -> Interval:
    """Interval for E[gained - lost], in [-1, 1], both measured in the same trials.

    Args:
        gained: sums of the share of images gained and of its square, in units as in Tally.
        lost: the same of the share of images lost.
        net: the same of gained - lost within each trial; carries their correlation.
        trials: number of independent trials (clusters).
        unit: the common denominator of the shares.
        images: number of images over all trials, at least trials.
        confidence: nominal coverage, in (0, 1).

    Returns:
        The mean of net with the limits of difference_limits. Where nothing was lost or gained,
        0 within the two one-sided bounds on what was not seen. With no trials, 0 in [-1, 1].

    Raises:
        ValueError: if confidence, the counts or the moments are impossible.

    >>> none = Moments(0, 0)
    >>> unseen = cluster_difference(none, none, none, 300, 32, 9600, 0.95)
    >>> unseen.estimate, round(unseen.low, 5), round(unseen.high, 5)
    (0.0, -0.00994, 0.00994)
    """
    _check_sample(trials, unit, images, confidence)
    for share in (gained, lost):
        _check_share(share, trials, unit)
    if net.total != gained.total - lost.total:
        raise ValueError("net is not gained minus lost")
    if trials == 0:
        return Interval(0.0, -1.0, 1.0)
    products = (gained.squares + lost.squares - net.squares) // 2
    covariance = _central(products, gained.total, lost.total, trials, unit)
    low, high = difference_limits(
        _mean_and_variance(gained, trials, unit),
        _mean_and_variance(lost, trials, unit),
        covariance,
        trials,
        images,
        confidence,
    )
    # The limits come from two means rounded separately and may pass the third by an ulp.
    mean = net.total / (trials * unit)
    return Interval(mean, min(float(low), mean), max(float(high), mean))


def rescale(interval: Interval, weight: float, offset: float, *, clip: bool = False) -> Interval:
    """The interval of offset + weight * x, given that of x.

    Args:
        interval: of x.
        weight: at least 0.
        offset: any number.
        clip: cut the result to [0, 1], where the quantity itself cannot leave it.

    Raises:
        ValueError: if weight is negative.

    >>> rescale(Interval(0.25, 0.125, 0.75), weight=0.5, offset=0.75, clip=True)
    Interval(estimate=0.875, low=0.8125, high=1.0)
    """
    if weight < 0.0:
        raise ValueError(f"weight {weight} would turn the interval round")
    values = [offset + weight * end for end in (interval.estimate, interval.low, interval.high)]
    return Interval(*(min(max(value, 0.0), 1.0) for value in values) if clip else values)


def complement(interval: Interval) -> Interval:
    """The interval of 1 - x, given that of x.

    >>> complement(Interval(0.25, 0.0, 0.5))
    Interval(estimate=0.75, low=0.5, high=1.0)
    """
    return Interval(1.0 - interval.estimate, 1.0 - interval.high, 1.0 - interval.low)


def _mean_and_variance(moments: Moments, trials: int, unit: int) -> tuple[float, float]:
    variance = _central(moments.squares, moments.total, moments.total, trials, unit)
    return moments.total / (trials * unit), variance


def _central(products: int, first: int, second: int, trials: int, unit: int) -> float:
    """Variance or covariance over trials (divisor trials); one rounding, no cancellation."""
    return (trials * products - first * second) / (trials * unit) ** 2


def _check_sample(trials: int, unit: int, images: int, confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, not at {confidence}")
    if unit < 1 or not 0 <= trials <= images or (images and not trials):
        raise ValueError(f"{trials} trials on {images} images in units of 1/{unit}")


def _check_share(moments: Moments, trials: int, unit: int) -> None:
    """Only shares in [0, 1] have total**2 / trials <= squares <= total * unit."""
    total, squares = moments.total, moments.squares
    possible = total * total <= trials * squares <= trials * total * unit
    if not possible or total > trials * unit:
        raise ValueError(f"{moments} does not belong to {trials} shares in units of 1/{unit}")
