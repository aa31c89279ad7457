"""Do 95 % intervals hold the truth in 95 % of campaigns?

Every row below is 2,000 simulated campaigns with a fixed seed; the last column is the measured
coverage, and the test fails if it drifts. EXACT rows lie within 93-97 %. SAFE rows lie above:
there the sample cannot rule out a trial not seen yet that loses every image, and the interval
allows for it (few events), or only a whole trial more or less is possible (discreteness). No row
may fall below 93 %.
"""

import numpy as np
import pytest
from scipy import stats

from analyzer.stats.limits import mean_limits

from .rivals import RIVALS
from .simulation import (
    Counts,
    Floats,
    World,
    beta_binomial,
    coverage_of_loss,
    coverage_of_net,
    exploding_model,
    exploding_swap,
    explosive,
    moving_together,
    one_or_the_other,
    single_images,
)

CAMPAIGNS = 2000
EXACT, SAFE = 0.97, 1.0

PROPORTIONS = [
    # (a) 32 images per trial, beta-binomial: mean, intraclass correlation
    (beta_binomial(0.1, 0.05), 768, EXACT, 0.963),
    (beta_binomial(0.1, 0.3), 768, EXACT, 0.964),
    (beta_binomial(0.1, 0.8), 768, EXACT, 0.953),
    (beta_binomial(0.5, 0.05), 768, EXACT, 0.952),
    (beta_binomial(0.5, 0.3), 768, EXACT, 0.943),
    (beta_binomial(0.5, 0.8), 768, EXACT, 0.957),
    (beta_binomial(0.01, 0.8), 768, EXACT, 0.964),
    (beta_binomial(0.5, 0.0), 768, EXACT, 0.957),
    (beta_binomial(0.1, 0.3), 64, SAFE, 0.978),
    (beta_binomial(0.1, 0.0), 64, SAFE, 0.989),
    (beta_binomial(0.01, 0.3), 224, SAFE, 0.982),
    # (b) 32 images per trial: a rare trial loses 95 %, some lose one image, or each image a little
    (explosive(0.005, small=0.05), 768, EXACT, 0.968),
    (explosive(0.01, small=0.05), 768, EXACT, 0.961),
    (explosive(0.01, small=0.3), 768, EXACT, 0.955),
    (explosive(0.03, small=0.05), 768, EXACT, 0.962),
    (explosive(0.1, small=0.3), 224, EXACT, 0.950),
    (explosive(0.013, base=0.1), 768, EXACT, 0.956),
    (explosive(0.03), 224, SAFE, 0.975),
    (explosive(0.1, small=0.3), 64, SAFE, 0.970),
    (explosive(0.005, small=0.3), 768, SAFE, 0.971),
    (explosive(0.005, small=0.3), 224, SAFE, 0.993),
    (explosive(0.002, small=0.05), 224, SAFE, 0.990),
    (explosive(0.005, small=0.05), 64, SAFE, 0.997),
    (explosive(0.005, base=0.03), 224, SAFE, 0.996),
    # (c) one image per trial
    (beta_binomial(0.02, 0.0, batch=1), 768, EXACT, 0.964),
    (beta_binomial(0.1, 0.0, batch=1), 224, EXACT, 0.947),
    (beta_binomial(0.5, 0.0, batch=1), 768, EXACT, 0.957),
    (beta_binomial(0.005, 0.0, batch=1), 224, SAFE, 0.975),
]

# (d) gained - lost within the same trials
DIFFERENCES = [
    (exploding_model(0.01), 2592, EXACT, 0.958),
    (exploding_model(0.03), 768, EXACT, 0.969),
    (exploding_model(0.1), 224, EXACT, 0.960),
    (one_or_the_other(0.03), 768, EXACT, 0.963),
    (one_or_the_other(0.1), 768, EXACT, 0.955),
    (single_images(0.03, 0.04), 768, EXACT, 0.961),
    (single_images(0.1, 0.02), 768, EXACT, 0.950),
    (explosive(0.03), 768, EXACT, 0.970),
    (exploding_swap(0.1), 768, EXACT, 0.952),
    (exploding_swap(0.03), 768, EXACT, 0.966),
    (exploding_swap(0.03), 64, SAFE, 1.000),
    (exploding_swap(0.01), 224, SAFE, 1.000),
    (moving_together(0.1), 768, SAFE, 0.997),
    (moving_together(0.01), 224, SAFE, 1.000),
    (exploding_model(0.01), 224, SAFE, 1.000),
    (single_images(0.01, 0.013), 224, SAFE, 0.981),
]

