"""Gates: conditions on a rate's figures, decided by the interval, not by the point."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.result import CampaignResult
from analyzer.errors import BadGate
from analyzer.evaluation.metrics import labelled_names, metric_names
from analyzer.faults.rates import show_rate
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval

OUTCOME_METRICS = ("sdc", "due", "masked")
_FORM = re.compile(r"\s*([A-Za-z0-9_]+)\s*(>=|<=)\s*([0-9.eE+-]+)\s*@\s*([0-9.eE+-]+)\s*")
EXAMPLE = "write it like 'top1 >= 0.90 @ 1e-6' or 'sdc <= 0.01 @ 3e-6'"


class Verdict(StrEnum):
    """The decision that the evidence allows."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement: ``metric >= bound @ rate`` or ``metric <= bound @ rate``."""

    metric: str
    at_least: bool
    bound: float
    rate: float

    def __str__(self) -> str:
        """The form in which it is written."""
        sign = ">=" if self.at_least else "<="
        bound = repr(self.bound).removesuffix(".0")
        return f"{self.metric} {sign} {bound} @ {show_rate(self.rate)}"

    def judge(self, interval: Interval | None) -> Verdict:
        """Pass if the whole interval meets the bound, fail if all of it misses.

        Without an estimate it is undecided.

        >>> Condition("top1", True, 0.9, 1e-6).judge(Interval(0.95, 0.91, 0.97)).value
        'pass'
        """
        if interval is None:
            return Verdict.UNDECIDED
        if self.at_least:
            if interval.low >= self.bound:
                return Verdict.PASS
            return Verdict.FAIL if interval.high < self.bound else Verdict.UNDECIDED
        if interval.high <= self.bound:
            return Verdict.PASS
        return Verdict.FAIL if interval.low > self.bound else Verdict.UNDECIDED


@dataclass(frozen=True, slots=True)
class Judgement:
    """One condition with its evidence.

    Attributes:
        condition: The requirement.
        interval: The figure that it is judged by; None without an estimate.
        verdict: Pass, fail or undecided.
        more_trials: If it is undecided, about how many more would decide; None where that cannot
            be said.
    """

    condition: Condition
    interval: Interval | None
    verdict: Verdict
    more_trials: int | None = None


def gate_metrics() -> tuple[str, ...]:
    """Figures that conditions may be about: the metrics, then shares of outcomes.

    >>> gate_metrics()
    ('top1', 'top5', 'agreement', 'sdc', 'due', 'masked')
    """
    return (*metric_names(), *OUTCOME_METRICS)


def parse_gate(text: str) -> Condition:
    """Read one gate condition.

    Raises:
        BadGate: it cannot be read, names an unknown metric, or a bound or rate out of range.

    >>> str(parse_gate("top1>=0.90@1e-6"))
    'top1 >= 0.9 @ 1e-6'
    """
    match = _FORM.fullmatch(text)
    if not match:
        raise BadGate(f"gate {text!r} cannot be read; {EXAMPLE}")
    metric, sign, bound_text, rate_text = match.groups()
    if metric not in gate_metrics():
        known = ", ".join(gate_metrics())
        raise BadGate(f"gate {text!r} names unknown metric {metric!r}; use {known}")
    try:
        bound, rate = float(bound_text), float(rate_text)
    except ValueError as error:
        raise BadGate(f"gate {text!r} holds something that is no number; {EXAMPLE}") from error
    if not 0.0 <= bound <= 1.0:
        raise BadGate(f"gate {text!r}: the bound is a fraction from 0 to 1, 90 % is 0.90")
    if not 0.0 < rate < 1.0:
        raise BadGate(f"gate {text!r}: the rate after @ is a bit error rate above 0 and below 1")
    return Condition(metric, sign == ">=", bound, rate)


def check_metrics(conditions: Sequence[Condition], metric: str) -> None:
    """Refuse conditions on a metric that the campaign does not measure.

    Args:
        conditions: of the gate.
        metric: name of the campaign's metric.

    Raises:
        BadGate: a condition is on another one.
    """
    labelled = " and ".join(labelled_names())
    for condition in conditions:
        if condition.metric not in (metric, *OUTCOME_METRICS):
            raise BadGate(
                f"gate {str(condition)!r} asks for {condition.metric}, but this campaign measures "
                f"{metric} (choose by --metric; {labelled} need labelled data)"
            )


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
        judged.append(judge(condition, interval, rate.tally.trials))
    return tuple(judged)


def judge(condition: Condition, interval: Interval | None, trials: int) -> Judgement:
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
    if not distance or (arm / distance) ** 2 * trials > MOST_TRIALS:
        return None
    wanted = trials * (arm / distance) ** (2 if seen else 1) - trials
    return max(1, math.ceil(wanted / BLOCK_TRIALS - 1e-9)) * BLOCK_TRIALS


def deciders(conditions: Sequence[Condition]) -> dict[float, Callable[[RateEstimate], bool]]:
    """By rate: a test of whether figures decide its conditions; one that fails decides them all."""

    def decided(asked: Sequence[Condition]) -> Callable[[RateEstimate], bool]:
        def judge(found: RateEstimate) -> bool:
            verdicts = {c.judge(_interval(c, found)) for c in asked}
            return Verdict.FAIL in verdicts or Verdict.UNDECIDED not in verdicts

        return judge

    rates = {c.rate for c in conditions}
    return {rate: decided([c for c in conditions if c.rate == rate]) for rate in rates}


def _interval(condition: Condition, found: RateEstimate) -> Interval:
    """The interval that a condition is judged by."""
    name = condition.metric if condition.metric in OUTCOME_METRICS else "metric"
    interval: Interval = getattr(found, name)
    return interval


def overall(judgements: Sequence[Judgement]) -> Verdict | None:
    """One failed condition fails the gate; one undecided leaves it undecided; None without any."""
    verdicts = {j.verdict for j in judgements}
    if not verdicts:
        return None
    for verdict in (Verdict.FAIL, Verdict.UNDECIDED):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS
