"""Differences as people read them: points with a sign."""

from analyzer.reports.comparison.record import DifferencePart
from analyzer.reports.shared.number_format import percent

DUST = 1e-12
"""Below this a difference is what rounding leaves of none: sums of weights are known no better."""


def signed(value: float) -> str:
    """A difference of fractions in points, with its sign; a displayed 0 is exact.

    >>> signed(0.018), signed(-0.25), signed(0.0), signed(-1.0), signed(-0.9999999)
    ('+1.8', '-25.0', '0', '-100', '<-99.9999')
    """
    if abs(value) < DUST:
        return "0"
    text = percent(1.0 if 1.0 - abs(value) < DUST else abs(value))
    sign = "+" if value > 0.0 else "-" if value < 0.0 else ""
    if text.startswith(">"):
        return f"{'>' if value > 0.0 else '<'}{sign}{text[1:]}"
    return sign + text


def signed_bounds(part: DifferencePart) -> str:
    """The interval of a difference, in points.

    >>> signed_bounds(DifferencePart(estimate=0.0, low=-0.003, high=0.012))
    '-0.3 to +1.2'
    """
    return f"{signed(part.low)} to {signed(part.high)}"
