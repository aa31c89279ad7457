"""Differences: as a record, and as people read them, in points with a sign."""

from typing import Annotated

from pydantic import Field

from analyzer.reports.shared.number_format import percent
from analyzer.reports.shared.records import ReportRecord

Signed = Annotated[float, Field(ge=-1.0, le=1.0)]


class DifferencePart(ReportRecord):
    """A model's figure minus the reference's, with its confidence interval."""

    estimate: Signed
    low: Signed
    high: Signed


DUST = 1e-12
"""A smaller difference is the rounding error of 0: sums of weights are known no better."""


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
