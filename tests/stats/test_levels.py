"""Intervals at a higher coverage: against those that counts give, and as what they promise."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.intervals import Interval, cluster_proportion
from analyzer.stats.levels import each_of, widened
from analyzer.stats.limits import mean_limits
from analyzer.stats.paired import unpaired_difference
from analyzer.stats.tally import Moments
from tests.stats.simulation import World, beta_binomial, explosive
from tests.strategies import examples


def counted(events: int, trials: int, confidence: float) -> Interval:
    return cluster_proportion(Moments(events, events), trials, 1, trials, confidence)


@examples(300)
@given(st.data(), st.integers(40, 4000), st.floats(0.951, 0.9999))
def test_against_the_intervals_of_counts(data: st.DataObject, trials: int, wanted: float) -> None:
    """Never narrower, nor much wider, where figures are shares of trials."""
    events = data.draw(st.integers(0, trials // 2))
    rough = widened(counted(events, trials, 0.95), 0.95, wanted)
    exact = counted(events, trials, wanted)
    assert rough.high - rough.estimate >= 0.999 * (exact.high - exact.estimate)
    assert rough.estimate - rough.low >= 0.999 * (exact.estimate - exact.low)
    assert rough.high - rough.estimate <= 1.15 * (exact.high - exact.estimate)
    assert rough.estimate - rough.low <= 1.3 * (exact.estimate - exact.low)


@examples(200)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0.51, 0.999))
def test_it_holds_what_it_was_made_of(a: float, b: float, c: float, before: float) -> None:
    low, middle, high = sorted((a, b, c))
    found = Interval(middle, low, high)
    wide = widened(found, before, 0.9995)
    assert wide.low <= found.low
    assert wide.high >= found.high
    assert widened(found, before, before) == found
    assert widened(found, 0.9995, before) == found


def test_each_of_several_spends_its_share_of_the_error() -> None:
    assert each_of(1, 0.95) == 0.95
    assert 1.0 - each_of(20, 0.95) == pytest.approx(0.05 / 20)


class Run(NamedTuple):
    """Intervals of the figures of one kind of run, (campaigns,) each."""

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray


def simulated(world: World, trials: int, campaigns: int, seed: int) -> Run:
    """Shares of lost images, with the intervals that a report would have."""
    lost = world.draw(np.random.default_rng(seed), (campaigns, trials)).lost / world.batch
    mean = lost.mean(axis=1)
    low, high = mean_limits(mean, lost.var(axis=1), trials, trials * world.batch, 0.95)
    return Run(mean, low, high)


RATES = (
    *(explosive(0.001), explosive(0.004, 0.01), explosive(0.02, 0.03)),
    *(beta_binomial(0.1, 0.5), beta_binomial(0.4, 0.7), explosive(0.7)),
)
"""Worlds like six bit error rates: nothing happens, rare trials explode, most do."""

CAMPAIGNS, TRIALS = 600, 400


def worse(old: Run, new: Run, index: int, each: float) -> tuple[bool, bool]:
    """Whether the new run of one campaign is found worse, or better, by one figure."""
    first, second = (
        widened(Interval(*(float(ends[index]) for ends in run)), 0.95, each) for run in (old, new)
    )
    found = unpaired_difference(first, second)
    return found.low > 0.0, found.high < 0.0


def test_a_model_that_is_as_good_is_rarely_found_worse() -> None:
    """Over all figures of a comparison at once: at most 2.5 % worse, and 2.5 % better."""
    each = each_of(len(RATES), 0.95)
    pairs = [
        (simulated(world, TRIALS, CAMPAIGNS, 2 * n), simulated(world, TRIALS, CAMPAIGNS, 2 * n + 1))
        for n, world in enumerate(RATES)
    ]
    results = [[worse(old, new, index, each) for old, new in pairs] for index in range(CAMPAIGNS)]
    for side in (0, 1):
        alarms = sum(any(result[side] for result in campaign) for campaign in results)
        assert alarms / CAMPAIGNS <= 0.025 + 0.01


def test_without_the_share_of_the_error_there_are_more_false_alarms() -> None:
    """The multiplicity is real: at 95 % each, one comparison in ten or so errs."""
    pairs = [
        (simulated(world, TRIALS, CAMPAIGNS, 2 * n), simulated(world, TRIALS, CAMPAIGNS, 2 * n + 1))
        for n, world in enumerate(RATES)
    ]
    found = [[worse(old, new, i, 0.95) for old, new in pairs] for i in range(CAMPAIGNS)]
    alarms = sum(any(any(result) for result in campaign) for campaign in found)
    assert alarms / CAMPAIGNS > 0.08


@pytest.mark.parametrize(
    ("before", "after", "power"),
    [
        (beta_binomial(0.1, 0.5), beta_binomial(0.25, 0.5), 0.95),
        (explosive(0.02, 0.03), explosive(0.12, 0.03), 0.95),
        (beta_binomial(0.4, 0.7), beta_binomial(0.5, 0.7), 0.25),
    ],
    ids=["15 points", "rare explosions, six times", "10 points, widely spread"],
)
def test_a_worse_model_is_found(before: World, after: World, power: float) -> None:
    each = each_of(len(RATES), 0.95)
    old, new = (simulated(w, TRIALS, CAMPAIGNS, n) for n, w in enumerate((before, after)))
    found = sum(worse(old, new, index, each)[0] for index in range(CAMPAIGNS))
    assert found / CAMPAIGNS >= power
