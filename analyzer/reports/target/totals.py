"""All regions of a target together: FIT, and what other raw rates would make of it."""

from collections.abc import Sequence

from analyzer.campaign.coding_loss import CodingLoss
from analyzer.campaign.events.result import EventResult
from analyzer.faults.protections import NONE
from analyzer.gate.target import TargetFigure
from analyzer.gate.target_figures import TargetFigures
from analyzer.gate.target_judge import TargetJudgement, judge_target
from analyzer.reports.target.memory import AmountPart
from analyzer.reports.target.record import SensitivityPart, TotalPart, VerdictWord
from analyzer.reports.target.regions import amount_part, coding_part, fit_part, missing_rate
from analyzer.stats.intervals import Interval
from analyzer.stats.sums import add_parts
from analyzer.targets.arithmetic import SENSITIVITY, outcome_fit
from analyzer.targets.target import DeploymentTarget

ANYTHING = Interval(0.5, 0.0, 1.0)
"""Probability of an outcome of which nothing is known."""


def total_part(
    figures: TargetFigures,
    events: EventResult | None,
    target: DeploymentTarget,
    coding: CodingLoss | None = None,
) -> TotalPart:
    """The whole memory.

    Args:
        figures: all that is known.
        events: trials of one event each; None: no region is in that regime.
        target: names the regions whose rate is missing.
        coding: what encodings cost without faults; None: nothing is lost.
    """
    rated = all(exposure.is_rated for exposure in figures.exposures)
    whole = events.figures.whole if events else None
    fit = None
    if rated and whole and not figures.swept:
        guarded = {name: _guarded(figures, target, name) for name in ("corrected", "detected")}
        fit = fit_part(figures.raw_fit, whole).model_copy(update=guarded)
    return TotalPart(
        bits_at_risk=sum(exposure.bits for exposure in figures.exposures),
        events_per_hour=sum(e.events_per_hour for e in figures.exposures) if rated else None,
        fit=fit,
        sdc_fit=_amount(figures, TargetFigure.SDC_FIT),
        due_fit=_amount(figures, TargetFigure.DUE_FIT),
        missing=" ".join(filter(None, map(missing_rate, target.region))),
        windowed=bool(figures.swept),
        coding_loss=coding_part(coding),
    )


def _guarded(figures: TargetFigures, target: DeploymentTarget, name: str) -> AmountPart:
    """FIT of what memories do, added up over those that are protected; others do nothing.

    A small memory that too little was tried of may do anything to its events.
    """
    assert figures.events is not None, "no region is swept"
    parts, seen = [], []
    for number, exposure in enumerate(figures.exposures):
        if target.region[number].protection != NONE.name:
            found = figures.events.regions[number]
            share = getattr(found, name) if found else ANYTHING
            parts.append(outcome_fit(exposure.raw_fit, share))
            seen.append(found is not None)
    return amount_part(add_parts(parts, seen, 0.0, float("inf")))


def _amount(figures: TargetFigures, figure: TargetFigure, factor: float = 1.0) -> AmountPart | None:
    interval = figures.interval(figure, factor)
    return amount_part(interval) if interval else None


def sensitivity_parts(
    figures: TargetFigures, judged: Sequence[TargetJudgement]
) -> list[SensitivityPart]:
    """FIT and verdicts at other raw rates; none where these are missing, or decide the regime.

    Args:
        figures: all that is known.
        judged: each condition with its evidence.
    """
    found = []
    for factor in SENSITIVITY:
        sdc = _amount(figures, TargetFigure.SDC_FIT, factor)
        due = _amount(figures, TargetFigure.DUE_FIT, factor)
        if figures.swept or sdc is None or due is None:
            return []
        again = judge_target([j.condition for j in judged], figures, factor)
        verdicts: list[VerdictWord] = [j.verdict.value for j in again]
        found.append(SensitivityPart(factor=factor, sdc_fit=sdc, due_fit=due, verdicts=verdicts))
    return found
