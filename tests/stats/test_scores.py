"""Scores by degrees in tallies: exact sums, intervals that cover and are no wider than need be."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.paired import PairedStratum, paired_difference
from analyzer.stats.paired_tally import PairedTally
from analyzer.stats.strata import Stratum, estimate_strata, tells_right_from_wrong
from analyzer.stats.tally import Moments, Tally

DEGREES = 100
GOLDEN = 80
"""Of 100: the score of every image without faults."""

Counts = npt.NDArray[np.int64]


@st.composite
def trials(draw: st.DrawFn) -> tuple[int, ...]:
    """One trial of one, two or four images, scores in tenths."""
    images = draw(st.sampled_from([1, 2, 4]))
    harmed = draw(st.integers(0, images))
    lost = draw(st.integers(0, 10 * images))
    gained = draw(st.integers(0, 10 * images - lost))
    right = draw(st.integers(lost, 10 * images - gained))
    return images, harmed, 0, images - harmed, lost, gained, right


@given(st.lists(trials(), min_size=1, max_size=6))
def test_scores_add_exactly(found: list[tuple[int, ...]]) -> None:
    tally = Tally.of_trials(40, found, denominator=10)
    shares = [(t[5] - t[4]) * 40 // (10 * t[0]) for t in found]
    assert tally.net == Moments(sum(shares), sum(s * s for s in shares))
    assert tally.sdc.total == sum(t[1] * 40 // t[0] for t in found)
    assert tally == sum((Tally.of_trials(40, [t], 10) for t in found), Tally.empty(40))


def test_tallies_of_other_denominators_do_not_add() -> None:
    one = Tally.of_trials(40, [(1, 0, 0, 1, 0, 0, 10)], denominator=10)
    other = Tally.of_trials(40, [(1, 0, 0, 1, 0, 0, 1)])
    with pytest.raises(ValueError, match="1/10 and 1/1"):
        one + other
    assert (one + Tally.empty(40)).denominator == (Tally.empty(40) + one).denominator == 10


@pytest.mark.parametrize(
    ("unit", "trial"),
    [(15, (1, 0, 0, 1, 0, 0)), (10, (1, 0, 0, 1, 6, 5)), (10, (1, 0, 0, 1, 3, 0, 2))],
    ids=["unit without the denominator", "more than there is", "lost more than there was"],
)
def test_impossible_scores_are_refused(unit: int, trial: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any of three sentences
        Tally.of_trials(unit, [trial], denominator=10)


def test_scores_are_not_told_right_from_wrong() -> None:
    """Post-stratification knows two kinds of images; by degrees there are many."""
    graded = Tally.of_trials(DEGREES, [(1, 0, 0, 1, 0, 0, GOLDEN)] * 999, DEGREES)
    assert not tells_right_from_wrong(graded, GOLDEN / DEGREES)


WORLDS = {
    "many lose a little": (0.9, (1, 8)),
    "few lose everything": (0.02, (GOLDEN, GOLDEN)),
    "some lose some": (0.3, (5, 60)),
}
"""Chance that an image loses, and between how many hundredths."""


def drawn(rng: np.random.Generator, world: str, count: int) -> Counts:
    """Hundredths lost in ``count`` trials of one image."""
    chance, (least, most) = WORLDS[world]
    lost = rng.integers(least, most + 1, count)
    return np.where(rng.random(count) < chance, lost, 0)


def truth(world: str) -> float:
    chance, (least, most) = WORLDS[world]
    return (GOLDEN - chance * (least + most) / 2) / DEGREES


def tally_of(lost: Iterable[int]) -> Tally:
    rows = ((1, int(k > 0), 0, int(k == 0), int(k), 0, GOLDEN) for k in lost)
    return Tally.of_trials(DEGREES, rows, DEGREES)


@pytest.mark.parametrize("world", WORLDS)
def test_intervals_of_scores_cover(world: str) -> None:
    """Of 600 samples of 200 trials at 95 %: 100, 98.0 and 97.3 %."""
    rng = np.random.default_rng(4)
    found = [
        estimate_strata([Stratum(1.0, tally_of(drawn(rng, world, 200)))], 0.8, 0.95).metric
        for _ in range(600)
    ]
    hit = np.mean([x.low <= truth(world) <= x.high for x in found])
    assert hit >= 0.95


def test_intervals_of_scores_are_as_narrow_as_they_vary() -> None:
    """Fails if scores are taken to vary like right and wrong answers: three times as wide.

    Wider than a normal interval, because a trial in which a score is gained may yet come.
    """
    lost = drawn(np.random.default_rng(5), "many lose a little", 400)
    found = estimate_strata([Stratum(1.0, tally_of(lost))], 0.8, 0.95).metric
    normal = 2 * 1.96 * float(np.std(lost)) / DEGREES / 20.0
    assert normal < found.high - found.low < 3.5 * normal


def test_differences_of_scores_are_those_of_the_trials() -> None:
    """Two models that lose alike but for one hundredth in every other trial."""
    rng = np.random.default_rng(6)
    first = drawn(rng, "some lose some", 400)
    second = first + (np.arange(400) % 2)
    rows = [[(1, 0, 0, 1, int(k), 0) for k in lost] for lost in (first, second)]
    pairs = list(zip(*rows, strict=True))
    tally = PairedTally.of_trials(DEGREES, pairs, DEGREES)
    stratum = PairedStratum(1.0, tally.first, tally.second, tally)
    found = paired_difference([stratum], (0.8, 0.8), 0.95, alike=True).metric
    assert found.estimate == pytest.approx(-0.005, abs=1e-12)
    assert found.low <= -0.005 <= found.high
    assert found.high - found.low < 0.03
    halves = [PairedTally.of_trials(DEGREES, part, DEGREES) for part in (pairs[:99], pairs[99:])]
    assert halves[0] + halves[1] == tally
