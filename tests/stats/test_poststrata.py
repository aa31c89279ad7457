"""Right and wrong images told apart: unbiased, honest, and cheaper where everything fails."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analyzer.stats.estimate import half_width, planned_look
from analyzer.stats.strata import (
    FEWEST_EXPECTED,
    Stratum,
    allocate,
    estimate_strata,
    tells_right_from_wrong,
)
from analyzer.stats.tally import Moments, Tally

GOLDEN = 0.9

Chances = tuple[float, float, float]
"""That a right image is harmed, that a wrong one is, and that a harmed wrong one gains."""

WORLDS: dict[str, tuple[list[float], list[Chances]]] = {
    "everything fails": ([0.02, 0.1, 0.88], [(0.02, 0.1, 0.1), (0.9, 0.8, 0.1), (0.999, 1.0, 0.1)]),
    "middle rate": ([0.3, 0.36, 0.34], [(0.02, 0.1, 0.1), (0.9, 0.8, 0.1), (0.98, 1.0, 0.1)]),
    "low rate": ([0.9, 0.05], [(0.0, 0.02, 0.2), (0.9, 0.8, 0.1)]),
    "nothing fails": ([0.9], [(0.0, 0.0, 0.0)]),
}


def drawn(rng: np.random.Generator, chances: Chances, trials: int) -> Tally:
    """Trials of one image each."""
    right = rng.random(trials) < GOLDEN
    harmed = rng.random(trials) < np.where(right, chances[0], chances[1])
    gained = harmed & ~right & (rng.random(trials) < chances[2])
    counts = (int(c.sum()) for c in (harmed, ~harmed, harmed & right, gained, right))
    sdc, masked, lost, gains, rights = counts
    return Tally(
        1,
        trials,
        trials,
        sdc=Moments(sdc, sdc),
        masked=Moments(masked, masked),
        lost=Moments(lost, lost),
        gained=Moments(gains, gains),
        net=Moments(gains - lost, gains + lost),
        right=rights,
    )


def truth(world: str) -> float:
    """The metric."""
    weights, chances = WORLDS[world]
    gained = [(1.0 - GOLDEN) * c[1] * c[2] for c in chances]
    lost = [GOLDEN * c[0] for c in chances]
    return GOLDEN + math.fsum(w * (g - k) for w, g, k in zip(weights, gained, lost, strict=True))


def campaign(seed: int, world: str, precision: float, *, blind: bool = False) -> list[Stratum]:
    """A campaign as the runner does it; ``blind``: without knowing which images were right."""
    rng, (weights, chances) = np.random.default_rng(seed), WORLDS[world]
    parts = [Stratum(w, Tally.empty(1)) for w in weights]
    if blind:
        parts = [Stratum(w, Tally(1, right=None)) for w in weights]
    arm = 1.0
    while arm > precision:
        trials = planned_look(sum(p.tally.trials for p in parts), arm, precision)
        parts = [
            Stratum(p.weight, p.tally + drawn(rng, c, n - p.tally.trials))
            for p, c, n in zip(parts, chances, allocate(parts, trials), strict=True)
        ]
        arm = half_width(estimate_strata(parts, GOLDEN, 0.95))
    return parts


@pytest.mark.parametrize("world", WORLDS)
def test_intervals_of_the_metric_cover(world: str) -> None:
    """Of 1,000 campaigns to 3 points: 96.2, 94.6, 100 and 100 %."""
    expected, covered = truth(world), 0
    for seed in range(80):
        found = estimate_strata(campaign(seed, world, 0.04), GOLDEN, 0.95).metric
        covered += found.low <= expected <= found.high
    assert covered / 80 >= 0.9  # two standard errors below 0.95


@pytest.mark.parametrize("world", ["everything fails", "middle rate"])
def test_the_estimate_is_unbiased(world: str) -> None:
    """Numbers of trials given. Fails if the shares of right and wrong images are forgotten."""
    points = []
    for seed in range(200):
        rng, (weights, chances) = np.random.default_rng(seed), WORLDS[world]
        sized = zip(weights, chances, (320, 400, 400), strict=True)
        parts = [Stratum(w, drawn(rng, c, n)) for w, c, n in sized]
        points.append(estimate_strata(parts, GOLDEN, 0.95).metric.estimate)
    assert abs(np.mean(points) - truth(world)) < 4.0 * np.std(points) / math.sqrt(200)


def test_where_everything_fails_the_images_met_are_no_error() -> None:
    """Fails if the interval is taken from gained minus lost as it stands."""
    blind, seeing = (
        sum(p.tally.trials for p in campaign(1, "everything fails", 0.01, blind=blind))
        for blind in (True, False)
    )
    assert seeing < 0.6 * blind


def test_trials_are_not_allotted_to_what_is_no_error() -> None:
    """Two strata alike, in both of which everything fails; of one the right images are known."""
    known = drawn(np.random.default_rng(1), (1.0, 1.0, 0.0), 1600)
    counts = allocate([Stratum(0.5, known), Stratum(0.5, replace(known, right=None))], 8000)
    assert counts[0] == 1600
    assert counts[1] == 6400


def test_few_images_of_a_kind_are_not_told_apart() -> None:
    """By how many are expected: a choice by those met would favour campaigns that met many."""
    enough = math.ceil(FEWEST_EXPECTED / (1.0 - GOLDEN))
    tally = Tally.of_trials(1, [(1, 0, 0, 1, 0, 0, 1)] * enough)
    assert tells_right_from_wrong(tally, GOLDEN)
    assert not tells_right_from_wrong(tally, GOLDEN + 0.01)
    assert tells_right_from_wrong(tally, 1.0)  # there are no wrong ones
    assert not tells_right_from_wrong(Tally.of_trials(2, [(1, 0, 0, 1, 0, 0, 1)] * 999), GOLDEN)
    assert not tells_right_from_wrong(Tally.of_trials(1, [(1, 0, 0, 1, 0, 0)] * 999), GOLDEN)


def test_the_estimate_weighs_both_kinds_by_their_shares() -> None:
    """900 right images, 90 lost; 100 wrong ones, 20 gained: as the trials met them, or not."""
    right = [(1, 1, 0, 0, 1, 0, 1)] * 90 + [(1, 0, 0, 1, 0, 0, 1)] * 810
    wrong = [(1, 1, 0, 0, 0, 1, 0)] * 20 + [(1, 0, 0, 1, 0, 0, 0)] * 80
    met = [Stratum(0.5, Tally.of_trials(1, right + wrong))]
    assert estimate_strata(met, 0.9, 0.95).metric.estimate == pytest.approx(
        0.9 + 0.5 * (0.1 * 0.2 - 0.9 * 0.1), abs=1e-12
    )
    twice = [Stratum(0.5, Tally.of_trials(1, right + wrong * 2))]
    found = estimate_strata(twice, 0.9, 0.95).metric
    assert found.estimate == pytest.approx(0.9 + 0.5 * (0.1 * 0.2 - 0.9 * 0.1), abs=1e-12)
    z = stats.norm.ppf(0.975)
    arm = 0.5 * z * math.sqrt(0.81 * 0.1 * 0.9 / 900 + 0.01 * 0.2 * 0.8 / 200)
    assert found.high - found.low == pytest.approx(2.0 * arm, rel=0.05)
