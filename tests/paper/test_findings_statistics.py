"""The arithmetic of the findings, against slower ways and simulations."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paper.findings.crossing import Crossing, crossing, first_below, log_times, over_trainings
from paper.findings.interval import Interval, difference, mean, quotient
from paper.findings.relative import left_at, relative_area
from paper.findings.results import Curve
from paper.findings.seeds import average, contrast, over_seeds
from paper.findings.study import TWENTIES, pretrained_less

values = st.lists(st.floats(-1, 1), min_size=2, max_size=6)


@given(values)
def test_interval_over_seeds_is_that_of_scipy(found: list[float]) -> None:
    mine = over_seeds(found)
    assert mine is not None
    error = float(np.std(found, ddof=1)) / math.sqrt(len(found))
    half = float(stats.t.ppf(0.975, len(found) - 1)) * error
    assert mine.low == pytest.approx(np.mean(found) - half, abs=1e-12)
    assert mine.high == pytest.approx(np.mean(found) + half, abs=1e-12)


def test_one_training_has_no_interval() -> None:
    assert over_seeds([0.5]) is None
    assert contrast({"a": [1.0], "b": [2.0]}, {"a": 1.0, "b": -1.0}) is None
    assert contrast({"a": [1.0, 2.0]}, {"a": 1.0, "b": -1.0}) is None
    assert average({}) is None


@given(values, values)
def test_contrast_of_two_networks_is_the_two_sample_t_test(a: list[float], b: list[float]) -> None:
    if np.std(a) + np.std(b) < 1e-3:  # the oracle itself loses its digits there
        return
    mine = contrast({"a": a, "b": b}, {"a": 1.0, "b": -1.0})
    theirs = stats.ttest_ind(a, b, equal_var=True).confidence_interval()
    assert mine is not None
    assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_pooled_mean_over_networks_covers_as_often_as_it_says() -> None:
    luck = random.Random(0)
    covered = 0
    for _ in range(2000):
        groups = {n: [luck.gauss(n, 0.3) for _ in range(3)] for n in range(5)}
        found = average({str(n): group for n, group in groups.items()})
        assert found is not None
        covered += found.low <= 2.0 <= found.high
    assert 0.935 < covered / 2000 < 0.965


def test_difference_of_independent_estimates_covers() -> None:
    luck = random.Random(1)
    covered = 0
    for _ in range(2000):
        a, b = (Interval(x, x - 1.96 * s, x + 1.96 * s) for x, s in _two(luck))
        found = difference(a, b)
        covered += found.low <= 0.2 <= found.high
    assert 0.935 < covered / 2000 < 0.965


def _two(luck: random.Random) -> list[tuple[float, float]]:
    return [(luck.gauss(0.5, 0.1), 0.1), (luck.gauss(0.3, 0.2), 0.2)]


def test_mean_of_equal_intervals_shrinks_with_the_root() -> None:
    found = mean([Interval(0.5, 0.4, 0.7)] * 4)
    assert (found.low, found.high) == pytest.approx((0.45, 0.6))


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.floats(0, 1))
def test_limits_of_a_share_hold_for_every_pair_within(
    low: float, more: float, whole: float, further: float
) -> None:
    part, total = Interval(low, low, low + more), Interval(whole, whole, whole + further)
    found = quotient(part, total)
    for p in (part.low, part.high):
        for t in (total.low, total.high):
            assert found.low - 1e-12 <= min(p / t, 1.0) <= found.high + 1e-12


def curve(rates: list[float], metric: list[Interval], golden: float) -> Curve:
    return Curve("float", golden, 100, 3, 400, tuple(rates), tuple(metric), (), metric[0])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=7), st.floats(0.01, 0.99))
def test_first_crossing_is_found_as_a_dense_grid_finds_it(line: list[float], level: float) -> None:
    rates = [10.0 ** (i - 8) for i in range(len(line))]
    found = first_below(rates, line, level)
    ends = np.arange(len(line))  # a line may only touch the level there
    grid = np.union1d(np.linspace(0, len(line) - 1, 20_001), ends)
    below = np.flatnonzero(np.interp(grid, range(len(line)), line) <= level)
    if found is None:
        assert not len(below) or np.interp(grid[below[0]], range(len(line)), line) > level - 1e-9
    else:
        assert len(below)
        assert math.log10(found) + 8 <= grid[below[0]] + 1e-9
        assert math.log10(found) + 8 >= grid[below[0]] - 2 * len(line) / 20_000


def test_half_is_counted_above_chance() -> None:
    wide = [Interval(m, m - 0.05, m + 0.05) for m in (0.7, 0.4, 0.2)]
    found = crossing(curve([1e-7, 1e-6, 1e-5], wide, 0.7), 0.5, chance=0.1)
    assert found.estimate == pytest.approx(1e-6)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1e-6 < found.high


def test_a_curve_that_does_not_come_down_gives_a_lower_limit() -> None:
    flat = [Interval(0.6, 0.3, 0.65)] * 2
    found = crossing(curve([1e-7, 1e-6], flat, 0.7), 0.5)
    assert found == Crossing(None, 1e-7, None, 1e-6)


def test_trainings_are_averaged_over_the_logarithm() -> None:
    found = over_trainings([Crossing(r, r, r, 1.0) for r in (1e-6, 1e-5, 1e-4)])
    assert found is not None
    assert found.estimate == pytest.approx(1e-5)
    assert found.low is not None
    half = math.log(10) / math.sqrt(3) * stats.t.ppf(0.975, 2)
    assert math.log(1e-5 / found.low) == pytest.approx(half)


def test_one_training_beyond_the_sweep_leaves_a_lower_limit() -> None:
    found = over_trainings([Crossing(1e-5, 9e-6, 2e-5, 1e-4), Crossing(None, 8e-5, None, 1e-4)])
    assert found == Crossing(None, 9e-6, None, 1e-4)


def test_ratio_beyond_the_sweep_is_a_lower_limit() -> None:
    one = {1: Crossing(None, None, None, 1e-4), 2: Crossing(1e-5, None, None, 1e-4)}
    other = {1: Crossing(1e-6, None, None, 1e-4), 2: Crossing(1e-6, None, None, 1e-4)}
    logs, open_end = log_times(one, other)
    assert open_end
    assert logs == pytest.approx([math.log(100), math.log(10)])
    back, open_end = log_times(other, one)
    assert not open_end
    assert back == pytest.approx([-math.log(10)])


def test_relative_figures_count_above_chance() -> None:
    found = curve([1e-6, 3.2e-5], [Interval(0.4, 0.3, 0.5), Interval(0.25, 0.2, 0.3)], 0.7)
    assert relative_area(found) == pytest.approx(0.5)
    assert left_at(3e-5)(found) == pytest.approx(0.25)
    assert left_at(1e-4)(found) is None


def test_pretrained_networks_are_compared_without_ssql_and_seed_by_seed() -> None:
    """Supervised 0; SimSiam, SwAV, DINO 1, 2, 6 in seed 1, one more in seed 2; no seed 3."""
    by_method = dict(zip(TWENTIES, (0.0, 1.0, 2.0, 6.0, 90.0), strict=True))
    figures = {m: {1: v, 2: v + (m != TWENTIES[0]), 3: v} for m, v in by_method.items()}
    del figures[TWENTIES[1]][3]
    found = pretrained_less(figures)
    assert found is not None
    assert found.estimate == pytest.approx(3.5)  # 3 in seed 1, 4 in seed 2
