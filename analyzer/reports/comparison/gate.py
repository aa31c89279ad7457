"""The gate of a comparison, as text: each condition for each model but the reference."""

from collections.abc import Iterator

from analyzer.reports.comparison.record import ComparedConditionPart, Comparison
from analyzer.reports.shared.condition_evidence import evidence_of
from analyzer.reports.shared.number_format import duration
from analyzer.reports.shared.waivers import remarks, word


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
    how = _what_ended(comparison, row.stop)
    if part.evidence is None:
        return f"Undecided: {how}; there is no estimate yet."
    if part.more_trials is None:
        return f"Undecided: {how}; the figure is too near its bound to say what would decide."
    whose = "trials of both models" if part.relative else f"trials of {part.model}"
    time = _time(comparison, part.more_trials * (2 if part.relative else 1))
    return f"Undecided: {how}; about {part.more_trials:,} more {whose}{time} would decide."


def _what_ended(comparison: Comparison, stop: str) -> str:
    if stop == "precision":
        points = f"±{100 * comparison.plan.precision:g} points"
        return f"{points} were reached, and budget is left (--until gate goes on)"
    if stop == "decided":
        return "another condition of this rate failed"
    return "it was interrupted" if stop == "interrupted" else "the budget ended"


def _time(comparison: Comparison, trials: int) -> str:
    each = comparison.run.trial_cpu_seconds
    return "" if each is None else f" ({duration(each * trials)} of CPU time)"


def gate_lines(comparison: Comparison) -> Iterator[str]:
    """The verdict, then a line per condition and model."""
    if comparison.gate is None:
        return
    yield from ("", f"Gate: {comparison.gate.verdict}")
    for part in comparison.gate.conditions:
        name = f"{part.model}: {part.condition}"
        yield f"  {word(part):<10} {name:<32} {evidence_of(part)}"
        yield from (f"    {remark}" for remark in remarks(part))
        if why := why_open(comparison, part):
            yield f"    {why}"
