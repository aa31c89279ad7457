"""Log-odds over data sets: the formulas against plain arithmetic, and the error by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.log_odds import (
    correction,
    fitted_line,
    log_odds,
    mean_over_sets,
    without_difficulty,
)

TABLE = st.integers(2, 5).flatmap(
    lambda methods: st.integers(2, 6).flatmap(
        lambda sets: st.lists(
            st.lists(st.floats(-5.0, 5.0), min_size=sets, max_size=sets),
            min_size=methods,
            max_size=methods,
        )
    )
)


@given(st.integers(1, 10_000), st.data())
def test_log_odds_grow_with_the_share_and_are_finite(images: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, images))
    value = log_odds(right / images, images)
    assert math.isfinite(value)
    assert value == pytest.approx(-log_odds((images - right) / images, images), abs=1e-9)
    if 0 < right < images:
        assert 1.0 / (1.0 + math.exp(-value)) == pytest.approx(right / images)
        assert log_odds(0.0, images) < value < log_odds(1.0, images)


@given(TABLE)
def test_what_all_methods_gain_on_a_data_set_does_not_matter(rows: list[list[float]]) -> None:
    values = np.array(rows)
    harder = np.arange(values.shape[1]) * 0.75 - 1.0
    assert without_difficulty(values + harder) == pytest.approx(without_difficulty(values))


@given(TABLE)
def test_errors_are_those_of_the_equations(rows: list[list[float]]) -> None:
    """Equations 6 to 8, term by term."""
    methods, sets = len(rows), len(rows[0])
    for row in rows:
        adjusted = [row[d] - sum(other[d] for other in rows) / methods for d in range(sets)]
        mean = sum(adjusted) / sets
        variance = sum((value - mean) ** 2 for value in adjusted) / (sets - 1)
        wanted = math.sqrt(variance / sets * methods / (methods - 1))
        values = without_difficulty(np.array(rows))[rows.index(row)]
        part = mean_over_sets(values, 0.95, correction(methods))
        assert part.error == pytest.approx(wanted, abs=1e-9)
        assert part.mean == pytest.approx(mean, abs=1e-9)


def test_the_corrected_error_is_the_spread_of_a_mean() -> None:
    """Three methods on five data sets of very different difficulty, 4,000 times."""
    rng = np.random.default_rng(5)
    difficulty = rng.normal(0.0, 3.0, 5)
    errors, means = [], []
    for _ in range(4_000):
        noise = rng.normal(0.0, 0.4, (3, 5))
        values = np.array([[0.0], [0.5], [1.0]]) + difficulty + noise
        error = mean_over_sets(without_difficulty(values)[1], 0.95, correction(3)).error
        assert error is not None
        errors.append(error**2)
        means.append(noise[1].mean())
    assert math.sqrt(np.mean(errors)) == pytest.approx(np.std(means), rel=0.03)


def test_one_data_set_has_no_error() -> None:
    part = mean_over_sets(np.array([1.5]), 0.95, 1.0)
    assert (part.mean, part.error, part.low, part.high) == (1.5, None, None, None)


def test_a_line_needs_three_points_that_do_not_stand_above_one_another() -> None:
    assert fitted_line(np.array([0.0, 1.0]), np.array([0.0, 1.0])) is None
    assert fitted_line(np.array([2.0, 2.0, 2.0]), np.array([0.0, 1.0, 2.0])) is None
    x, y = np.array([0.0, 1.0, 3.0, 7.0]), np.array([1.0, 0.5, 2.5, 2.0])
    found = fitted_line(x, y)
    assert found is not None
    slope, intercept = np.polyfit(x, y, 1)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept))
    assert found.explained == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
