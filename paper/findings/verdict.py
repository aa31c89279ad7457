"""Verdicts that follow from intervals."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from paper.findings.interval import Interval


class Verdict(Enum):
    """Of a sentence of the paper, on our networks."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided at this size"
    NO_DATA = "no data"


def above(interval: Interval | None, bound: float = 0.0) -> Verdict:
    """The figure is above the bound: holds if its whole interval is.

    Args:
        interval: of the figure; None where there is none.
        bound: in the figure's unit.

    >>> above(Interval(1.0, 0.5, 1.5)).value, above(Interval(1.0, -0.5, 2.5)).value
    ('holds', 'undecided at this size')
    """
    if interval is None:
        return Verdict.NO_DATA
    if interval.low > bound:
        return Verdict.HOLDS
    return Verdict.FAILS if interval.high < bound else Verdict.UNDECIDED


def below(interval: Interval | None, bound: float = 0.0) -> Verdict:
    """The figure is below the bound: see `above`."""
    if interval is None:
        return Verdict.NO_DATA
    return above(Interval(-interval.estimate, -interval.high, -interval.low), -bound)


def between(interval: Interval | None, low: float, high: float) -> Verdict:
    """The figure is between two bounds (an equivalence test: Schuirmann 1987).

    Args:
        interval: of the figure; None where there is none.
        low: the lower bound.
        high: the upper bound.

    >>> between(Interval(1.0, 0.9, 1.1), 0.8, 1.25).value
    'holds'
    """
    return every((above(interval, low), below(interval, high)))


def every(verdicts: Sequence[Verdict]) -> Verdict:
    """All of several: fails if one fails, holds if all hold."""
    for worst in (Verdict.NO_DATA, Verdict.FAILS, Verdict.UNDECIDED):
        if worst in verdicts:
            return worst
    return Verdict.HOLDS if verdicts else Verdict.NO_DATA
