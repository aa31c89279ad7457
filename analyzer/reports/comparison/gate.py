"""The gate of a comparison, as text: each condition for each model but the reference."""

from collections.abc import Iterator

from analyzer.reports.comparison.record import ComparedConditionPart, Comparison
from analyzer.reports.shared.bound_format import beside, bound_shown
from analyzer.reports.shared.number_format import UNKNOWN


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


def evidence_of(part: ComparedConditionPart) -> str:
    """The figure, or the difference, that a condition was judged by."""
    found = part.evidence
    if found is None:
        return f"{UNKNOWN} (no estimate)"
    if not part.relative:
        low, high = beside(found.low, part.bound), beside(found.high, part.bound)
        return f"{beside(found.estimate, part.bound)} % ({low} – {high})"
    low, high = points(found.low, part.bound), points(found.high, part.bound)
    return f"{points(found.estimate, part.bound)} points ({low} to {high})"


def wanted_of(part: ComparedConditionPart) -> str:
    """The bound in words."""
    if not part.relative:
        return f"{part.operator} {bound_shown(part.bound)} %"
    sign = "-" if part.bound < 0 else ""
    return f"{part.operator} {sign}{bound_shown(abs(part.bound))} points"


def why_open(comparison: Comparison, part: ComparedConditionPart) -> str:
    """A sentence on what would decide an undecided condition; nothing for a decided one."""
    if part.verdict != "undecided":
        return ""
    row = next(
        row
        for model in comparison.models
        if model.label == part.model
        for row in model.rates
        if row.rate == part.rate
    )
    how = "the budget ended" if row.stop == "budget" else "the precision was reached"
    if part.evidence is None:
        return f"Undecided: {how}; there is no estimate yet."
    if part.more_trials is None:
        return f"Undecided: {how}; the figure is too near its bound to say what would decide."
    return (
        f"Undecided: {how}; about {part.more_trials:,} more trials would decide (a smaller "
        "--precision, a larger --budget)."
    )


def gate_lines(comparison: Comparison) -> Iterator[str]:
    """The verdict, then a line per condition and model."""
    if comparison.gate is None:
        return
    yield from ("", f"Gate: {comparison.gate.verdict}")
    for part in comparison.gate.conditions:
        name = f"{part.model}: {part.condition}"
        yield f"  {part.verdict:<10} {name:<32} {evidence_of(part)}"
        if why := why_open(comparison, part):
            yield f"    {why}"
