"""Does an interval still cover when the campaign stops because the interval is narrow enough?

A campaign looks at 64, 80, 112, ... trials, or earlier where the precision is expected, and stops
at the first look whose half-width is within it. Each row is 2,000 such campaigns with a fixed seed:
the precision, the measured coverage of the loss and of the net difference, and the mean number of
trials.
"""

import numpy as np
import pytest

from analyzer.stats.estimate import FIRST_LOOK, planned_look
from analyzer.stats.limits import mean_limits

from .simulation import (
    CONFIDENCE,
    Batches,
    Counts,
    Floats,
    Limits,
    Sums,
    World,
    beta_binomial,
    exploding_model,
    explosive,
    limits_of_loss,
    limits_of_net,
    single_images,
)

CAMPAIGNS = 2000

ROWS = [
    (explosive(0.002), 0.02, 0.984, 1.000, 185),
    (explosive(0.01, small=0.1), 0.02, 0.993, 0.999, 261),
    (explosive(0.02, small=0.1), 0.02, 0.954, 0.963, 337),
    (explosive(0.05, small=0.1), 0.02, 0.950, 0.953, 565),
    (explosive(0.1, base=0.03), 0.05, 0.949, 0.954, 171),
    (explosive(0.01, small=0.1), 0.01, 0.965, 0.970, 660),
    (exploding_model(0.02), 0.02, 0.974, 0.989, 286),
    (beta_binomial(0.01, 0.3), 0.02, 0.988, 1.000, 200),
    (beta_binomial(0.1, 0.3), 0.02, 0.958, 0.963, 378),
    (beta_binomial(0.3, 0.1), 0.05, 0.962, 0.982, 92),
    (single_images(0.02, 0.004), 0.02, 0.963, 0.980, 380),
    (single_images(0.1, 0.02), 0.02, 0.953, 0.947, 1189),
    (single_images(0.3, 0.1), 0.05, 0.936, 0.942, 586),
]


@pytest.mark.parametrize(("world", "precision", "loss", "net", "mean_trials"), ROWS)
def test_coverage_survives_stopping(
    world: World, precision: float, loss: float, net: float, mean_trials: int
) -> None:
    covers_loss, covers_net, trials = run_until_precise(world, precision)
    assert min(covers_loss, covers_net) >= 0.93
    assert covers_loss == pytest.approx(loss, abs=0.007)
    assert covers_net == pytest.approx(net, abs=0.007)
    assert trials == pytest.approx(mean_trials, rel=0.02)


def test_no_campaign_claims_a_precision_it_cannot_have() -> None:
    """With nothing observed at all, +-2 points take more than ln(0.05) / ln(0.98) = 148 trials."""
    nothing = World(explosive(0.0).draw, 0.0, 0.0, 32)
    assert run_until_precise(nothing, 0.02)[2] == 160


@pytest.mark.parametrize(
    ("loss", "precision", "bias"),
    [(0.01, 0.03, 0.06), (0.03, 0.03, 0.07), (0.12, 0.03, 0.04), (0.3, 0.03, 0.01)],
)
def test_stopping_when_precise_is_optimistic_by_what_is_said(
    loss: float, precision: float, bias: float
) -> None:
    """As a share of the precision, at 95 %: docs/method-statistics.md says up to a tenth.

    20,000 campaigns of trials of one image each. A campaign whose trials happen to show little
    harm has the narrower interval, and ends.
    """
    campaigns, rng = 20_000, np.random.default_rng(5)
    trials = np.full(campaigns, FIRST_LOOK)
    lost, ended = rng.binomial(trials, loss), []
    while len(trials):
        mean = lost / trials
        low, high = mean_limits(mean, mean * (1.0 - mean), trials, trials, CONFIDENCE)
        arm = np.maximum(mean - low, high - mean)
        done = arm <= precision
        ended.append(mean[done] - loss)
        lost, trials, arm = lost[~done], trials[~done], arm[~done]
        looks = [planned_look(n, a, precision) for n, a in zip(trials, arm, strict=True)]
        more = np.array(looks, np.int64) - trials
        lost, trials = lost + rng.binomial(more, loss), trials + more
    found = float(np.concatenate(ended).mean()) / precision
    assert found == pytest.approx(-bias, abs=0.012)


def run_until_precise(world: World, precision: float) -> tuple[float, float, float]:
    """Coverage of loss, coverage of net, mean trials at the stop."""
    rng = np.random.default_rng(FIRST_LOOK)
    sums, looks = Sums.of(world.draw(rng, (CAMPAIGNS, FIRST_LOOK))), np.full(CAMPAIGNS, FIRST_LOOK)
    stopped = []
    while len(looks):
        loss = limits_of_loss(sums, looks, world.batch)
        net = limits_of_net(sums, looks, world.batch)
        scale = looks * world.batch
        arm = np.maximum(
            _arm(loss, sums.lost / scale), _arm(net, (sums.gained - sums.lost) / scale)
        )
        done = arm <= precision
        held_loss = _holds(loss, world.lost)[done]
        held_net = _holds(net, world.gained - world.lost)[done]
        stopped.append((held_loss.sum(), held_net.sum(), looks[done].sum()))
        sums, looks, arm = Sums(*(term[~done] for term in sums)), looks[~done], arm[~done]
        following = [planned_look(n, a, precision) for n, a in zip(looks, arm, strict=True)]
        more = np.array(following, np.int64) - looks
        sums, looks = sums.plus(_drawn(rng, world, more)), looks + more
    held_loss_count, held_net_count, trials = np.sum(stopped, axis=0) / CAMPAIGNS
    return float(held_loss_count), float(held_net_count), float(trials)


def _drawn(rng: np.random.Generator, world: World, trials: Counts) -> Sums:
    """So many trials of each campaign."""
    most = int(trials.max(initial=0))
    counted = np.arange(most) < trials[:, None]
    batches = world.draw(rng, (len(trials), most))
    return Sums.of(Batches(*(counts * counted for counts in batches)))


def _arm(limits: Limits, estimate: Floats) -> Floats:
    return np.maximum(estimate - limits[0], limits[1] - estimate)


def _holds(limits: Limits, truth: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (limits[0] <= truth + 1e-12) & (truth - 1e-12 <= limits[1])
