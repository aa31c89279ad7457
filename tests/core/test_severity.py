"""Severe and mild sites partition the fault space; strata of patterns partition the count law."""

import math
from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer.faults.count_law import CountLaw
from analyzer.faults.elements import FLOAT32, INT8, ElementType, FixedPointCodec, StoredCodec
from analyzer.faults.models import parse_fault
from analyzer.faults.pattern_strata import NEGLIGIBLE, StratifiedLaw
from analyzer.faults.sampling import generator
from analyzer.faults.severity import Severity, find_severity
from analyzer.faults.space import FaultSpace, Kind, TensorSite

FLIP = parse_fault("flip")


def site(name: str, shape: tuple[int, ...], element: ElementType = FLOAT32) -> TensorSite:
    return TensorSite(name, Kind.WEIGHT, shape, StoredCodec(element), element.name)


def severity(fault: str = "flip", **values: npt.NDArray[Any]) -> Severity:
    elements = {np.dtype(np.float32): FLOAT32, np.dtype(np.int8): INT8}
    sites = [site(n, v.shape, elements[v.dtype]) for n, v in values.items()]
    return find_severity(FaultSpace(tuple(sites)), values, parse_fault(fault))


WEIGHTS = np.array([0.5, -0.25, 0.125, 1.5], np.float32)


def test_the_top_exponent_bit_of_small_floats_is_severe() -> None:
    """0.5 = 2^-1 has exponent 126 = 0b01111110: bit 30 gives 2^127, bit 23 only 2^0 = 1."""
    found = severity(w=WEIGHTS)
    assert np.flatnonzero(found.severe[0]).tolist() == [30]
    assert (found.severe_bits, found.mild_bits) == (4, 4 * 31)


def test_no_bit_of_an_int8_weight_is_severe() -> None:
    """Bit 7 moves a value by 128, about the tensor's own range."""
    assert severity(w=np.array([100, -50, 3], np.int8)).severe_bits == 0


def test_high_integer_bits_of_fixed_point_are_severe() -> None:
    """Bit b of Q15.16 moves a value by 2^(b-16); severe beyond 8 x 1.5 = 12, so from bit 20 on."""
    space = FaultSpace((TensorSite("w", Kind.WEIGHT, (4,), FixedPointCodec(FLOAT32), "float32"),))
    found = find_severity(space, {"w": WEIGHTS}, FLIP)
    assert np.flatnonzero(found.severe[0]).tolist() == list(range(20, 32))


def test_a_burst_is_severe_if_one_of_its_bits_is() -> None:
    assert np.flatnonzero(severity("burst:3", w=WEIGHTS).severe[0]).tolist() == [28, 29, 30]


def test_zeros_and_infinities_do_not_break_the_partition() -> None:
    found = severity(zero=np.zeros(3, np.float32), odd=np.array([np.inf, 1.0], np.float32))
    assert found.severe_bits + found.mild_bits == found.space.bits


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_severe_sites_are_numbered_without_gap(sizes: list[int], seed: int) -> None:
    """Fails if a column is counted with another tensor's width or offset."""
    rng = np.random.default_rng(seed)
    values: dict[str, npt.NDArray[Any]] = {
        f"t{i}": rng.standard_normal(n).astype(np.float32)
        if i % 2
        else rng.integers(-9, 9, n).astype(np.int8)
        for i, n in enumerate(sizes)
    }
    found = severity("flip", **values)
    sites = found.severe_sites(np.arange(found.severe_bits))
    marked = found.are_severe(np.arange(found.space.bits))
    assert sorted(sites.tolist()) == np.flatnonzero(marked).tolist()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_severe_sites_rise_or_fall(sizes: list[int], seed: int) -> None:
    """Each kind is numbered without gap, and a flip at a site that rises makes the value larger."""
    rng = np.random.default_rng(seed)
    values: dict[str, npt.NDArray[Any]] = {
        f"t{i}": (rng.standard_normal(n) / 8).astype(np.float32) for i, n in enumerate(sizes)
    }
    found = severity("flip", **values)
    rising = found.rising_sites(np.arange(found.rising_bits))
    falling = found.falling_sites(np.arange(found.severe_bits - found.rising_bits))
    everything = np.arange(found.space.bits)
    assert sorted(rising.tolist()) == everything[found.are_rising(everything)].tolist()
    severe = everything[found.are_severe(everything)]
    assert sorted([*rising.tolist(), *falling.tolist()]) == severe.tolist()
    for site in severe.tolist():
        tensor, element, bit = found.space.locate(site)
        before = values[f"t{tensor}"][element : element + 1]
        after = (before.view(np.uint32) ^ np.uint32(1 << bit)).view(np.float32)
        assert (site in rising) == (after > before)


def directions(
    values: npt.NDArray[Any], fault: str = "flip", fixed: bool = False
) -> list[list[int]]:
    """Elements of one tensor that rise, by severe bit position."""
    codec = FixedPointCodec(FLOAT32) if fixed else StoredCodec(FLOAT32)
    space = FaultSpace((TensorSite("w", Kind.WEIGHT, values.shape, codec, "float32"),))
    found = find_severity(space, {"w": values}, parse_fault(fault))
    sites = found.are_rising(np.arange(space.bits)).reshape(-1, 32)
    return [np.flatnonzero(column).tolist() for column in sites.T[found.severe[0]]]


