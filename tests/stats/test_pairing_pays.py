"""Differences of simulated pairs of campaigns: intervals cover, and pairing does not cost.

Coverages over 500 campaigns each, of which these are the quick repetition:
docs/method-comparison.md, by ``python -m tests.stats.pairs``.
"""

import pytest

from tests.stats.pair_worlds import WORLDS
from tests.stats.pairs import compared, coverage, half

COVERED = [
    "the same, low rate",
    "equal means, nothing shared",
    "clipping helps, one image",
    "gains, one image, small difference",
    "perfect clipping",
    "everything fails, or nothing",
]


@pytest.mark.parametrize("world", COVERED)
def test_intervals_cover_under_allocation_stopping_and_more_blocks(world: str) -> None:
    """Fails if arms are halved, or if the weights of the strata are forgotten."""
    found = coverage(WORLDS[world], campaigns=60, precision=0.04)
    assert found.least >= 0.87  # 95 % less three standard errors
    assert abs(found.bias) < 0.005


@pytest.mark.parametrize("more", [True, False])
@pytest.mark.parametrize("world", [*COVERED[2:], "second is worse, rarely"])
def test_pairing_never_costs_unless_the_models_oppose_each_other(world: str, more: bool) -> None:
    """Fails if the difference is taken over shared trials alone: half-widths of 3.1 against 2.2."""
    for seed in range(4):
        made = compared(WORLDS[world], seed, 0.05, more=more)
        for name in ("metric", "sdc", "due"):
            paired, alone = getattr(made.found, name), getattr(made.alone, name)
            assert half(paired) <= 1.05 * half(alone)  # what is unseen counts otherwise


@pytest.mark.parametrize("world", ["one in 500 differs, one image", "the same model twice"])
def test_a_difference_that_is_mostly_zero_is_known_far_better(world: str) -> None:
    made = compared(WORLDS[world], 0, 0.03)
    assert half(made.found.metric) < 0.4 * half(made.alone.metric)
