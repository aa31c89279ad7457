"""FIT and other figures that are no shares, as people read them."""

from analyzer.reports.shared.amounts import beside, number
from analyzer.reports.shared.bound_format import evidence_shown
from analyzer.reports.shared.number_format import UNKNOWN
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.target.memory import AmountPart
from analyzer.reports.target.record import TargetConditionPart


def amount(part: AmountPart | None) -> str:
    """The point, or a bound where nothing was seen; a dash without an estimate.

    >>> amount(AmountPart(estimate=0.0, low=0.0, high=4.2)), amount(None)
    ('≤ 4.2', '–')
    """
    if part is None:
        return UNKNOWN
    if part.estimate == part.low < part.high:
        return f"≤ {number(part.high)}"
    return number(part.estimate)


def amount_bounds(part: AmountPart | None) -> str:
    """The interval; nothing without an estimate.

    >>> amount_bounds(AmountPart(estimate=5.02, low=4.1, high=6.1))
    '4.1 – 6.1'
    """
    return f"{number(part.low)} – {number(part.high)}" if part else ""


def evidence(condition: TargetConditionPart) -> str:
    """The figure that a condition is judged by, with digits enough to show the verdict."""
    part = condition.evidence
    if part is None:
        return condition.reason
    if condition.unit == "fraction":
        share = IntervalPart(estimate=part.estimate, low=part.low, high=part.high)
        return evidence_shown(share, condition.bound, condition.confidence)
    low, high = beside(part.low, condition.bound), beside(part.high, condition.bound)
    point = f"≤ {high}" if part.estimate == part.low < part.high else number(part.estimate)
    return f"{point} FIT ({100 * condition.confidence:.4g} % interval {low} – {high})"
