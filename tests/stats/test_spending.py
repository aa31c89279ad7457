"""Does a gate that stops as soon as it is decided err no more often than it says?

Campaigns whose true loss lies exactly at the bound are the hardest case: every verdict is an error
for one of the two sides. Each look's interval is that of `mean_limits` at the spent confidence.
"""

import numpy as np
import pytest

from analyzer.stats.estimate import FIRST_LOOK, next_look
from analyzer.stats.limits import mean_limits
from analyzer.stats.spending import confidence_after_pilot, confidence_at

from .simulation import CONFIDENCE, Sums, World, beta_binomial, explosive, moments, single_images

CAMPAIGNS = 2000
LAST_LOOK = 2000
WORLDS = {
    "rare explosions": explosive(0.01, small=0.1),
    "frequent explosions": explosive(0.1, base=0.03),
    "clustered": beta_binomial(0.1, 0.3),
    "single images": single_images(0.02, 0.0),
    "many losses": single_images(0.3, 0.0),
}


def test_the_looks_share_the_error() -> None:
    spent = sum(1.0 - confidence_at(look, 0.95) for look in range(1, 100_000))
    assert spent == pytest.approx(0.05, rel=1e-3)
    assert spent < 0.05


def test_a_pilot_and_all_later_looks_share_the_error() -> None:
    spent = [1.0 - confidence_after_pilot(look, 0.95) for look in range(1, 40)]
    assert sum(spent) == pytest.approx(0.05, rel=1e-9)
    assert max(spent) == spent[1] >= 0.75 * 0.05


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_a_loss_at_the_bound_is_judged_wrongly_at_most_as_often_as_promised(world: World) -> None:
    wrong = decided_against(world, world.lost, spend=True)
    assert wrong <= 1.0 - CONFIDENCE


def test_without_spending_gates_would_lie() -> None:
    """What stopping at the first 95 % interval that decides would cost."""
    assert decided_against(WORLDS["many losses"], 0.3, spend=False) > 0.1


def test_clear_cases_are_decided_soon() -> None:
    """A loss of 2 % is told from a bound of 10 % within a few hundred trials."""
    rng = np.random.default_rng(5)
    world = WORLDS["single images"]
    sums, look, number = Sums.of(world.draw(rng, (CAMPAIGNS, 320))), 320, 7
    mean, variance = moments(sums.lost, sums.lost_squares, look, world.batch)
    limits = mean_limits(mean, variance, look, look * world.batch, confidence_at(number, 0.95))
    assert (limits[1] < 0.1).mean() > 0.95


def decided_against(world: World, bound: float, *, spend: bool) -> float:
    """Share of campaigns in which an interval excludes ``bound`` at any look up to the last."""
    rng = np.random.default_rng(7)
    sums, look, number = Sums.of(world.draw(rng, (CAMPAIGNS, FIRST_LOOK))), FIRST_LOOK, 1
    excluded = np.zeros(CAMPAIGNS, bool)
    while True:
        confidence = confidence_at(number, CONFIDENCE) if spend else CONFIDENCE
        mean, variance = moments(sums.lost, sums.lost_squares, look, world.batch)
        low, high = mean_limits(mean, variance, look, look * world.batch, confidence)
        excluded |= (low > bound) | (high < bound)
        following = next_look(look)
        if following > LAST_LOOK:
            return float(excluded.mean())
        sums = sums.plus(Sums.of(world.draw(rng, (CAMPAIGNS, following - look))))
        look, number = following, number + 1
