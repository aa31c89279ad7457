"""Figures beside the bound that they are judged by: with digits enough to show the verdict.

Rounded to one decimal, an interval that ends at 89.96 % seems to reach a bound of 90 %. Whatever is
shown here lies on the same side of the bound as the number that the gate compared.
"""

from analyzer.reports.shared.number_format import UNKNOWN, percent
from analyzer.reports.shared.records import IntervalPart

MOST_DECIMALS = 15
"""Beyond these, two fractions that differ as floats differ as text."""


def bound_shown(bound: float) -> str:
    """A bound in percent, exactly as it was written.

    >>> bound_shown(0.9), bound_shown(0.995), bound_shown(0.0), bound_shown(1e-5)
    ('90', '99.5', '0', '0.001')
    """
    return f"{100 * bound:.12f}".rstrip("0").rstrip(".") or "0"


def beside(value: float, bound: float) -> str:
    """A figure in percent that stands to the shown bound as the value stands to the bound.

    Args:
        value: a fraction in [0, 1].
        bound: likewise.

    >>> beside(0.8996, 0.9), beside(0.90004, 0.9), beside(0.95, 0.9), beside(0.9, 0.9)
    ('89.96', '90.004', '95.0', '90.0')
    """
    text = percent(value)
    for places in range(1, MOST_DECIMALS):
        if _side(text.lstrip(">"), bound) == _sign(value - bound):
            return text
        text = f"{100 * value:.{places + 1}f}"
    return text


def _side(text: str, bound: float) -> int:
    return _sign(float(text) - float(bound_shown(bound)))


def _sign(difference: float) -> int:
    return (difference > 0.0) - (difference < 0.0)


def evidence_shown(part: IntervalPart | None, bound: float, confidence: float) -> str:
    """An interval that is judged by a bound, in percent.

    Args:
        part: the figure; None: there is no estimate.
        bound: a fraction in [0, 1].
        confidence: coverage of the interval, a fraction.

    >>> evidence_shown(IntervalPart(estimate=0.91, low=0.8999, high=0.92), 0.9, 0.95)
    '91.0 % (95 % interval 89.99 – 92.0 %)'
    """
    if part is None:
        return f"{UNKNOWN} (no estimate)"
    low, high = beside(part.low, bound), beside(part.high, bound)
    return f"{_point(part, bound)} % ({100 * confidence:g} % interval {low} – {high} %)"


def beside_bound(part: IntervalPart, bound: float) -> str:
    """The same in short.

    Args:
        part: the figure.
        bound: a fraction in [0, 1].

    >>> beside_bound(IntervalPart(estimate=0.91, low=0.8999, high=0.92), 0.9)
    '91.0 % (89.99 – 92.0)'
    """
    low, high = beside(part.low, bound), beside(part.high, bound)
    return f"{_point(part, bound)} % ({low} – {high})"


def _point(part: IntervalPart, bound: float) -> str:
    """The estimate, or a bound where nothing, or everything, was observed."""
    if part.estimate == part.low < part.high:
        return f"≤ {beside(part.high, bound)}"
    if part.low < part.estimate == part.high:
        return f"≥ {beside(part.low, bound)}"
    return beside(part.estimate, bound)
