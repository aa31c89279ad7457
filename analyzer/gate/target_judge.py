"""Conditions on a target, judged by its figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.gate.condition import Verdict
from analyzer.gate.target import TargetCondition, TargetFigure
from analyzer.gate.target_figures import TargetFigures
from analyzer.stats.intervals import Interval


@dataclass(frozen=True, slots=True)
class TargetJudgement:
    """One condition with its evidence.

    Attributes:
        condition: The requirement.
        interval: The figure; None without an estimate.
        verdict: Pass, fail or undecided.
        reason: Why there is no estimate; empty where there is one.
    """

    condition: TargetCondition
    interval: Interval | None
    verdict: Verdict
    reason: str = ""


def judge_target(
    conditions: Sequence[TargetCondition], figures: TargetFigures, factor: float = 1.0
) -> list[TargetJudgement]:
    """Judge every condition.

    Args:
        conditions: on the target.
        figures: all that is known.
        factor: of all raw rates.
    """
    return [judge_figure(c, figures.interval(c.figure, factor), figures) for c in conditions]


def judge_figure(
    condition: TargetCondition, interval: Interval | None, figures: TargetFigures
) -> TargetJudgement:
    """Judge one condition by its figure.

    Args:
        condition: on the target.
        interval: the figure; None without an estimate.
        figures: all that is known, which says why there is no estimate.
    """
    reason = "" if interval else _why_not(condition, figures)
    return TargetJudgement(condition, interval, condition.judge(interval), reason)


def _why_not(condition: TargetCondition, figures: TargetFigures) -> str:
    if condition.figure is TargetFigure.METRIC_EVENT and figures.swept:
        return (
            "a region meets several events between two refreshes: a score after one event is not "
            "what its inferences see, and is not measured"
        )
    return "too much was not tried yet: give it more --budget"
