"""Upsets of two kinds: weights against the two binomials, draws against the weights."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.count_law import CountLaw
from analyzer.faults.two_kinds import TwoKinds
from analyzer.stats.neyman import neyman_shares

BITS = st.integers(1, 12)
RATES = st.floats(1e-4, 0.4)


def binomial(bits: int, rate: float, count: int) -> float:
    return math.comb(bits, count) * rate**count * (1 - rate) ** (bits - count)


@given(BITS, st.integers(0, 12), RATES)
def test_weights_are_those_of_two_binomials(counted: int, others: int, rate: float) -> None:
    law = TwoKinds(CountLaw(counted, rate), CountLaw(others, rate))
    for count in range(counted + 1):
        wanted = binomial(counted, rate, count) * (1 if count else 1 - (1 - rate) ** others)
        assert law.weight(count) == pytest.approx(wanted, rel=1e-9, abs=1e-15)
    every = math.fsum(law.weight(count) for count in range(counted + 1))
    assert every == pytest.approx(CountLaw(counted + others, rate).p_any, rel=1e-9)


@given(BITS, BITS, RATES, st.integers(1, 3), st.integers(0, 2**32))
def test_draws_keep_to_their_stratum(
    counted: int, others: int, rate: float, least: int, seed: int
) -> None:
    law = TwoKinds(CountLaw(counted, rate), CountLaw(others, rate))
    rng = np.random.default_rng(seed)
    none, some = law.draw(rng, 0)
    assert none == 0
    assert 1 <= some <= others
    assert law.draw(rng, 1)[0] == 1
    if least <= counted:
        found, rest = law.draw_at_least(rng, least)
        assert least <= found <= counted
        assert 0 <= rest <= others


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 10)), min_size=1, max_size=6),
    st.floats(1, 1e6),
)
def test_shares_are_in_proportion_and_sum_to_the_total(
    strata: list[tuple[float, float]], total: float
) -> None:
    weights, deviations = zip(*strata, strict=True)
    products = [w * s for w, s in strata]
    shares = neyman_shares(weights, deviations, total)
    if not any(products) or sum(products) < 1e-300:
        return
    assert math.fsum(shares) == pytest.approx(total)
    for share, product in zip(shares, products, strict=True):
        assert share == pytest.approx(total * product / math.fsum(products))


def test_nothing_to_tell_apart_gives_no_shares() -> None:
    assert neyman_shares([0.5, 0.5], [0.0, 0.0], 100) == [0.0, 0.0]
