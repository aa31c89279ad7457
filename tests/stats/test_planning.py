"""How many trials a map takes: Leveugle's number, and whole simulated maps that stop early."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.areas import (
    AreaEstimate,
    AreaStratum,
    ExactShares,
    estimate_area,
    half_width,
    in_two_stages,
)
from analyzer.stats.intervals import Interval
from analyzer.stats.planning import PlannedStratum, allot, leveugle, next_trials
from analyzer.stats.tally import Moments, Tally

STEP = 16
BIT = 1 / 32


@pytest.mark.parametrize(
    ("population", "margin", "confidence", "published"),
    [
        (10**12, 0.01, 0.95, 9_604),  # the number every text on polls gives
        (10**12, 0.05, 0.95, 385),
        (1, 0.01, 0.99, 1),
    ],
)
def test_leveugle(population: int, margin: float, confidence: float, published: int) -> None:
    assert leveugle(population, margin, confidence) == published


def test_leveugle_layer_by_layer() -> None:
    """CIFAR ResNet-20, two stuck-at faults per bit: 307,650 with t = 2.58 instead of 2.5758."""
    weights = [432, *[2304] * 6, 4608, *[9216] * 5, 18432, *[36864] * 5, 640]
    faults = sum(leveugle(2 * 32 * n, 0.01, 0.99) for n in weights)
    assert faults == pytest.approx(307_650, rel=2 * (2.58 / 2.5758 - 1))


known = st.builds(
    PlannedStratum,
    st.floats(0.001, 1.0),
    st.floats(0.0, 0.5),
    st.integers(1, 40).map(lambda n: n * STEP),
)


@given(st.lists(known, min_size=1, max_size=5), st.floats(0.005, 0.2))
def test_allotment_grows_in_steps_and_never_shrinks(
    strata: list[PlannedStratum], margin: float
) -> None:
    found = allot(strata, margin, 0.99, STEP)
    assert all(n % STEP == 0 and n >= s.trials for n, s in zip(found, strata, strict=True))
    assert sum(found) > sum(s.trials for s in strata)


def test_spread_draws_trials() -> None:
    quiet, loud = allot(
        [PlannedStratum(0.5, 0.0, 16), PlannedStratum(0.5, 0.5, 16)], 0.02, 0.99, STEP
    )
    assert loud > 4 * quiet


# Whole maps of one tensor, as `campaign.vulnerability` makes them

Counts = tuple[tuple[int, int, int], ...]
"""(SDC, DUE, trials) of each stratum."""


def tally(sdc: int, due: int, trials: int) -> Tally:
    """Of trials of one image, all of which had the right answer."""
    harmed = sdc + due
    return Tally(
        unit=1,
        trials=trials,
        images=trials,
        sdc=Moments(sdc, sdc),
        due=Moments(due, due),
        masked=Moments(trials - harmed, trials - harmed),
        lost=Moments(harmed, harmed),
        net=Moments(-harmed, harmed),
    )


@dataclass(frozen=True)
class World:
    """Strata of a tensor.

    Attributes:
        weights: Their shares of the sites.
        chances: Of each (SDC, DUE).
        expected: Standard deviations that the first trials are planned with.
    """

    weights: tuple[float, ...]
    chances: tuple[tuple[float, float], ...]
    expected: tuple[float, ...] = (0.45, 0.1, 0.02, 0.0)

    @property
    def sdc(self) -> float:
        return sum(w * c[0] for w, c in zip(self.weights, self.chances, strict=True))

    @property
    def due(self) -> float:
        return sum(w * c[1] for w, c in zip(self.weights, self.chances, strict=True))

    def seen(self, counts: Counts) -> list[AreaStratum]:
        return [AreaStratum(w, tally(*c)) for w, c in zip(self.weights, counts, strict=True)]


FLOAT = (BIT, 3 * BIT, 8 * BIT, 20 * BIT)
NIL = (0.0, 0.0)
WORLDS = {
    "nothing happens": World(FLOAT, (NIL,) * 4),
    "float32 weights": World(FLOAT, ((0.3, 0.18), (0.003, 0.0), (0.001, 0.0), NIL)),
    "beyond the zero bound": World((BIT, 31 * BIT), (NIL, (0.0195, 0.0)), (0.45, 0.02)),
    "biases": World(FLOAT, ((0.05, 0.5), (0.03, 0.0), (0.02, 0.0), (0.001, 0.0))),
    "one bit kills": World((BIT, 31 * BIT), ((0.0, 1.0), NIL), (0.45, 0.02)),
    "int8 weights": World((0.25, 0.375, 0.375), ((0.06, 0.0), (0.01, 0.0), NIL), (0.1, 0.02, 0.0)),
}
MARGIN, CONFIDENCE, CAMPAIGNS = 0.02, 0.99, 1000
TENSORS = 20


@cache
def judged(world: str, counts: Counts) -> list[int] | None:
    return next_trials(WORLDS[world].seen(counts), MARGIN, CONFIDENCE, STEP)


@cache
def estimated(world: str, counts: Counts) -> AreaEstimate:
    return estimate_area(WORLDS[world].seen(counts), CONFIDENCE)


def grown(rng: np.random.Generator, world: World, counts: Counts, wanted: list[int]) -> Counts:
    """The same with more trials."""
    found = []
    for (sdc, due, n), (p, q), total in zip(counts, world.chances, wanted, strict=True):
        more = rng.multinomial(total - n, (p, q, 1 - p - q))
        found.append((sdc + int(more[0]), due + int(more[1]), total))
    return tuple(found)


def run_to_margin(
    rng: np.random.Generator,
    world: World,
    margin: float,
    confidence: float,
    more: Callable[[Counts], list[int] | None],
) -> tuple[Counts, Counts]:
    """One map of one tensor: the trials planned before, and all trials until the margin is kept."""
    expected = zip(world.weights, world.expected, strict=True)
    known = [PlannedStratum(w, e, 0) for w, e in expected]
    wanted: list[int] | None = allot(known, margin, confidence, STEP)
    counts: Counts = ((0, 0, 0),) * len(known)
    first: Counts | None = None
    while wanted is not None:
        counts = grown(rng, world, counts, wanted)
        first = first or counts
        wanted = more(counts)
    assert first is not None
    return first, counts


def simulated(rng: np.random.Generator, name: str) -> tuple[Counts, Counts]:
    """A map of one of the worlds."""
    return run_to_margin(rng, WORLDS[name], MARGIN, CONFIDENCE, lambda c: judged(name, c))


@cache
def maps(name: str) -> list[tuple[Counts, Counts]]:
    rng = np.random.default_rng(1)
    return [simulated(rng, name) for _ in range(CAMPAIGNS)]


def most(campaigns: int) -> float:
    """Misses that chance explains: those allowed, and 3 standard errors."""
    allowed = campaigns * (1 - CONFIDENCE)
    return float(allowed + 3 * np.sqrt(allowed))


def covers(interval: Interval, truth: float) -> bool:
    return interval.low - 1e-12 <= truth <= interval.high + 1e-12


@pytest.mark.parametrize("name", WORLDS)
def test_maps_that_stop_early_cover(name: str) -> None:
    """1,000 maps: SDC, DUE and loss are covered as stated, and the margin is kept."""
    world, missed = WORLDS[name], {"sdc": 0, "due": 0, "loss": 0}
    for _, counts in maps(name):
        found = estimated(name, counts)
        assert max(half_width(found.sdc), half_width(found.due)) <= MARGIN
        missed["sdc"] += not covers(found.sdc, world.sdc)
        missed["due"] += not covers(found.due, world.due)
        missed["loss"] += not covers(found.loss, world.sdc + world.due)
    assert max(missed.values()) <= most(CAMPAIGNS), missed


@pytest.mark.parametrize("name", ["float32 weights", "beyond the zero bound", "biases"])
def test_the_whole_memory_is_covered(name: str) -> None:
    """Fails (a sixth is missed) if the later trials of tensors that needed more count as well."""
    world, found = WORLDS[name], maps(name)
    wholes = [found[i : i + TENSORS] for i in range(0, CAMPAIGNS, TENSORS)]
    missed = 0
    for tensors in wholes:
        seen = [s for first, _ in tensors for s in world.seen(first)]
        parts = [replace(s, weight=s.weight / TENSORS) for s in seen]
        missed += not covers(estimate_area(parts, CONFIDENCE).sdc, world.sdc)
    assert missed <= most(len(wholes))


@pytest.mark.parametrize("name", WORLDS)
def test_first_trials_are_unbiased_and_the_estimate_nearly(name: str) -> None:
    """Stopping by what was seen biases the estimate, by a tenth of the margin at most."""
    truth = WORLDS[name].sdc
    first = [estimated(name, f).sdc.estimate for f, _ in maps(name)]
    assert abs(np.mean(first) - truth) <= 4 * np.std(first) / np.sqrt(CAMPAIGNS)
    last = [
        in_two_stages(estimated(name, f), estimated(name, c), CONFIDENCE) for f, c in maps(name)
    ]
    found = np.array([e.sdc.estimate for e in last])
    assert all(e.sdc.low <= e.sdc.estimate <= e.sdc.high for e in last)
    # First trials are unbiased, so that the mean of what is later than they are is the bias.
    assert abs((found - np.array(first)).mean()) <= 0.1 * MARGIN


def rare(margin: float) -> World:
    """Harm of about the margin, in the strata of which none is expected: where bias is largest."""
    return World(FLOAT, (NIL, NIL, (margin / 0.875, 0.0), (margin / 0.875, 0.0)))


@pytest.mark.parametrize(
    ("confidence", "before"), [(0.8, 0.15), (0.9, 0.15), (0.95, 0.125), (0.99, 0.11)]
)
def test_a_tenth_of_the_margin_is_kept_at_any_confidence(confidence: float, before: float) -> None:
    """2,000 maps each; the mean over all trials is low by what is given. Fails without the mix."""
    margin, world = 0.05, rare(0.05)

    @cache
    def estimate(counts: Counts) -> AreaEstimate:
        return estimate_area(world.seen(counts), confidence)

    @cache
    def more(counts: Counts) -> list[int] | None:
        return next_trials(world.seen(counts), margin, confidence, STEP)

    rng, changes = np.random.default_rng(3), []
    for _ in range(2000):
        first, counts = run_to_margin(rng, world, margin, confidence, more)
        early, late = estimate(first), estimate(counts)
        mixed = in_two_stages(early, late, confidence)
        plain = late.sdc.estimate - early.sdc.estimate
        changes.append((mixed.sdc.estimate - early.sdc.estimate, plain))
    bias, without = (float(np.mean(c)) / margin for c in zip(*changes, strict=True))
    assert -0.1 <= bias < 0.0
    assert without == pytest.approx(-before, abs=0.025)


def test_no_events_never_give_a_width_of_zero() -> None:
    for _, counts in maps("nothing happens")[:5]:
        found = estimated("nothing happens", counts)
        assert (found.sdc.low, found.sdc.estimate) == (0.0, 0.0)
        assert found.sdc.high > MARGIN


def test_maps_take_a_fraction_of_leveugle() -> None:
    """At 2 % and 99 %: 4,147 faults for a large tensor by the formula."""
    trials = [sum(n for _, _, n in counts) for _, counts in maps("float32 weights")]
    assert leveugle(10**7, MARGIN, CONFIDENCE) > 17 * np.mean(trials)


def test_strata_of_which_all_was_counted_need_no_more() -> None:
    exact = AreaStratum(0.5, tally(3, 0, 16), ExactShares(0.2, 0.0, 0.2, 0.0))
    drawn = AreaStratum(0.5, tally(0, 0, 16))
    wanted = next_trials([exact, drawn], MARGIN, CONFIDENCE, STEP)
    assert wanted is not None
    assert wanted[0] == 16
    assert wanted[1] > 16
    found = estimate_area([replace(exact, weight=1.0)], CONFIDENCE).sdc
    assert found == Interval(0.2, 0.2, 0.2)
