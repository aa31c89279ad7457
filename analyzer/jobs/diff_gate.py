"""The gate of a difference between two reports."""

from collections.abc import Sequence

from analyzer.errors import BadGate
from analyzer.faults.rates import show_rate
from analyzer.gate import Judgement, Waiver, check_metrics, judge, overall, without_hope
from analyzer.gate.difference import AnyCondition, DifferenceCondition
from analyzer.jobs.diff_figures import Figure, Sides, difference_part
from analyzer.jobs.waivers import with_waivers
from analyzer.reports.diff.record import DiffConditionPart, DiffGatePart
from analyzer.reports.shared.waivers import waiver_part
from analyzer.reports.sweep.record import RatePart, Report
from analyzer.stats.intervals import Interval
from analyzer.stats.levels import each_of, widened


def check_conditions(conditions: Sequence[AnyCondition], new: Report, sides: Sides | None) -> None:
    """Refuse conditions on figures that the reports do not have.

    Args:
        conditions: of the gate.
        new: the report that is judged.
        sides: both reports; None: there is no old one.

    Raises:
        BadGate: a metric that is not measured, or a rate that was not run.
    """
    check_metrics(conditions, new.golden.metric, critical=new.severity is not None)
    here = {row.rate for row in new.rates}
    both = here if sides is None else {f.rate for f in sides.figures if f.rate is not None}
    for condition in conditions:
        relative = isinstance(condition, DifferenceCondition)
        known = both if relative else here
        if condition.rate not in known:
            whose = "both reports have" if relative else "the new report has"
            rates = ", ".join(show_rate(rate) for rate in sorted(known)) or "none"
            raise BadGate(
                f"gate {str(condition)!r} asks for a rate that was not run; {whose} {rates}"
            )
        figure = Figure(condition.rate, None, condition.metric)
        if relative and sides and figure not in sides.figures:
            raise BadGate(
                f"gate {str(condition)!r} compares {condition.metric}, which the two reports do "
                "not both measure against labels; sdc and due are compared"
            )


def judge_difference(
    conditions: Sequence[AnyCondition],
    new: Report,
    sides: Sides | None,
    together: float,
    waivers: Sequence[Waiver] = (),
) -> DiffGatePart | None:
    """Judge every condition by an interval of its own; these hold together.

    Args:
        conditions: of the gate, checked. Without an old report, those on differences are left out.
        new: the report that is judged.
        sides: both reports; None: there is no old one.
        together: coverage of all intervals at once.
        waivers: of its file.

    Returns:
        The gate; None where nothing is left to judge.
    """
    relative = (c for c in conditions if isinstance(c, DifferenceCondition))
    left_out = set(relative) if sides is None else set()
    asked = [c for c in conditions if c not in left_out]
    if not asked:
        return None
    each = each_of(len(asked), together)
    rows = {row.rate: row for row in new.rates}
    judged = [_judge(condition, rows[condition.rate], new, sides, each) for condition in asked]
    excused = with_waivers(judged, waivers)
    verdict = overall(excused, new.model.share_out_of_scope)
    assert verdict is not None, "there is a condition"
    return DiffGatePart(verdict=verdict.value, each=each, conditions=[*map(_part, excused)])


def _judge(
    condition: AnyCondition, row: RatePart, new: Report, sides: Sides | None, each: float
) -> Judgement:
    if isinstance(condition, DifferenceCondition):
        assert sides is not None, "there is an old report"
        found = sides.difference(Figure(condition.rate, None, condition.metric), each)
        return judge(condition, found, row.trials)
    part = getattr(row, condition.metric if condition.metric != new.golden.metric else "metric")
    interval = None
    if part is not None:
        interval = widened(Interval(part.estimate, part.low, part.high), new.plan.confidence, each)
    judged = judge(condition, interval, row.trials)
    return without_hope(judged, new.golden.metric, new.golden.value)


def _part(judged: Judgement) -> DiffConditionPart:
    condition = judged.condition
    return DiffConditionPart(
        condition=str(condition),
        metric=condition.metric,
        operator=">=" if condition.at_least else "<=",
        bound=condition.bound,
        relative=isinstance(condition, DifferenceCondition),
        rate=condition.rate,
        verdict=judged.verdict.value,
        evidence=difference_part(judged.interval),
        more_trials=judged.more_trials,
        level=condition.level.value,
        reason=judged.reason,
        waiver=waiver_part(judged.waiver),
    )
