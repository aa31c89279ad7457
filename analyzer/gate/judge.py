"""Verdicts: conditions decided by intervals, and the gate by its conditions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.result import CampaignResult
from analyzer.gate.condition import OUTCOME_METRICS, Condition, Level, Verdict, names_metric
from analyzer.gate.difference import AnyCondition
from analyzer.gate.waiver import Waiver
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval


@dataclass(frozen=True, slots=True)
class Judgement:
    """One condition with its evidence.

    Attributes:
        condition: The requirement.
        interval: The figure that it is judged by; None without an estimate.
        verdict: Pass, fail or undecided.
        more_trials: If it is undecided, about how many more would decide; None where that cannot
            be said.
        reason: Why the interval alone does not say the verdict; empty: it does.
        waiver: What excuses it; None: nothing does.
    """

    condition: AnyCondition
    interval: Interval | None
    verdict: Verdict
    more_trials: int | None = None
    reason: str = ""
    waiver: Waiver | None = None

    @property
    def waived(self) -> bool:
        """True if it is not passed, and excused."""
        excused = self.waiver is not None and not self.waiver.expired
        return excused and self.verdict is not Verdict.PASS

    @property
    def counts(self) -> bool:
        """True if the verdict of the whole gate depends on it."""
        return self.condition.level is Level.ERROR and not self.waived


def judge_gate(conditions: Sequence[Condition], result: CampaignResult) -> tuple[Judgement, ...]:
    """Judge every condition by the interval at its rate.

    Args:
        conditions: of the gate.
        result: a campaign that has every rate of theirs.

    Raises:
        KeyError: it lacks one.
    """
    judged = []
    for condition in conditions:
        rate = result.at(condition.rate)
        interval = None if rate.estimate is None else _interval(condition, rate.estimate)
        found = judge(condition, interval, rate.tally.trials)
        judged.append(without_hope(found, result.plan.metric, result.golden))
    return tuple(judged)


def without_hope(judged: Judgement, metric: str, golden: float) -> Judgement:
    """The judgement, or a failure where even the fault-free model is below the floor.

    Args:
        judged: by the interval.
        metric: name of the campaign's metric.
        golden: that metric without faults.
    """
    condition = judged.condition
    if not (isinstance(condition, Condition) and condition.beyond(metric, golden)):
        return judged
    reason = "the fault-free model is below this floor already: no fault pattern can repair it"
    return replace(judged, verdict=Verdict.FAIL, more_trials=None, reason=reason)


def judge(condition: AnyCondition, interval: Interval | None, trials: int) -> Judgement:
    """One condition, and what would decide it.

    Args:
        condition: the requirement.
        interval: the figure at its rate; None without an estimate.
        trials: that the figure rests on.
    """
    verdict, more = condition.judge(interval), None
    if interval is not None and verdict is Verdict.UNDECIDED:
        more = trials_to_decide(condition.bound, interval, trials)
    return Judgement(condition, interval, verdict, more)


MOST = 0.5
"""Share of the stored bits: where more than this is out of scope, no gate can pass."""

MOST_TRIALS = 10**9
"""Beyond, a figure is as good as at its bound."""


def trials_to_decide(bound: float, interval: Interval, trials: int) -> int | None:
    """About how many more trials take a bound out of an interval, if its figure stays as it is.

    Arms shrink with the root of the trials, and where nothing was seen with their number.

    Args:
        bound: of the condition, within the interval.
        interval: the figure now.
        trials: that it rests on.

    Returns:
        A multiple of a block; None where the figure is at the bound.

    >>> trials_to_decide(0.95, Interval(0.9, 0.8, 1.0), 160)
    480
    >>> trials_to_decide(0.01, Interval(0.0, 0.0, 0.02), 160)
    160
    """
    distance = abs(interval.estimate - bound)
    above = bound > interval.estimate
    arm = interval.high - interval.estimate if above else interval.estimate - interval.low
    seen = interval.low < interval.estimate < interval.high
    if not distance or arm > distance * math.sqrt(MOST_TRIALS / max(1, trials)):
        return None
    wanted = trials * (arm / distance) ** (2 if seen else 1) - trials
    return max(1, math.ceil(wanted / BLOCK_TRIALS - 1e-9)) * BLOCK_TRIALS


def deciders(conditions: Sequence[Condition]) -> dict[float, Callable[[RateEstimate], bool]]:
    """By rate: a test of whether figures decide its conditions; one that fails decides them all."""

    def decided(asked: Sequence[Condition]) -> Callable[[RateEstimate], bool]:
        def judge(found: RateEstimate) -> bool:
            verdicts = {(c.judge(_interval(c, found)), c.level) for c in asked}
            if (Verdict.FAIL, Level.ERROR) in verdicts:
                return True
            return all(verdict is not Verdict.UNDECIDED for verdict, _ in verdicts)

        return judge

    rates = {c.rate for c in conditions}
    return {rate: decided([c for c in conditions if c.rate == rate]) for rate in rates}


def _interval(condition: Condition, found: RateEstimate) -> Interval | None:
    """The interval that a condition is judged by; None: nothing tells the figure."""
    further = dict(found.further)
    if condition.metric in further or not names_metric(condition.metric):
        return further.get(condition.metric)
    name = condition.metric if condition.metric in OUTCOME_METRICS else "metric"
    interval: Interval | None = getattr(found, name)
    return interval


def overall(judgements: Sequence[Judgement], left_out: float = 0.0) -> Verdict | None:
    """One failed condition fails the gate; one undecided leaves it undecided; None without any.

    Warnings, and what is waived, do not count.

    Args:
        judgements: of the gate, one per condition.
        left_out: share of the stored bits that no fault hits, a fraction. A gate that would pass is
            undecided where this is more than `MOST`: the figures are not about the model.
    """
    if not judgements:
        return None
    verdicts = {j.verdict for j in judgements if j.counts}
    for verdict in (Verdict.FAIL, Verdict.UNDECIDED):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if left_out <= MOST else Verdict.UNDECIDED