@pytest.mark.parametrize(
    ("fault", "fixed", "expected"),
    [
        ("flip", False, [[0, 2, 3]]),  # -0.25 becomes -2^126
        ("stuck1", False, [[0, 2, 3]]),
        ("stuck0", False, [[]]),  # bit 30 is 0 in all of them
        (
            "flip",
            True,
            [[0, 2, 3]] * 11 + [[1]],
        ),  # -0.25 has all high bits set, the sign among them
    ],
)
def test_the_fault_decides_what_rises(fault: str, fixed: bool, expected: list[list[int]]) -> None:
    assert directions(WEIGHTS, fault, fixed) == expected


def test_what_becomes_no_number_rises() -> None:
    """1.5 with bit 30 set is a NaN; so is -1.5."""
    assert directions(np.array([1.5, -1.5, -1.0], np.float32)) == [[0, 1]]


MIXED = np.linspace(-0.7, 0.9, 400, dtype=np.float32)


@pytest.mark.parametrize("rate", [1e-9, 1e-4, 0.003, 0.05, 0.3])
def test_weights_of_strata_sum_to_the_chance_of_any_upset(rate: float) -> None:
    found = severity(w=MIXED)
    law = StratifiedLaw(found.space.bits, found, rate, FLIP)
    assert sum(s.weight for s in law.strata) == pytest.approx(law.whole.p_any, rel=1e-12)
    assert all(s.weight > NEGLIGIBLE for s in law.strata if s.rising is not None)


@pytest.mark.parametrize("rate", [1e-4, 0.002, 0.02])
def test_patterns_belong_to_their_stratum(rate: float) -> None:
    found = severity(w=MIXED[::4])
    law = StratifiedLaw(found.space.bits, found, rate, FLIP)
    told_apart = {s.rising for s in law.strata}
    for stratum in law.strata:
        for trial in range(40):
            pattern = law.draw(generator("p", stratum.name, trial), stratum)
            rising = int(found.are_rising(pattern.sites).sum())
            falls = bool((found.are_severe(pattern.sites) & ~found.are_rising(pattern.sites)).any())
            assert len(pattern) >= 1
            assert len(set(pattern.sites.tolist())) == len(pattern)
            assert rising == stratum.rising or (stratum.rising is None and rising not in told_apart)
            assert stratum.falling in (None, falls)


def test_patterns_without_rising_upsets_are_parted_by_falling_ones() -> None:
    found = severity(w=MIXED[::4])
    law = StratifiedLaw(found.space.bits, found, 0.002, FLIP)
    assert [(s.name, s.falling) for s in law.strata[:3]] == [
        ("0", False),
        ("falling", True),
        ("1", None),
    ]


def test_strata_recombined_are_the_unstratified_law() -> None:
    """Draw strata by weight: every pattern of a tiny space must come as often as the law says.

    Of its 72 bits two are severe: bit 30 of one value rises, that of the other falls.
    """
    found = severity(w=np.array([0.5, -0.5], np.float32), b=np.array([100], np.int8))
    assert (found.rising_bits, found.severe_bits) == (1, 2)
    bits, rate, draws = found.space.bits, 0.03, 40_000
    law = StratifiedLaw(bits, found, rate, FLIP)
    assert [s.name for s in law.strata] == ["0", "falling", "1"]
    rng = np.random.default_rng(7)
    weights = np.array([s.weight for s in law.strata])
    chosen = rng.choice(len(weights), size=draws, p=weights / weights.sum())
    counts: Counter[tuple[int, bool, bool]] = Counter()
    for trial, index in enumerate(chosen):
        sites = law.draw(generator("p", "mixed", trial), law.strata[index]).sites.tolist()
        counts[min(len(sites), 4), 30 in sites, 62 in sites] += 1
    expected: dict[tuple[int, bool, bool], float] = {}
    for high, low in product((False, True), repeat=2):
        chance = math.prod(rate if mark else 1.0 - rate for mark in (high, low))
        for k in range(bits - 1):
            size = min(k + high + low, 4)
            if size:
                place = size, high, low
                expected[place] = expected.get(place, 0.0) + chance * stats.binom.pmf(
                    k, bits - 2, rate
                )
    observed = np.array([counts[place] for place in expected])
    scaled = np.array(list(expected.values())) * draws / law.whole.p_any
    assert observed.sum() == draws
    assert stats.chisquare(observed, scaled).pvalue > 1e-3


@pytest.mark.parametrize(("bits", "rate", "least"), [(50, 0.01, 2), (1000, 1e-5, 3), (40, 0.2, 4)])
def test_counts_given_a_least_one_follow_the_law(bits: int, rate: float, least: int) -> None:
    law = CountLaw(bits, rate)
    draws = [law.draw_at_least(least, generator("p", "c", i)) for i in range(4000)]
    top = least + 3
    observed = [draws.count(k) for k in range(least, top)] + [sum(d >= top for d in draws)]
    tail = [stats.binom.pmf(k, bits, rate) for k in range(least, top)]
    expected = np.array([*tail, stats.binom.sf(top - 1, bits, rate)])
    expected = expected / expected.sum() * len(draws)
    keep = expected > 5
    assert min(draws) >= least
    assert (
        stats.chisquare(
            np.array(observed)[keep],
            expected[keep] * np.array(observed)[keep].sum() / expected[keep].sum(),
        ).pvalue
        > 1e-3
    )


@given(st.integers(1, 10**9), st.floats(1e-12, 0.5), st.integers(0, 6))
def test_probabilities_agree_with_scipy(bits: int, rate: float, count: int) -> None:
    law = CountLaw(bits, rate)
    assert law.p_at_least(count) == pytest.approx(stats.binom.sf(count - 1, bits, rate), rel=1e-9)
    reference = stats.binom.pmf(count, bits, rate)
    assert law.probability(count) == pytest.approx(reference, rel=1e-6, abs=1e-290)
