"""Gates: requirements that are judged by the interval, not by the point."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.result import CampaignResult
from analyzer.errors import BadGate
from analyzer.gate import (
    MOST_TRIALS,
    OUTCOME_METRICS,
    Condition,
    Verdict,
    check_metrics,
    gate_metrics,
    judge_gate,
    overall,
    parse_gate,
    trials_to_decide,
)
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval
from tests.reports.test_build import PLAN, RATE

FRACTIONS = st.floats(0.0, 1.0)
INTERVALS = st.tuples(FRACTIONS, FRACTIONS, FRACTIONS).map(
    lambda limits: Interval(*(sorted(limits)[i] for i in (1, 0, 2)))
)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("top1 >= 0.90 @ 1e-6", Condition("top1", True, 0.9, 1e-6)),
        ("sdc<=0.01@3e-6", Condition("sdc", False, 0.01, 3e-6)),
        ("  due  <=  0  @  1E-6 ", Condition("due", False, 0.0, 1e-6)),
        ("masked >= 1 @ 0.000001", Condition("masked", True, 1.0, 1e-6)),
    ],
)
def test_gates_are_read(text: str, condition: Condition) -> None:
    assert parse_gate(text) == condition


@given(
    st.sampled_from(gate_metrics()),
    st.booleans(),
    FRACTIONS,
    st.floats(1e-12, 0.999),
)
def test_written_gates_read_back(metric: str, at_least: bool, bound: float, rate: float) -> None:
    condition = Condition(metric, at_least, bound, rate)
    assert parse_gate(str(condition)) == condition


@given(INTERVALS, FRACTIONS, st.booleans())
def test_verdict_holds_for_every_value_in_the_interval(
    interval: Interval, bound: float, at_least: bool
) -> None:
    def met(value: float) -> bool:
        return value >= bound if at_least else value <= bound

    found = {met(value) for value in (interval.low, interval.estimate, interval.high)}
    verdict = Condition("top1", at_least, bound, 1e-6).judge(interval)
    if len(found) > 1:
        assert verdict is Verdict.UNDECIDED
    else:
        assert verdict is (Verdict.PASS if found.pop() else Verdict.FAIL)


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ([], None),
        ([Verdict.PASS, Verdict.PASS], Verdict.PASS),
        ([Verdict.PASS, Verdict.UNDECIDED], Verdict.UNDECIDED),
        ([Verdict.UNDECIDED, Verdict.FAIL, Verdict.PASS], Verdict.FAIL),
    ],
)
def test_one_failure_fails_the_gate(verdicts: list[Verdict], worst: Verdict | None) -> None:
    (judged,) = judge_gate([parse_gate("sdc <= 0.1 @ 1e-6")], CampaignResult(PLAN, 1.0, (RATE,)))
    assert overall([replace(judged, verdict=verdict) for verdict in verdicts]) is worst


@pytest.mark.parametrize("metric", ["top1", *OUTCOME_METRICS])
def test_each_metric_is_judged_by_its_own_interval_at_its_own_rate(metric: str) -> None:
    def estimate(first: float) -> RateEstimate:
        limits = [first + step / 100 for step in range(4)]
        return RateEstimate(*(Interval(low, low, low) for low in limits))

    rates = tuple(
        replace(RATE, rate=rate, estimate=estimate(first))
        for rate, first in ((1e-6, 0.1), (1e-5, 0.5))
    )
    condition = Condition(metric, True, 0.0, 1e-5)
    (judged,) = judge_gate([condition], CampaignResult(PLAN, 1.0, rates))
    wanted = {"top1": 0.5, "sdc": 0.51, "due": 0.52, "masked": 0.53}[metric]
    assert judged.interval is not None
    assert judged.interval.estimate == wanted


@pytest.mark.parametrize("metric", gate_metrics())
def test_a_gate_on_what_is_not_measured_is_refused(metric: str) -> None:
    condition = Condition(metric, True, 0.9, 1e-6)
    if metric in {"top1", *OUTCOME_METRICS}:
        check_metrics([condition], "top1")
    else:
        with pytest.raises(BadGate, match=f"asks for {metric}, but this campaign measures top1"):
            check_metrics([condition], "top1")


@given(
    st.floats(0.01, 0.99),
    st.floats(0.001, 0.5),
    st.integers(1, 1000).map(lambda n: 16 * n),
)
def test_trials_to_decide_take_the_bound_out_of_the_interval(
    point: float, distance: float, trials: int
) -> None:
    """Normal arms, shrunk as trials grow: the bound is then at the limit, or just beyond it."""
    arm = 3.0 * distance
    found = Interval(point, point - arm, point + arm)
    for bound in (point + distance, point - distance):
        more = trials_to_decide(bound, found, trials)
        assert more is not None
        assert more % 16 == 0
        left = arm * (trials / (trials + more)) ** 0.5
        assert left <= distance * (1 + 1e-9)
        fewer = arm * (trials / (trials + more - 16)) ** 0.5
        assert fewer >= distance * (1 - 1e-9)


def test_at_its_bound_a_figure_is_never_decided() -> None:
    assert trials_to_decide(0.5, Interval(0.5, 0.4, 0.6), 160) is None
    assert trials_to_decide(0.0, Interval(0.0, 0.0, 0.1), 160) is None
    near = trials_to_decide(0.5 + 1e-9, Interval(0.5, 0.4, 0.6), 160)
    assert near is None
    assert MOST_TRIALS > 10**6


def test_only_undecided_conditions_ask_for_more() -> None:
    found = Interval(0.1, 0.05, 0.2)
    rate = replace(RATE, estimate=RateEstimate(found, found, found, found))
    bounds = (0.3, 0.15, 0.01)
    conditions = [Condition("sdc", False, b, rate.rate) for b in bounds]
    judged = judge_gate(conditions, CampaignResult(PLAN, 1.0, (rate,)))
    assert [j.verdict for j in judged] == [Verdict.PASS, Verdict.UNDECIDED, Verdict.FAIL]
    assert [bool(j.more_trials) for j in judged] == [False, True, False]
    unknown = judge_gate(conditions, CampaignResult(PLAN, 1.0, (replace(rate, estimate=None),)))
    assert {(j.verdict, j.more_trials) for j in unknown} == {(Verdict.UNDECIDED, None)}
