"""Gates: requirements that are judged by the interval, not by the point."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.result import CampaignResult
from analyzer.errors import BadGate
from analyzer.gate import (
    OUTCOME_METRICS,
    Condition,
    Judgement,
    Level,
    Verdict,
    Waiver,
    check_metrics,
    deciders,
    gate_metrics,
    judge,
    judge_gate,
    overall,
    parse_comparison_gate,
    parse_gate,
    trials_to_decide,
    without_hope,
)
from analyzer.gate.condition import HARMFUL
from analyzer.gate.judge import MOST_TRIALS
from analyzer.gate.waiver import parse_waivers
from analyzer.reports.shared.bound_format import beside, bound_shown
from analyzer.reports.shared.condition_evidence import points
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval
from tests.reports.test_build import ESTIMATE, PLAN, RATE

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
        ("Top1 >= 90 % @ 1e-6", Condition("top1", True, 0.9, 1e-6)),
        ("WARN: sdc <= 0.1% @ 1e-6", Condition("sdc", False, 0.001, 1e-6, Level.WARNING)),
        ("error:due <= 0 @ 1e-6", Condition("due", False, 0.0, 1e-6)),
    ],
)
def test_gates_are_read(text: str, condition: Condition) -> None:
    assert parse_gate(text) == condition


@given(
    st.sampled_from(gate_metrics()),
    st.booleans(),
    FRACTIONS,
    st.floats(1e-12, 0.999),
    st.sampled_from(Level),
)
def test_written_gates_read_back(
    metric: str, at_least: bool, bound: float, rate: float, level: Level
) -> None:
    condition = Condition(metric, at_least, bound, rate, level)
    if at_least is (metric in HARMFUL):
        with pytest.raises(BadGate, match="rewards harm"):
            parse_gate(str(condition))
    else:
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
        limits = [first + step / 100 for step in range(5)]
        return RateEstimate(*(Interval(low, low, low) for low in limits))

    rates = tuple(
        replace(RATE, rate=rate, estimate=estimate(first))
        for rate, first in ((1e-6, 0.1), (1e-5, 0.5))
    )
    condition = Condition(metric, True, 0.0, 1e-5)
    (judged,) = judge_gate([condition], CampaignResult(PLAN, 1.0, rates))
    wanted = {"top1": 0.5, "sdc": 0.51, "due": 0.52, "masked": 0.53, "critical_sdc": 0.54}[metric]
    assert judged.interval is not None
    assert judged.interval.estimate == wanted


@pytest.mark.parametrize("metric", gate_metrics())
def test_a_gate_on_what_is_not_measured_is_refused(metric: str) -> None:
    condition = Condition(metric, True, 0.9, 1e-6)
    if metric in {"top1", *OUTCOME_METRICS}:
        check_metrics([condition], "top1", critical=True)
    else:
        why = (
            "which relcheck run has" if metric == "pixels_changed" else "but this campaign measures"
        )
        with pytest.raises(BadGate, match=f"asks for {metric}, {why}"):
            check_metrics([condition], "top1")


def test_critical_corruption_is_judged_only_where_something_says_what_is_critical() -> None:
    condition = Condition("critical_sdc", False, 0.1, 1e-6)
    with pytest.raises(BadGate, match="give a table of them by --severity"):
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


PASS, FAIL, OPEN = Interval(0.95, 0.94, 0.96), Interval(0.8, 0.7, 0.85), Interval(0.9, 0.8, 0.95)


def judged(interval: Interval, level: Level = Level.ERROR, **more: Any) -> Judgement:
    condition = Condition("top1", True, 0.9, 1e-6, level)
    return replace(judge(condition, interval, 160), **more)


def waiver(expired: bool) -> Waiver:
    return Waiver("top1 >= 0.9 @ 1e-6", "known", date(2030, 1, 31), expired)


@pytest.mark.parametrize(
    ("judgements", "verdict"),
    [
        ([judged(FAIL, Level.WARNING)], Verdict.PASS),
        ([judged(FAIL, Level.WARNING), judged(OPEN)], Verdict.UNDECIDED),
        ([judged(OPEN, Level.WARNING), judged(PASS)], Verdict.PASS),
        ([judged(FAIL, waiver=waiver(False))], Verdict.PASS),
        ([judged(OPEN, waiver=waiver(False))], Verdict.PASS),
        ([judged(FAIL, waiver=waiver(True))], Verdict.FAIL),
        ([judged(FAIL, waiver=waiver(False)), judged(FAIL)], Verdict.FAIL),
    ],
)
def test_warnings_and_waived_conditions_do_not_count(
    judgements: list[Judgement], verdict: Verdict
) -> None:
    assert overall(judgements) is verdict


def test_a_failed_warning_does_not_end_a_rate_whose_gate_is_open() -> None:
    found = replace(ESTIMATE, metric=OPEN, sdc=Interval(0.5, 0.4, 0.6))
    asked = [
        parse_gate("top1 >= 0.9 @ 1e-6"),
        parse_gate("warn: sdc <= 0.1 @ 1e-6"),
    ]
    (decided,) = deciders(asked).values()
    assert not decided(found)
    assert decided(replace(found, metric=PASS))
    (decided,) = deciders([asked[0], parse_gate("sdc <= 0.1 @ 1e-6")]).values()
    assert decided(found)


def test_a_floor_above_the_fault_free_model_cannot_be_met() -> None:
    hopeless = without_hope(judged(OPEN), "top1", 0.89)
    assert (hopeless.verdict, "fault-free" in hopeless.reason) == (Verdict.FAIL, True)
    assert without_hope(judged(OPEN), "top1", 0.9) == judged(OPEN)
    assert without_hope(judged(OPEN), "agreement", 0.1) == judged(OPEN)


WAIVER = '[[waiver]]\ngate = "sdc <= 1 % @ 1e-6"\nreason = "known"\nexpires = 2030-01-31\n'


@pytest.mark.parametrize(("day", "expired"), [(date(2030, 1, 31), False), (date(2030, 2, 1), True)])
def test_a_waiver_holds_to_the_end_of_its_day(day: date, expired: bool) -> None:
    (found,) = parse_waivers(WAIVER, "w.toml", day)
    assert (found.gate, found.expired) == ("sdc <= 0.01 @ 1e-6", expired)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("waiver = 1", "holds something else"),
        ("[[waiver", "is no TOML"),
        ("x = 1", "holds something else"),
        (WAIVER.replace("reason", "raeson"), "did you mean reason"),
        (WAIVER.replace('"known"', '" "'), "needs its gate and a reason"),
        (WAIVER.replace("2030-01-31", '"soon"'), "needs a day"),
        (WAIVER.replace("2030-01-31", "2030-01-31T10:00:00"), "needs a day"),
        (WAIVER.replace("sdc", "sdd"), "did you mean sdc"),
        (WAIVER + WAIVER, "twice"),
        ("waiver = [1]", "holds something else"),
    ],
)
def test_what_is_no_waiver_is_a_sentence(text: str, says: str) -> None:
    with pytest.raises(BadGate, match=says):
        parse_waivers(text, "w.toml", date(2030, 1, 1))


@given(FRACTIONS, FRACTIONS)
def test_a_figure_stands_to_its_bound_as_its_number_does(value: float, bound: float) -> None:
    """Fails where "90.0 % does not reach 90.0 %" could be read."""
    value, bound = round(value, 12), round(bound, 12)
    shown, floor = float(beside(value, bound).lstrip(">")), float(bound_shown(bound))
    assert (shown > floor, shown < floor) == (value > bound, value < bound)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("top1>=A-0.01@1e-6", "top1 >= A - 0.01 @ 1e-6"),
        ("warn: SDC <= a + 0.5 % @ 1e-6", "warn: sdc <= A + 0.005 @ 1e-6"),
        ("due <= A @ 1e-6", "due <= A @ 1e-6"),
        ("top1 >= 0.9 @ 1e-6", "top1 >= 0.9 @ 1e-6"),
    ],
)
def test_conditions_on_a_difference_are_read(text: str, written: str) -> None:
    condition = parse_comparison_gate(text)
    assert str(condition) == written
    assert parse_comparison_gate(written) == condition


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("top1 >= A * 2 @ 1e-6", "the reference"),
        ("top1 >= A - 5 @ 1e-6", "one point is 0.01"),
        ("top1 <= A - 0.1 @ 1e-6", "rewards harm"),
        ("sdc >= A @ 1e-6", "rewards harm"),
        ("masked >= A @ 1e-6", "the metric, sdc and due alone"),
        ("top1 >= A - 0.1 @ 2", "above 0 and below 1"),
        ("top1 >= A - 1e @ 1e-6", "no number"),
        ("top9 >= A @ 1e-6", "unknown metric"),
    ],
)
def test_what_is_no_condition_on_a_difference_is_a_sentence(text: str, says: str) -> None:
    with pytest.raises(BadGate, match=says):
        parse_comparison_gate(text)


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_a_difference_stands_to_its_bound_as_its_number_does(value: float, bound: float) -> None:
    value, bound = round(value, 12) or 0.0, round(bound, 12) or 0.0
    shown = float(points(value, bound).lstrip(">"))
    floor = (-1 if bound < 0 else 1) * float(bound_shown(abs(bound)))
    assert (shown > floor, shown < floor) == (value > bound, value < bound)
