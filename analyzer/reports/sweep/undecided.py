"""Remarks on a gate condition beside its figure: why it is undecided, or excused."""

from analyzer.reports.shared.number_format import duration
from analyzer.reports.sweep.record import ConditionPart, Report


def why_undecided(report: Report, condition: ConditionPart) -> str:
    """A sentence: what ended the rate of an undecided condition, and how much more would decide.

    Args:
        report: with the rate and the times of the run.
        condition: of the report's gate.

    Returns:
        Nothing for a condition that is decided.
    """
    if condition.verdict != "undecided":
        return ""
    ended = f"Undecided: {_what_ended(report, condition)}"
    if condition.evidence is None:
        return f"{ended}; there is no estimate yet."
    if condition.more_trials is None:
        return f"{ended}; the figure is too near its bound to say how many trials would decide."
    more = f"{condition.more_trials:,} more trials{_time(report, condition)}"
    return f"{ended}; about {more} would decide."


def _what_ended(report: Report, condition: ConditionPart) -> str:
    stop = next(row.stop for row in report.rates if row.rate == condition.rate)
    if stop == "precision":
        points = f"±{100 * report.plan.precision:g} points"
        return f"{points} were reached, and budget is left (--until gate goes on)"
    if stop == "decided":
        return "another condition of this rate failed"
    return "it was interrupted" if stop == "interrupted" else "the budget ended"


def _time(report: Report, condition: ConditionPart) -> str:
    each = report.run.trial_cpu_seconds
    if each is None or condition.more_trials is None:
        return ""
    return f" ({duration(each * condition.more_trials)} of CPU time)"
