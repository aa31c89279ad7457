"""Gates: conditions on a rate's figures, decided by the interval, not by the point."""

from analyzer.gate.condition import (
    OUTCOME_METRICS,
    Condition,
    Level,
    Verdict,
    gate_metrics,
    parse_gate,
)
from analyzer.gate.difference import DifferenceCondition, check_metrics, parse_comparison_gate
from analyzer.gate.judge import (
    MOST,
    Judgement,
    deciders,
    judge,
    judge_gate,
    overall,
    trials_to_decide,
    without_hope,
)
from analyzer.gate.waiver import Waiver

__all__ = [
    "MOST",
    "OUTCOME_METRICS",
    "Condition",
    "DifferenceCondition",
    "Judgement",
    "Level",
    "Verdict",
    "Waiver",
    "check_metrics",
    "deciders",
    "gate_metrics",
    "judge",
    "judge_gate",
    "overall",
    "parse_comparison_gate",
    "parse_gate",
    "trials_to_decide",
    "without_hope",
]