# The usual intervals all build on the sample variance. 64 trials, 0.6 explosions expected: half of
# the campaigns see none, and then take the small losses they did see for the whole truth.
TREACHEROUS, FEW = explosive(0.01, small=0.05), 64
RIVAL_COVERAGE = {
    "t": 0.496,
    "logit-t": 0.476,
    "Wilson": 0.476,
    "Jeffreys": 0.476,
    "mid-P": 0.476,
    "Clopper-Pearson": 0.492,
}


@pytest.mark.parametrize(("world", "trials", "highest", "measured"), PROPORTIONS)
def test_proportion_covers_the_truth(
    world: World, trials: int, highest: float, measured: float
) -> None:
    result = coverage_of_loss(world, trials, CAMPAIGNS, seed=trials)
    assert 0.93 <= result.inside <= highest
    assert result.inside == pytest.approx(measured, abs=0.006)


@pytest.mark.parametrize(("world", "trials", "highest", "measured"), DIFFERENCES)
def test_difference_covers_the_truth(
    world: World, trials: int, highest: float, measured: float
) -> None:
    result = coverage_of_net(world, trials, CAMPAIGNS, seed=trials)
    assert 0.93 <= result.inside <= highest
    assert result.inside == pytest.approx(measured, abs=0.006)


@pytest.mark.parametrize("name", RIVALS)
def test_rival_misses_what_it_has_not_seen(name: str) -> None:
    result = coverage_of_loss(TREACHEROUS, FEW, CAMPAIGNS, seed=FEW, method=RIVALS[name])
    assert result.inside == pytest.approx(RIVAL_COVERAGE[name], abs=0.006)


def test_ours_covers_where_the_rivals_fail() -> None:
    assert coverage_of_loss(TREACHEROUS, FEW, CAMPAIGNS, seed=FEW).inside >= 0.95


@pytest.mark.parametrize(
    ("confidence", "least", "most"),
    [(0.9, 0.87, 0.945), (0.95, 0.938, 0.973), (0.99, 0.984, 0.996)],
)
@pytest.mark.parametrize("trials", [112, 300, 2000])
def test_binomial_coverage_computed_exactly(
    trials: int, confidence: float, least: float, most: float
) -> None:
    """Lowest just above the one-sided bound of no events, where the errors of both ends add up."""
    events = np.arange(trials + 1)
    low, high = mean_limits(events / trials, _spread(events, trials), trials, trials, confidence)
    for expected in np.arange(0.02, 40.0, 0.02):
        rate = expected / trials
        inside = (low <= rate) & (rate <= high)
        covered = stats.binom.pmf(events[inside], trials, rate).sum()
        assert covered >= least, f"at {expected} expected events"
        assert expected < 10 or covered <= most, f"at {expected} expected events"


@pytest.mark.parametrize("trials", [64, 300, 2000])
def test_upper_bound_covers_when_nothing_failed(trials: int) -> None:
    """A campaign that saw no failure excludes the true rate with probability 5 % at most."""
    high = float(mean_limits(0.0, 0.0, trials, trials, 0.95)[1])
    for rate in np.linspace(1e-6, 0.2, 1000):
        missed = (1.0 - rate) ** trials if high < rate else 0.0
        assert missed <= 0.05 + 1e-12


def test_upper_bound_covers_when_images_share_their_trials_fate() -> None:
    """The rate just inside the bound of 300 trials of 32 images, all or nothing."""
    rate = 1.0 - 0.05 ** (1.0 / 300.0) - 1e-6
    rng = np.random.default_rng(300)
    failed = rng.random((CAMPAIGNS, 300)) < rate
    mean = failed.mean(axis=1)
    _, high = mean_limits(mean, mean * (1.0 - mean), 300, 9600, 0.95)
    assert np.mean(high >= rate) >= 0.95


def _spread(events: Counts, trials: int) -> Floats:
    return events * (trials - events) / trials**2
