"""The evidence of conditions that may be on differences: figures and bounds, in words."""

from typing import Protocol

from analyzer.reports.shared.bound_format import beside, bound_shown
from analyzer.reports.shared.number_format import UNKNOWN
from analyzer.reports.shared.signed_numbers import DifferencePart


class EvidencePart(Protocol):
    """A condition on a figure, or on a difference, of any report."""

    @property
    def operator(self) -> str:
        """``>=`` or ``<=``."""

    @property
    def bound(self) -> float:
        """The limit by which it is judged."""

    @property
    def relative(self) -> bool:
        """True if it is on a difference."""

    @property
    def evidence(self) -> DifferencePart | None:
        """The figure or the difference; None without an estimate."""


def points(value: float, bound: float) -> str:
    """A difference in points, with its sign and the digits that show on which side it lies.

    Args:
        value: the difference, within [-1, 1].
        bound: what it is judged by.

    >>> points(-0.01004, -0.01), points(0.02, -0.01), points(0.0, 0.0)
    ('-1.004', '+2.0', '0')
    """
    if value == 0.0:
        return "0"
    sign = "-" if value < 0 else "+"
    same_side = (value < 0) == (bound < 0)
    return sign + beside(abs(value), abs(bound) if same_side else 0.0)


def evidence_of(part: EvidencePart) -> str:
    """The figure, or the difference, that a condition was judged by."""
    found = part.evidence
    if found is None:
        return f"{UNKNOWN} (no estimate)"
    if not part.relative:
        low, high = beside(found.low, part.bound), beside(found.high, part.bound)
        return f"{beside(found.estimate, part.bound)} % ({low} – {high})"
    low, high = points(found.low, part.bound), points(found.high, part.bound)
    return f"{points(found.estimate, part.bound)} points ({low} to {high})"


def wanted_of(part: EvidencePart) -> str:
    """The bound in words."""
    if not part.relative:
        return f"{part.operator} {bound_shown(part.bound)} %"
    sign = "-" if part.bound < 0 else ""
    return f"{part.operator} {sign}{bound_shown(abs(part.bound))} points"
