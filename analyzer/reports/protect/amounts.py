"""Amounts of harm as people read them: FIT, or harmful events per event."""

from collections.abc import Sequence

from analyzer.reports.protect.record import (
    AmountPart,
    BudgetPart,
    ProtectionPlanReport,
    RulePart,
)
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.amounts import beside, number
from analyzer.reports.shared.left_out import gate_scope


def evidence(found: AmountPart | None, bound: float) -> str:
    """A confirmed figure with its interval, beside its bound.

    Args:
        found: the figure; None: there is none.
        bound: of the budget.
    """
    if found is None:
        return "not confirmed"
    high = beside(found.high, bound)
    if found.estimate == found.low < found.high:
        return f"≤ {high}"
    return f"{beside(found.estimate, bound)} ({beside(found.low, bound)} – {high})"


def unit_sentence(report: ProtectionPlanReport) -> str:
    """The meaning of the unit."""
    if report.budgets[0].unit == "FIT":
        return (
            "FIT: harmful events in 1e9 hours of the whole memory, check bits included: what is "
            "larger is hit more often."
        )
    return (
        "per event: harmful events per event that hits the memory as it is without protection. A "
        "memory with check bits is larger and hit more often, which counts here."
    )


def verdict_sentence(report: ProtectionPlanReport) -> str:
    """The outcome of the search, in a sentence."""
    if not report.reached:
        return _none_reached(report)
    if report.check_bits == 0 and not report.rules:
        plain = "Nothing needs to be protected"
        if report.bounds:
            plain = f"With bounds by {report.bounds} no memory needs protection"
        return (
            f"{plain}." if report.verdict == "pass" else f"{plain} by the survey; {_open(report)}"
        )
    if report.verdict == "pass":
        plan = f"plan by the survey, {_also(report)}," if report.bounds else "plan by the survey"
        return f"The cheapest {plan} meets the budget, confirmed with a fresh seed."
    return f"A plan meets the budget by the survey; {_open(report)}"


def _also(report: ProtectionPlanReport) -> str:
    return f"which takes bounds by {report.bounds} as well"


def _none_reached(report: ProtectionPlanReport) -> str:
    if report.verdict == "fail":
        return "No plan of these schemes meets the budget; this one leaves the least harm."
    more = "" if "interrupted" in report.cut_short else "; a larger --budget may find one"
    return (
        "The survey ended before a plan of these schemes was seen to meet the budget; this one "
        f"leaves the least harm so far{more}."
    )


def _open(report: ProtectionPlanReport) -> str:
    """The reason why a plan that meets the budget by the survey did not pass."""
    if report.verdict == "fail":
        return "its confirmation shows more harm than the budget allows."
    interrupted = "interrupted" in report.cut_short
    if not report.rounds:
        why = "the search was interrupted" if interrupted else "the --budget ended"
        return f"{why} before the plan was confirmed."
    if all(budget.verdict == "pass" for budget in report.budgets):
        return f"its confirmation agrees. {gate_scope(report.model)}"
    if interrupted:
        return "its confirmation was interrupted, and does not decide."
    return "its confirmation does not decide; a larger --budget may."


def saving(report: ProtectionPlanReport) -> str:
    """The storage of the plan beside that of protecting everything; empty: nothing to compare."""
    whole = [a for a in report.alternatives if a.name.endswith(EVERYWHERE) and a.check_bits]
    if not whole or not report.check_bits:
        return ""
    least = min(whole, key=lambda a: a.check_bits)
    times = least.check_bits / report.check_bits
    if times < 1.05:
        return ""
    return f"{least.name} takes {times:.3g} times as many check bits."


EVERYWHERE = " on everything"
"""End of the names of alternatives that protect all that a scheme can."""


def why(rule: RulePart, budgets: Sequence[BudgetPart]) -> str:
    """The reason for a rule: what it removes, and what that takes."""
    removed = max(0.0, min(1.0, rule.removed_share))
    text = f"removes {figures.percent(removed)} % of the silent corruption"
    if budgets[0].outcome == "due" and len(budgets) == 1:
        text = f"leaves {number(rule.sdc_after)} of {number(rule.sdc_before)}"
    if rule.removed_per_kib is not None:
        text += f", {100.0 * rule.removed_per_kib:.3g} points per KiB of check bits"
    return text
