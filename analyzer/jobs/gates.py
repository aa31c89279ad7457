"""Gates that are judged after a sweep, from its record."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.errors import BadGate
from analyzer.faults.rates import show_rate
from analyzer.gate import (
    OUTCOME_METRICS,
    Condition,
    Judgement,
    Verdict,
    Waiver,
    check_metrics,
    judge,
    overall,
    parse_gate,
    without_hope,
)
from analyzer.gate.difference import AnyCondition, DifferenceCondition
from analyzer.jobs.waivers import with_waivers
from analyzer.reports.comparison.record import (
    ComparedConditionPart,
    ComparedGatePart,
    ComparedModelPart,
    Comparison,
)
from analyzer.reports.shared.bound_format import beside_bound
from analyzer.reports.shared.left_out import gate_scope
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.signed_numbers import DifferencePart
from analyzer.reports.shared.waivers import waiver_part
from analyzer.reports.sweep.record import RatePart, Report
from analyzer.stats.intervals import Interval


@dataclass(frozen=True, repr=False)
class GateReport:
    """Verdict on one condition or several, with its evidence; true if the verdict is a pass.

    Attributes:
        verdict: One condition that fails fails all; one that is undecided leaves all undecided.
        evidence: Each condition with the interval by which it was judged, and its own verdict.
        scope: What the verdict does not speak of; empty where that is little.
    """

    verdict: Verdict
    evidence: tuple[Judgement, ...]
    scope: str = ""

    @property
    def passed(self) -> bool:
        """True if every condition passes."""
        return self.verdict is Verdict.PASS

    def __bool__(self) -> bool:
        """True if every condition passes."""
        return self.passed

    def __repr__(self) -> str:
        """The verdict and the evidence, in a line per condition."""
        lines = [f"Gate: {self.verdict}", *([self.scope] if self.scope else [])]
        for judged in self.evidence:
            found = "no estimate"
            if judged.interval is not None:
                found = beside_bound(_part(judged.interval), judged.condition.bound)
            lines.append(f"  {judged.verdict:<10} {judged.condition!s:<28} {found}")
        return "\n".join(lines)


def judge_record(record: Report, conditions: Sequence[str | Condition]) -> GateReport:
    """Judge conditions by the intervals of a finished sweep.

    Args:
        record: the sweep.
        conditions: as text or as records, each at a rate of the sweep.

    Raises:
        BadGate: there is no condition, one cannot be read, or the sweep does not measure it.
    """
    read = [parse_gate(c) if isinstance(c, str) else c for c in conditions]
    if not read:
        raise BadGate("no condition was given; write it like 'top1 >= 0.90 @ 1e-6'")
    check_metrics(read, record.golden.metric, critical=record.severity is not None)
    judged = tuple(_judge(record, condition) for condition in read)
    verdict = overall(judged, record.model.share_out_of_scope)
    assert verdict is not None, "there is a condition"
    return GateReport(verdict, judged, gate_scope(record.model))


def _judge(record: Report, condition: Condition) -> Judgement:
    """One condition with its evidence.

    Raises:
        BadGate: its rate is none of the sweep.
    """
    for row in record.rates:
        if row.rate == condition.rate:
            interval = _interval(row, condition.metric)
            judged = judge(condition, interval, row.trials)
            return without_hope(judged, record.golden.metric, record.golden.value)
    rates = ", ".join(show_rate(row.rate) for row in record.rates)
    raise BadGate(
        f"gate {str(condition)!r} asks for a rate that was not run; the sweep has {rates}"
    )


def judge_comparison(
    comparison: Comparison,
    conditions: Sequence[AnyCondition],
    waivers: Sequence[Waiver] = (),
) -> ComparedGatePart | None:
    """Judge every condition for every model but the reference.

    Args:
        comparison: with every rate of theirs.
        conditions: of the gate; without any there is no verdict.
        waivers: of its file.
    """
    found = [
        (model, judged)
        for model in comparison.models[1:]
        for judged in with_waivers(
            [_judge_model(model, c, comparison.metric) for c in conditions], waivers
        )
    ]
    left_out = max(model.model.share_out_of_scope for model in comparison.models)
    verdict = overall([judged for _, judged in found], left_out)
    if verdict is None:
        return None
    parts = [_compared_condition(model.label, judged) for model, judged in found]
    return ComparedGatePart(verdict=verdict.value, conditions=parts)


def _judge_model(
    model: ComparedModelPart, condition: AnyCondition, metric: str | None
) -> Judgement:
    row = next(row for row in model.rates if row.rate == condition.rate)
    name = condition.metric if condition.metric in OUTCOME_METRICS else "metric"
    source = row.difference if isinstance(condition, DifferenceCondition) else row
    part: DifferencePart | IntervalPart | None = getattr(source, name) if source else None
    interval = None if part is None else Interval(part.estimate, part.low, part.high)
    paired = row.difference.paired_trials if row.difference else 0
    relative = isinstance(condition, DifferenceCondition)
    judged = judge(condition, interval, (paired if relative else 0) or row.trials)
    if metric is None or model.golden is None:
        return judged
    return without_hope(judged, metric, model.golden)


def _compared_condition(label: str, judged: Judgement) -> ComparedConditionPart:
    condition, found = judged.condition, judged.interval
    evidence = None
    if found is not None:
        evidence = DifferencePart(estimate=found.estimate, low=found.low, high=found.high)
    return ComparedConditionPart(
        condition=str(condition),
        model=label,
        metric=condition.metric,
        operator=">=" if condition.at_least else "<=",
        bound=condition.bound,
        relative=isinstance(condition, DifferenceCondition),
        rate=condition.rate,
        verdict=judged.verdict.value,
        evidence=evidence,
        more_trials=judged.more_trials,
        level=condition.level.value,
        reason=judged.reason,
        waiver=waiver_part(judged.waiver),
    )


def _interval(row: RatePart, metric: str) -> Interval | None:
    part: IntervalPart | None
    part = getattr(row, metric if metric in OUTCOME_METRICS else "metric")
    return None if part is None else Interval(part.estimate, part.low, part.high)


def _part(interval: Interval) -> IntervalPart:
    return IntervalPart(estimate=interval.estimate, low=interval.low, high=interval.high)
