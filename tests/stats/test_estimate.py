from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.estimate import (
    FIRST_LOOK,
    RateEstimate,
    fraction_below,
    half_width,
    next_look,
    planned_look,
)
from analyzer.stats.intervals import Interval, cluster_proportion
from analyzer.stats.strata import Stratum, estimate_strata
from analyzer.stats.tally import Tally

fractions = st.floats(0.0, 1.0)


def campaign(trials: int, sdc: int = 0, due: int = 0, lost: int = 0) -> Tally:
    """Trials of 4 images of which the first loses as told, the others nothing."""
    tally = Tally.empty(4)
    for index in range(trials):
        hit = (sdc, due, 4 - sdc - due, lost) if index == 0 else (0, 0, 4, 0)
        tally += Tally.of_trial(4, 4, *hit, gained=0)
    return tally


def estimate(tally: Tally, golden: float, p_faulty: float, confidence: float) -> RateEstimate:
    """Of patterns that are not told apart."""
    return estimate_strata([Stratum(p_faulty, tally)], golden, confidence)


def test_patterns_without_upset_do_exactly_no_harm() -> None:
    result = estimate(campaign(50, sdc=2, due=1, lost=3), 0.9, p_faulty=0.0, confidence=0.95)
    certain = Interval(0.0, 0.0, 0.0)
    assert result == RateEstimate(
        metric=Interval(0.9, 0.9, 0.9), sdc=certain, due=certain, masked=Interval(1.0, 1.0, 1.0)
    )


def test_intervals_shrink_by_the_probability_of_a_fault() -> None:
    tally = campaign(50, sdc=2, due=1, lost=3)
    sample = cluster_proportion(tally.sdc, tally.trials, tally.unit, tally.images, 0.95)
    result = estimate(tally, 0.9, p_faulty=0.25, confidence=0.95)
    found = (result.sdc.estimate, result.sdc.low, result.sdc.high)
    assert found == pytest.approx((sample.estimate / 4, sample.low / 4, sample.high / 4))
    assert result.metric.estimate == pytest.approx(0.9 - 0.25 * 3 / 200)
    assert result.masked.estimate == pytest.approx(1.0 - 0.25 * 3 / 200)


@given(fractions, fractions, st.integers(0, 4), st.integers(0, 4), st.integers(1, 100))
def test_figures_stay_fractions(
    golden: float, p_faulty: float, sdc: int, lost: int, trials: int
) -> None:
    result = estimate(campaign(trials, sdc=sdc, lost=lost), golden, p_faulty, 0.95)
    for figure in (result.metric, result.sdc, result.due, result.masked):
        assert 0.0 <= figure.low <= figure.estimate <= figure.high <= 1.0


def test_nothing_observed_is_a_bound_not_a_zero() -> None:
    result = estimate(campaign(300), 0.9, p_faulty=1.0, confidence=0.95)
    bound = 1.0 - 0.05 ** (1 / 300)
    assert result.sdc.high == result.due.high == pytest.approx(bound)
    assert result.metric.low == pytest.approx(0.9 - bound)
    assert result.masked.estimate == result.masked.high == 1.0
    assert half_width(result) == pytest.approx(bound)


def test_no_more_is_gained_than_was_wrong() -> None:
    """Fails without `_possible`: nothing observed in 80 trials would allow 1.0."""
    result = estimate(campaign(80), 0.99, p_faulty=0.2, confidence=0.95)
    assert result.metric.high == pytest.approx(0.99 + 0.2 * 0.01)


@pytest.mark.parametrize(("golden", "p_faulty"), [(-0.1, 0.5), (1.1, 0.5), (0.5, 2.0)])
def test_probabilities_are_checked(golden: float, p_faulty: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        estimate(campaign(1), golden, p_faulty, 0.95)


def test_half_width_is_the_longest_arm() -> None:
    short = Interval(0.5, 0.25, 0.75)
    result = RateEstimate(metric=short, sdc=short, due=Interval(0.125, 0.0, 0.5), masked=short)
    assert half_width(result) == 0.375


def test_masked_does_not_count() -> None:
    """It is the complement of sdc and due together, which would ask for the same thing twice."""
    short = Interval(0.5, 0.5, 0.5)
    assert half_width(RateEstimate(short, short, short, masked=Interval(0.5, 0.0, 1.0))) == 0.0


def test_looks_are_a_geometric_schedule() -> None:
    looks = [next_look(0)]
    while looks[-1] < 10**6:
        looks.append(next_look(looks[-1]))
    assert looks[:7] == [64, 80, 112, 144, 192, 240, 304]
    assert all(look % 16 == 0 for look in looks)
    assert all(1.25 <= after / before <= 1.4 for before, after in pairwise(looks))


@given(st.integers(0, 10**9))
def test_next_look_depends_on_the_count_alone(trials: int) -> None:
    look = next_look(trials)
    assert look > trials
    assert look == FIRST_LOOK or next_look(look - 1) == look


@given(st.integers(0, 10**6), st.floats(1.0, 50.0))
def test_a_planned_look_is_near(trials: int, excess: float) -> None:
    look = planned_look(trials, excess * 0.01, 0.01)
    assert look > trials
    assert look % 16 == 0
    assert look == FIRST_LOOK or trials * 1.0625 <= look <= trials * 1.25 + 16


def test_a_look_is_planned_where_the_precision_is_expected() -> None:
    """Arms shrink with the root of the trials: 5 % too wide takes 10.25 % more, and 1 % on top."""
    assert planned_look(1600, 0.0105, 0.01) == 1792  # 1600 * 1.1025 * 1.01 = 1781.6
    assert planned_look(1600, 0.0101, 0.01) == 1712  # 1/16 more at least: 1700
    assert planned_look(1600, 0.02, 0.01) == 2000


def test_far_from_the_precision_looks_are_the_geometric_schedule() -> None:
    looks = [planned_look(0, 1.0, 0.01)]
    while looks[-1] < 10**5:
        looks.append(planned_look(looks[-1], 1.0, 0.01))
        assert looks[-1] == next_look(looks[-2])


def test_fraction_below_is_a_binomial_of_devices() -> None:
    result = fraction_below([0.1, 0.5, 0.9, 0.95], 0.5, 0.9)
    assert result.estimate == 0.25
    assert fraction_below([0.9] * 300, 0.5, 0.95).high == pytest.approx(1 - 0.05 ** (1 / 300))
    assert fraction_below([], 0.5, 0.95) == Interval(0.5, 0.0, 1.0)


def test_fraction_below_refuses_nan() -> None:
    with pytest.raises(ValueError, match="not a number"):
        fraction_below([0.9, float("nan")], 0.5, 0.95)
