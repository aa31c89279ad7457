"""The gate of a comparison, as text: each condition for each model but the reference."""

from collections.abc import Iterator

from analyzer.reports.comparison.record import ComparedConditionPart, Comparison
from analyzer.reports.shared.condition_evidence import evidence_of


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
