"""The law of an accuracy's fall: a stretched exponential, fitted to one curve.

    A(r) = c + (A0 - c) exp(-(r / r0) ** k)

A0 is known: accuracy without faults. ``k = 1`` is the exponential: every upset takes the same
share of what is left. ``r0`` times the bits at risk is the number of upsets after which 1/e is
left, so that ``1 / (r0 bits)`` is the share of bits whose flip is fatal, in the sense of that law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import norm, t

from paper.findings.interval import Interval
from paper.findings.results import Curve

Floats = NDArray[np.float64]

SMALLEST = 1e-4
"""A standard deviation of accuracy that no rate goes below: one rate would decide alone."""

REACHED = 0.5
"""A curve that keeps more of its accuracy than this does not tell c from r0."""

PRECISE = 1e-12
DIGITS = 5
"""Parameters are rounded, so that another processor writes the same page."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Law:
    """A fitted fall.

    Attributes:
        shape: k.
        rate: r0.
        floor: c.
        misfit: chi-square over degrees of freedom; 1 is what the intervals lead one to expect.
        worst: largest residual, as a multiple of the half-width of its interval.
        golden: A0.
        bits: at risk.
    """

    shape: Interval
    rate: Interval
    floor: Interval
    misfit: float
    worst: float
    golden: float
    bits: int

    @property
    def fatal(self) -> float:
        """The share of bits whose flip is fatal, in the sense of the law."""
        return 1 / (self.rate.estimate * self.bits)

    def at(self, rates: Floats) -> Floats:
        """Accuracy by the law, float64 (rates,)."""
        parameters = np.array([np.log(self.rate.estimate), np.log(self.shape.estimate)])
        return _accuracy(rates, self.golden, np.append(parameters, self.floor.estimate))


def fit(curve: Curve) -> Law | None:
    """Weighted least squares over the rates of a sweep.

    Weights are the inverse squares of the intervals' half-widths. Limits of k and r0 are those
    of their logarithms: normal, with the errors that the intervals imply; where the misfit is
    above 1 they are widened by its root (Birge 1932), by Student's t.

    Args:
        curve: at least five rates.

    Returns:
        None where the curve keeps too much of its accuracy for a fit.
    """
    values = np.array([m.estimate for m in curve.metric])
    if len(values) < 5 or values[-1] > REACHED * curve.golden:
        return None
    rates = np.array(curve.rates)
    errors = np.maximum([m.deviation for m in curve.metric], SMALLEST)

    def residuals(parameters: Floats) -> Floats:
        left: Floats = (_accuracy(rates, curve.golden, parameters) - values) / errors
        return left

    start = [np.log(_near(curve)), 0.0, max(float(values[-1]), 1e-3)]
    limits = ([np.log(rates[0]), np.log(0.05), 0.0], [0.0, np.log(20.0), curve.golden])
    found = least_squares(
        residuals,
        start,
        bounds=limits,
        x_scale=[1.0, 0.3, 0.1],
        xtol=PRECISE,
        ftol=PRECISE,
        gtol=PRECISE,
    )
    return _law(curve, found.x, np.asarray(found.jac), found.fun)


def _law(curve: Curve, best: Floats, slopes: Floats, left: Floats) -> Law:
    freedom = len(left) - len(best)
    misfit = float(left @ left) / freedom
    wide = np.sqrt(max(misfit, 1.0))
    middle = 0.5 + CONFIDENCE / 2
    quantile = norm.ppf(middle) if misfit <= 1 else t.ppf(middle, freedom)
    best = np.round(best, DIGITS)
    half = quantile * wide * np.sqrt(np.diag(np.linalg.pinv(slopes.T @ slopes)))
    rate, shape, floor = (
        Interval(float(b), float(b - h), float(b + h)) for b, h in zip(best, half, strict=True)
    )
    floor = Interval(floor.estimate, max(floor.low, 0.0), floor.high)
    deviations = np.array([m.deviation for m in curve.metric])
    errors = np.maximum(deviations, SMALLEST)
    worst = float(np.max(np.abs(left) * errors / (norm.ppf(middle) * errors)))
    return Law(shape.exp(), rate.exp(), floor, misfit, worst, curve.golden, curve.bits)


def _accuracy(rates: Floats, golden: float, parameters: Floats) -> Floats:
    """Parameters: the logarithms of r0 and k, and c."""
    log_rate, log_shape, floor = parameters
    with np.errstate(over="ignore"):
        gone = np.exp(np.exp(log_shape) * (np.log(rates) - log_rate))
    fallen: Floats = floor + (golden - floor) * np.exp(-gone)
    return fallen


def _near(curve: Curve) -> float:
    """The first rate with less than half of the accuracy, to start from."""
    below = (
        r for r, m in zip(curve.rates, curve.metric, strict=True) if m.estimate < curve.golden / 2
    )
    return next(below, curve.rates[-1])
