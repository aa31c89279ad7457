"""An estimate is a measurement, or there is none: of any campaign, wherever it is cut.

A budget may end between any two blocks. The figures of what has been run then still sum to 1, their
intervals still cover, and while faults that matter have not been tried at all there are no figures.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzer.stats.estimate import planned_look
from analyzer.stats.strata import STEP, Stratum, allocate, estimate_strata, is_measured
from analyzer.stats.tally import Tally
from tests.stats.test_strata import WORLDS, drawn, truth

UNIT = 4


@st.composite
def trial(draw: st.DrawFn) -> tuple[int, int, int, int, int, int]:
    """Four images, of which some are harmed and, without labels, those are lost."""
    sdc = draw(st.integers(0, UNIT))
    due = draw(st.integers(0, UNIT - sdc))
    return UNIT, sdc, due, UNIT - sdc - due, sdc + due, 0


@st.composite
def cut_campaign(draw: st.DrawFn) -> list[Stratum]:
    """Strata whose weights sum to 1 at most, some of them without trials."""
    shares = draw(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=5))
    faulty = draw(st.floats(1e-6, 1.0))
    tallies = [Tally.of_trials(UNIT, draw(st.lists(trial(), max_size=5))) for _ in shares]
    weights = [min(1.0, faulty * share / math.fsum(shares)) for share in shares]
    return [Stratum(w, t) for w, t in zip(weights, tallies, strict=True)]


@given(cut_campaign())
def test_outcomes_sum_to_one_and_agreement_is_masked(strata: list[Stratum]) -> None:
    """Fails (the sum is 1.5) if a stratum without trials counts as half of each outcome."""
    assume(any(s.tally.trials for s in strata))  # else there is no estimate
    found = estimate_strata(strata, golden=1.0, confidence=0.95)
    total = found.sdc.estimate + found.due.estimate + found.masked.estimate
    assert total == pytest.approx(1.0, abs=1e-12)
    assert found.metric == found.masked


@given(cut_campaign(), st.floats(0.0, 1.0))
def test_limits_hold_whatever_was_not_tried(strata: list[Stratum], outcome: float) -> None:
    """Strata without trials do all they can do: SDC, or DUE, or nothing."""
    found = estimate_strata(strata, golden=1.0, confidence=0.95)
    tried = [s for s in strata if s.tally.trials]
    untried = math.fsum(s.weight for s in strata if not s.tally.trials)
    known = estimate_strata(tried, golden=1.0, confidence=0.95)
    for part, whole in ((known.sdc, found.sdc), (known.due, found.due)):
        point = min(part.estimate + outcome * untried, 1.0)
        assert whole.low - 1e-12 <= point <= whole.high + 1e-12
    assert found.masked.low <= known.masked.estimate - untried + 1e-12


@given(cut_campaign(), st.floats(0.001, 0.5))
def test_an_estimate_needs_trials_where_it_matters(strata: list[Stratum], precision: float) -> None:
    measured = is_measured(strata, precision)
    untried = [s.weight for s in strata if not s.tally.trials]
    if len(untried) == len(strata) or any(weight > precision for weight in untried):
        assert not measured
    elif math.fsum(untried) <= precision:
        assert measured


def cut(seed: int, world: str, blocks: int) -> list[Stratum]:
    """A campaign of which so many blocks were run: each stratum's first, then look by look."""
    rng, (weights, chances) = np.random.default_rng(seed), WORLDS[world]
    strata = [Stratum(w, Tally.empty(UNIT)) for w in weights]
    left = blocks
    wanted = [STEP] * len(strata)
    order = sorted(range(len(strata)), key=lambda i: -weights[i])
    while left:
        for i in order:
            n = min((wanted[i] - strata[i].tally.trials) // STEP, left)
            more = drawn(rng, *chances[i], n * STEP)
            strata[i] = Stratum(weights[i], strata[i].tally + more)
            left -= n
        trials = sum(s.tally.trials for s in strata)
        if left:
            wanted = allocate(strata, planned_look(trials, 1.0, 0.01))
    return strata


@pytest.mark.parametrize("world", WORLDS)
def test_wherever_a_campaign_is_cut_its_interval_covers(world: str) -> None:
    """Of 1,000 campaigns cut after 1 to 60 blocks, 95.5 to 100 % are covered."""
    weights, chances = WORLDS[world]
    expected = math.fsum(w * truth(*c) for w, c in zip(weights, chances, strict=True))
    measured = covered = 0
    rng = np.random.default_rng(7)
    for seed in range(150):
        strata = cut(seed, world, int(rng.integers(1, 61)))
        if not is_measured(strata, 0.02):
            continue
        found = estimate_strata(strata, 1.0, 0.95)
        measured += 2
        covered += found.sdc.low - 1e-12 <= expected <= found.sdc.high + 1e-12
        covered += found.metric.low - 1e-12 <= 1.0 - expected <= found.metric.high + 1e-12
    assert measured > 200
    assert covered / measured >= 0.92
