"""Does an interval still cover when the campaign stops because the interval is narrow enough?

A campaign looks at 64, 80, 112, ... trials and stops at the first look whose half-width is within
the precision asked for. Each row is 2,000 such campaigns with a fixed seed: the precision, the
measured coverage of the loss and of the net difference, and the mean number of trials.
"""

import numpy as np
import pytest

from analyzer.stats.estimate import FIRST_LOOK, next_look

from .simulation import (
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
    (explosive(0.002), 0.02, 0.978, 1.000, 212),
    (explosive(0.01, small=0.1), 0.02, 0.987, 0.996, 270),
    (explosive(0.02, small=0.1), 0.02, 0.957, 0.964, 352),
    (explosive(0.05, small=0.1), 0.02, 0.942, 0.946, 604),
    (explosive(0.1, base=0.03), 0.05, 0.951, 0.953, 182),
    (explosive(0.01, small=0.1), 0.01, 0.976, 0.983, 696),
    (exploding_model(0.02), 0.02, 0.972, 0.988, 302),
    (beta_binomial(0.01, 0.3), 0.02, 0.987, 1.000, 205),
    (beta_binomial(0.1, 0.3), 0.02, 0.963, 0.971, 403),
    (beta_binomial(0.3, 0.1), 0.05, 0.960, 0.980, 103),
    (single_images(0.02, 0.004), 0.02, 0.975, 0.971, 398),
    (single_images(0.1, 0.02), 0.02, 0.951, 0.948, 1283),
    (single_images(0.3, 0.1), 0.05, 0.932, 0.946, 619),
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
    assert run_until_precise(nothing, 0.02)[2] == 192


def run_until_precise(world: World, precision: float) -> tuple[float, float, float]:
    """Coverage of loss, coverage of net, mean trials at the stop."""
    rng = np.random.default_rng(FIRST_LOOK)
    sums = Sums.of(world.draw(rng, (CAMPAIGNS, FIRST_LOOK)))
    look, stopped = FIRST_LOOK, []
    while len(sums.lost):
        loss, net = limits_of_loss(sums, look, world.batch), limits_of_net(sums, look, world.batch)
        scale = look * world.batch
        done = _arm(loss, sums.lost / scale) <= precision
        done &= _arm(net, (sums.gained - sums.lost) / scale) <= precision
        held_loss = _holds(loss, world.lost)[done]
        held_net = _holds(net, world.gained - world.lost)[done]
        stopped.append((held_loss.sum(), held_net.sum(), look * done.sum()))
        following = next_look(look)
        more = Sums.of(world.draw(rng, (int((~done).sum()), following - look)))
        sums, look = Sums(*(term[~done] for term in sums)).plus(more), following
    held_loss_count, held_net_count, trials = np.sum(stopped, axis=0) / CAMPAIGNS
    return float(held_loss_count), float(held_net_count), float(trials)


def _arm(limits: Limits, estimate: Floats) -> Floats:
    return np.maximum(estimate - limits[0], limits[1] - estimate)


def _holds(limits: Limits, truth: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return (limits[0] <= truth + 1e-12) & (truth - 1e-12 <= limits[1])
