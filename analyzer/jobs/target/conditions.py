"""The conditions on a target, and when they are decided."""

from collections.abc import Callable, Mapping, Sequence

from analyzer.campaign.events.result import EventFigures
from analyzer.campaign.events.task import MOST_GROWTH
from analyzer.errors import BadGate
from analyzer.gate import Verdict, trials_to_decide
from analyzer.gate.target import ConditionOrigin, TargetCondition, TargetFigure
from analyzer.gate.target_figures import TargetFigures
from analyzer.gate.target_judge import TargetJudgement, judge_target
from analyzer.stats.intervals import Interval
from analyzer.targets.arithmetic import HOURS_PER_FIT
from analyzer.targets.target import DeploymentTarget

UNIT = 1_000
"""Trials that stand for those of a look, so that growth can be told in thousandths."""


def conditions_of(
    target: DeploymentTarget, asked: Sequence[TargetCondition], critical: bool = False
) -> tuple[TargetCondition, ...]:
    """Conditions of the budget, then those that were asked for.

    Args:
        target: the target.
        asked: of the command line.
        critical: a severity table tells critical confusions.

    Raises:
        BadGate: a condition needs the raw rate of a region that has none, or a severity table.
    """
    found = [
        TargetCondition(
            TargetFigure(name),
            bound,
            origin=ConditionOrigin.TARGET,
            requirement=getattr(target.requirements, name),
        )
        for name, bound in target.budget
        if bound is not None
    ]
    unrated = [region.name for region in target.region if region.raw_fit_per_mbit is None]
    check_conditions(found, target.name, (), critical)
    check_conditions(asked, target.name, unrated, critical)
    return (*found, *asked)


def check_conditions(
    conditions: Sequence[TargetCondition], target: str, unrated: Sequence[str], critical: bool
) -> None:
    """Refuse conditions on what nothing will tell.

    Args:
        conditions: on the target.
        target: its name.
        unrated: names of its regions without a raw rate.
        critical: a severity table tells critical confusions.

    Raises:
        BadGate: a condition needs the raw rate of such a region, or a severity table.
    """
    for condition in conditions:
        if condition.figure is TargetFigure.CRITICAL_FIT and not critical:
            raise BadGate(
                f"{str(condition)!r} counts critical confusions, and no table tells them; give it "
                "by --severity FILE"
            )
        if condition.figure.needs_rates and unrated:
            raise BadGate(
                f"gate {str(condition)!r} counts events in time, and the region {unrated[0]!r} of "
                f"the target {target!r} has no raw_fit_per_mbit; nobody published it for every "
                "memory: fill it in"
            )


def questions(conditions: Sequence[TargetCondition], regions: int) -> int:
    """Intervals that must hold together so that all conditions do; 1 without conditions.

    Args:
        conditions: on the target.
        regions: number of regions, each of which has a score after an event.
    """
    return max(1, sum(regions if c.figure is TargetFigure.METRIC_EVENT else 1 for c in conditions))


SWEPT_PRECISION, LEAST_PRECISION = 0.01, 1e-7
"""Half-widths of a sweep: where nothing asks for less, and the finest that is aimed at."""


def sweep_precision(
    conditions: Sequence[TargetCondition], window_hours: float, asked: float | None
) -> float:
    """The half-width that a sweep needs, so that bounds in FIT can be decided.

    Args:
        conditions: on the target.
        window_hours: between two refreshes of the region.
        asked: the half-width that a user asks for; None: the user asks for none.
    """
    bounds = [c.bound * window_hours / HOURS_PER_FIT for c in conditions if c.figure.is_fit]
    coarsest = SWEPT_PRECISION if asked is None else asked
    wanted = min([coarsest, *(bound / 3.0 for bound in bounds)])
    return max(wanted, LEAST_PRECISION)


def focus_of(
    conditions: Sequence[TargetCondition], weights: Mapping[int, float]
) -> Mapping[int, float]:
    """The weight of each region where trials are allotted.

    A figure in FIT, or over time, needs trials where events come most often. A score after one
    event is told of each region, however rarely that region is hit.

    Args:
        conditions: at least one.
        weights: share of each region in all events.

    >>> from analyzer.gate.target import parse_target_gate as parse
    >>> score, both = parse("metric_event >= 0.9"), ["metric_event >= 0.9", "sdc_fit <= 10"]
    >>> focus_of([score], {0: 1.0, 1: 0.0}), focus_of([*map(parse, both)], {0: 1.0, 1: 0.0})
    ({0: 0.5, 1: 0.5}, {0: 0.75, 1: 0.25})
    """
    alike = dict.fromkeys(weights, 1.0 / len(weights))
    apart = {condition.figure is TargetFigure.METRIC_EVENT for condition in conditions}
    kinds = [alike if single else weights for single in sorted(apart)]
    return {region: sum(kind[region] for kind in kinds) / len(kinds) for region in weights}


Question = Callable[[EventFigures], float | None]


def decision(
    conditions: Sequence[TargetCondition], figures_of: Callable[[EventFigures], TargetFigures]
) -> Question:
    """A question that is answered once every condition is decided.

    One that has failed does not end the others: the report is to tell each.

    Args:
        conditions: at least one.
        figures_of: all figures, given those of single events.
    """

    def growth(found: EventFigures) -> float | None:
        judged = judge_target(conditions, figures_of(found))
        open_ones = [j for j in judged if j.verdict is Verdict.UNDECIDED and j.interval]
        return max(map(_growth, open_ones)) if open_ones else None

    return growth


def _growth(judged: TargetJudgement) -> float:
    assert judged.interval is not None
    more = trials_to_decide(judged.condition.bound, judged.interval, UNIT)
    return MOST_GROWTH if more is None else 1.0 + more / UNIT


def precise_enough(precision: float) -> Question:
    """A question that is answered once SDC and DUE of every region are known to a half-width.

    Args:
        precision: the half-width, as a fraction.
    """

    def growth(found: EventFigures) -> float | None:
        outcomes = list(found.regions.values())
        if any(o is None for o in outcomes):
            return MOST_GROWTH
        intervals = [i for o in outcomes if o is not None for i in (o.sdc, o.due)]
        factors = [_precision_growth(interval, precision) for interval in intervals]
        return max(factors) if max(factors) > 1.0 else None

    return growth


def _precision_growth(interval: Interval, precision: float) -> float:
    factor = (interval.high - interval.low) / 2.0 / precision
    seen = interval.low < interval.estimate < interval.high
    return factor**2 if seen else factor
