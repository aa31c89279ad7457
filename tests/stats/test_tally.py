from functools import reduce
from operator import add
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stats.tally import Moments, Tally

UNIT = 96


@st.composite
def trials(draw: st.DrawFn) -> Tally:
    images = draw(st.sampled_from([1, 2, 3, 4, 32, 96]))
    sdc = draw(st.integers(0, images))
    due = draw(st.integers(0, images - sdc))
    lost = draw(st.integers(0, images))
    gained = draw(st.integers(0, images - lost))
    counts = images, sdc, due, images - sdc - due, lost, gained
    right = draw(st.integers(lost, images - gained))
    return Tally.of_trials(UNIT, [draw(st.sampled_from([counts, (*counts, right)]))])


def merged(tallies: list[Tally]) -> Tally:
    return reduce(add, tallies, Tally.empty(UNIT))


@given(st.lists(trials(), max_size=12), st.randoms())
def test_order_and_grouping_do_not_matter(tallies: list[Tally], random: Random) -> None:
    shuffled = list(tallies)
    random.shuffle(shuffled)
    cut = len(tallies) // 2
    assert merged(tallies) == merged(shuffled)
    assert merged(tallies) == merged(tallies[:cut]) + merged(tallies[cut:])


@given(st.lists(st.builds(Moments, st.integers(), st.integers()), min_size=1))
def test_moments_add_exactly(parts: list[Moments]) -> None:
    whole = reduce(add, parts)
    assert whole == Moments(sum(p.total for p in parts), sum(p.squares for p in parts))


@given(trials())
def test_empty_is_zero(tally: Tally) -> None:
    assert tally + Tally.empty(UNIT) == tally


@given(trials())
def test_one_trial_is_one_cluster(tally: Tally) -> None:
    shares = (tally.sdc, tally.due, tally.masked, tally.lost, tally.gained, tally.net)
    assert tally.trials == 1
    assert all(share.squares == share.total**2 for share in shares)
    assert tally.sdc.total + tally.due.total + tally.masked.total == UNIT
    assert tally.net.total == tally.gained.total - tally.lost.total


@given(trials(), trials())
def test_right_images_are_known_if_those_of_both_are(one: Tally, other: Tally) -> None:
    known = one.right is not None and other.right is not None
    assert (one + other).right == (one.right + other.right if known else None)  # type: ignore[operator]


@pytest.mark.parametrize("right", [1, 4])
def test_right_images_are_as_many_as_were_lost_and_no_more_than_not_gained(right: int) -> None:
    with pytest.raises(ValueError, match="right before"):
        Tally.of_trials(4, [(4, 2, 0, 2, 2, 1, right)])


def test_big_campaigns_do_not_overflow() -> None:
    whole = Tally.of_trial(10**9, 1, sdc=1, due=0, masked=0, lost=1, gained=0)
    for _ in range(70):
        whole = whole + whole
    assert whole.trials == 2**70
    assert whole.lost.squares == 2**70 * 10**18


def test_units_do_not_mix() -> None:
    with pytest.raises(ValueError, match="different units"):
        Tally.empty(32) + Tally.empty(64)


BAD_TRIALS = [
    (32, 5, 0, 0, 5, 0, 0),
    (32, 0, 0, 0, 0, 0, 0),
    (0, 32, 0, 0, 32, 0, 0),
    (32, 32, 20, 13, 0, 0, 0),
    (32, 32, 0, 0, 33, 0, 0),
    (32, 32, 0, 0, 32, 17, 16),
    (32, 32, -1, 0, 32, 0, 0),
]


@pytest.mark.parametrize("counts", BAD_TRIALS)
def test_impossible_trials_are_refused(counts: tuple[int, int, int, int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"unit|negative|outcomes"):
        Tally.of_trial(*counts)


def test_unit_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Tally.empty(0)
