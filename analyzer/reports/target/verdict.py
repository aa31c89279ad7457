"""The verdict on a target: every condition with its figure and its bound."""

from collections.abc import Sequence

from analyzer.gate.target import target_verdict
from analyzer.gate.target_figures import TargetFigures
from analyzer.gate.target_judge import TargetJudgement
from analyzer.reports.shared.left_out import gate_scope
from analyzer.reports.shared.records import ModelPart
from analyzer.reports.target.record import TargetConditionPart, VerdictPart
from analyzer.reports.target.regions import amount_part
from analyzer.targets.arithmetic import largest_probability


def verdict_part(
    judged: Sequence[TargetJudgement],
    figures: TargetFigures,
    model: ModelPart,
    confidence: float,
) -> VerdictPart:
    """The verdict over all conditions.

    Args:
        judged: each condition with its evidence.
        figures: all that is known.
        model: the model, and how much of it is at risk.
        confidence: of the intervals by which conditions are judged.
    """
    pairs = [(j.condition, j.verdict) for j in judged]
    verdict = target_verdict(pairs, model.share_out_of_scope)
    return VerdictPart(
        verdict=verdict.value if verdict else None,
        conditions=[condition_part(j, figures, confidence) for j in judged],
        scope=gate_scope(model) if judged else "",
    )


def condition_part(
    judged: TargetJudgement, figures: TargetFigures, confidence: float
) -> TargetConditionPart:
    """One condition, the figure, and the bound that it is judged by.

    Args:
        judged: the condition with its evidence.
        figures: all that is known.
        confidence: of the evidence's interval.
    """
    condition, raw = judged.condition, figures.raw_fit
    fit = condition.figure.is_fit and raw > 0.0 and not figures.swept
    return TargetConditionPart(
        condition=str(condition),
        figure=condition.figure.value,
        operator="<=" if condition.figure.is_fit else ">=",
        bound=condition.bound,
        unit="FIT" if condition.figure.is_fit else "fraction",
        origin=condition.origin.value,
        requirement=condition.requirement,
        level=condition.level.value,
        verdict=judged.verdict.value,
        evidence=amount_part(judged.interval) if judged.interval else None,
        confidence=confidence,
        probability=largest_probability(condition.bound, raw) if fit else None,
        reason=judged.reason,
    )
