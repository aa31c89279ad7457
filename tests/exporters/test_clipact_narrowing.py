"""The search on one line, against scores whose best point is known."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.hardening.clipact.interval_search import SearchEnd, alike, champion, narrow, thirds

Score = Callable[[float], float]


@dataclass
class Known:
    """Scores from a formula; gives up early on points that cannot come near a rival.

    Attributes:
        score: of a point.
        noise: standard error of every difference.
        asked: points, in the order in which they were asked for.
    """

    score: Score
    noise: float = 0.0
    asked: list[float] = field(default_factory=list)
    known: dict[float, tuple[float, float]] = field(default_factory=dict)

    def bounds(self, scale: float) -> tuple[float, float]:
        return self.known.get(scale, (-math.inf, math.inf))

    def complete(self, scale: float, rival: float | None = None) -> tuple[float, float]:
        self.asked.append(scale)
        value = self.score(scale)
        beat = -math.inf if rival is None else self.known[rival][0]
        hopeless = value + 0.05 < beat and scale not in self.known
        self.known[scale] = (value - 0.05, value + 0.05) if hopeless else (value, value)
        return self.known[scale]

    def deviation(self, first: float, second: float) -> float:
        assert {first, second} <= self.known.keys()
        return self.noise


def peak(at: float) -> Score:
    return lambda x: 0.9 - abs(x - at)


@given(st.floats(0.0, 1.0))
def test_a_single_peak_is_found_as_closely_as_thirds_allow(at: float) -> None:
    found = narrow(Known(peak(at)), 12)
    assert abs(found.best - at) <= (2 / 3) ** 11
    assert found.score == peak(at)(found.best)
    assert found.at_one == peak(at)(1.0)


def test_the_intervals_are_those_of_the_paper() -> None:
    """T3 best in [0, 1]: next [T2, T4], its ends and thirds."""
    scores = Known(peak(0.7))
    narrow(scores, 2)
    assert set(scores.asked) == {*thirds(0.0, 1.0), *thirds(1 / 3, 1.0)}


def test_at_the_edge_the_interval_ends_there() -> None:
    scores = Known(peak(1.0))
    assert narrow(scores, 3).best == 1.0
    assert min(p for p in scores.asked if p > 0.67) == pytest.approx(7 / 9)


def test_hopeless_points_are_not_scored_to_the_end_and_never_win() -> None:
    found = narrow(Known(peak(0.7)), 4)
    assert found.complete < found.scored
    assert found.best == narrow(Known(lambda x: peak(0.7)(x) / 100), 4).best


def test_points_given_up_against_one_record_are_looked_at_again() -> None:
    """An end that lost to a better point may be the best of the next four."""

    def two_peaks(x: float) -> float:
        return 0.5 if 0.6 < x < 0.7 else 0.9 * x * (x == 1.0) + (0.2 if x == 1 / 3 else 0.1)

    scores = Known(two_peaks)
    best = champion(scores, (0.0, 1 / 3, 2 / 3, 0.99), 2 / 3)
    assert best == 2
    assert scores.bounds(1 / 3)[0] < scores.bounds(1 / 3)[1]
    assert champion(scores, (0.0, 0.1, 1 / 3, 0.35), 1 / 3) == 2
    assert scores.bounds(1 / 3) == (0.2, 0.2)


def test_of_equal_points_the_largest_is_taken() -> None:
    assert narrow(Known(lambda x: 0.5 * (x > 0)), 10).best == 1.0


def test_what_cannot_be_told_apart_ends_the_search() -> None:
    found = narrow(Known(lambda x: 0.5 + 1e-3 * x, noise=2e-3), 10)
    assert (found.end, found.iterations) == (SearchEnd.ALIKE, 1)
    assert narrow(Known(lambda x: 0.5 + 1e-3 * x, noise=1e-9), 10).end is SearchEnd.ITERATIONS


def test_within_noise_of_the_best_the_largest_is_taken() -> None:
    """The rule of one standard error."""
    precise, noisy = (narrow(Known(peak(0.5), noise=n), 6) for n in (0.0, 0.2))
    assert abs(precise.best - 0.5) < 0.1
    assert noisy.best == pytest.approx(2 / 3)
    assert noisy.score == pytest.approx(0.9 - 1 / 6)


@pytest.mark.parametrize(("noise", "expected"), [(0.2, False), (0.3, True)])
def test_of_a_point_given_up_the_best_it_can_be_counts(noise: float, expected: bool) -> None:
    scores = Known(peak(0.9), noise=noise)
    points = (0.6, 0.7, 0.8, 0.9)
    best = champion(scores, points, 0.9)
    assert best == 3
    assert scores.bounds(0.6)[0] < scores.bounds(0.6)[1] == pytest.approx(0.65)
    assert alike(scores, best, points) is expected
