"""Figures and tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paper.findings.crossing import Crossing
from paper.findings.interval import Interval

NOTHING = "–"
"""A cell without a figure."""


def percent(interval: Interval | None, digits: int = 1) -> str:
    """In percent, with the limits in brackets.

    Args:
        interval: None is a dash.
        digits: behind the point.
    """
    if interval is None:
        return NOTHING
    e, low, high = (f"{100 * x:.{digits}f}" for x in _parts(interval))
    return f"{e} ({low} to {high})"


def points(interval: Interval | None, digits: int = 1) -> str:
    """A difference in points, with its sign: see `percent`."""
    if interval is None:
        return NOTHING
    e, low, high = (_signed(100 * x, digits) for x in _parts(interval))
    return f"{e} ({low} to {high})"


def ratio(interval: Interval | None, digits: int = 2) -> str:
    """A factor: see `percent`."""
    if interval is None:
        return NOTHING
    e, low, high = (_plain(x, digits) for x in _parts(interval))
    return f"{e} ({low} to {high})"


def times(interval: Interval | None, lower_limit: bool, digits: int = 2) -> str:
    """A factor that may be only a lower limit.

    Args:
        interval: None is a dash.
        lower_limit: true if it is.
        digits: behind the point.
    """
    if interval is None:
        return NOTHING
    return f"{'at least ' if lower_limit else ''}{ratio(interval, digits)}"


def scientific(interval: Interval | None) -> str:
    """A rate."""
    if interval is None:
        return NOTHING
    e, low, high = (rate(x) for x in _parts(interval))
    return f"{e} ({low} to {high})"


def reached(found: Crossing | None) -> str:
    """A rate that may lie beyond the sweep."""
    if found is None:
        return NOTHING
    if found.estimate is None:
        return f"> {rate(found.low if found.low is not None else found.last)}"
    low = rate(found.low if found.low is not None else found.estimate)
    high = f"> {rate(found.last)}" if found.high is None else rate(found.high)
    return f"{rate(found.estimate)} ({low} to {high})"


def rate(value: float) -> str:
    """Two digits: 1e-7, 3.2e-8."""
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def number(value: float) -> str:
    """Three digits, without an exponent where one can do without."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def numbers(interval: Interval | None) -> str:
    """A number of things, such as upsets."""
    if interval is None:
        return NOTHING
    e, low, high = (number(x) for x in _parts(interval))
    return f"{e} ({low} to {high})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; one without rows is said to be empty.

    Args:
        head: titles of the columns.
        rows: as many cells each.
    """
    lines = [_row(row) for row in rows]
    if not lines:
        return "*No results of these stages are there yet.*"
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines])


def code(command: str) -> str:
    """A command in a fenced block."""
    return f"```text\n{command}\n```"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _parts(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.low, interval.high


def _signed(value: float, digits: int) -> str:
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def _plain(value: float, digits: int) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{digits}f}"
