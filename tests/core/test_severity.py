"""Severe and mild sites partition the fault space; strata of patterns partition the count law."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer.bits import FLOAT32, INT8, ElementType, FixedPointCodec, StoredCodec
from analyzer.faults import CountLaw, parse_fault
from analyzer.sampling import generator
from analyzer.severity import Severity, find_severity
from analyzer.space import FaultSpace, Kind, TensorSite
from analyzer.strata import NEGLIGIBLE, StratifiedLaw

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


@pytest.mark.parametrize("rate", [1e-9, 1e-4, 0.003, 0.05, 0.3])
def test_weights_of_strata_sum_to_the_chance_of_any_upset(rate: float) -> None:
    found = severity(w=np.linspace(0.1, 0.9, 400, dtype=np.float32))
    law = StratifiedLaw(found.space.bits, found, rate, FLIP)
    assert sum(s.weight for s in law.strata) == pytest.approx(law.whole.p_any, rel=1e-12)
    assert all(s.weight > NEGLIGIBLE for s in law.strata if s.severe is not None)


@pytest.mark.parametrize("rate", [1e-4, 0.002, 0.02])
def test_patterns_of_a_stratum_have_its_number_of_severe_upsets(rate: float) -> None:
    found = severity(w=np.linspace(0.1, 0.9, 100, dtype=np.float32))
    law = StratifiedLaw(found.space.bits, found, rate, FLIP)
    told_apart = {s.severe for s in law.strata}
    for stratum in law.strata:
        for trial in range(40):
            pattern = law.draw(generator("p", stratum.name, trial), stratum)
            severe = int(found.are_severe(pattern.sites).sum())
            assert len(pattern) >= 1
            assert len(set(pattern.sites.tolist())) == len(pattern)
            assert severe == stratum.severe or (stratum.severe is None and severe not in told_apart)


def test_strata_recombined_are_the_unstratified_law() -> None:
    """Draw strata by weight: every pattern of a tiny space must come as often as the law says."""
    found = severity(w=np.array([0.5], np.float32), b=np.array([3], np.int8))
    bits, rate, draws = found.space.bits, 0.03, 30_000
    law = StratifiedLaw(bits, found, rate, FLIP)
    rng = np.random.default_rng(7)
    weights = np.array([s.weight for s in law.strata])
    chosen = rng.choice(len(weights), size=draws, p=weights / weights.sum())
    counts: Counter[tuple[int, bool]] = Counter()
    for trial, index in enumerate(chosen):
        pattern = law.draw(generator("p", "mixed", trial), law.strata[index])
        counts[min(len(pattern), 4), bool((pattern.sites == 30).any())] += 1
    whole = CountLaw(bits, rate)
    expected, observed = [], []
    for k in range(1, 5):
        p = whole.probability(k) if k < 4 else whole.p_at_least(4)
        hit = k / bits if k < 4 else None
        if hit is None:
            expected.append(p)
            observed.append(counts[4, True] + counts[4, False])
        else:
            expected += [p * hit, p * (1 - hit)]
            observed += [counts[k, True], counts[k, False]]
    scaled = draws * np.array(expected) / whole.p_any
    assert stats.chisquare(observed, scaled * sum(observed) / scaled.sum()).pvalue > 1e-3


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
