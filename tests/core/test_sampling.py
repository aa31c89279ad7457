"""Trials as pure functions, and places that are uniform: chi-square tests with fixed seeds."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer.faults.count_law import CountLaw
from analyzer.faults.elements import ELEMENT_TYPES, StoredCodec
from analyzer.faults.models import FLIP, parse_fault
from analyzer.faults.sampling import (
    distinct_sites,
    draw_batch,
    draw_pattern,
    draw_single,
    generator,
)
from analyzer.faults.space import FaultSpace, Kind, TensorSite
from tests.strategies import examples


def drawn(plan: str, stream: str, trial: int) -> tuple[int, ...]:
    pattern = draw_pattern(generator(plan, stream, trial), CountLaw(10**6, 5e-6), FLIP)
    return tuple(pattern.sites.tolist())


def assert_likely(found: Iterable[int], weights: Iterable[float]) -> None:
    """The counts ``found`` are what chances in proportion to ``weights`` give."""
    counts, shares = np.array(list(found), float), np.array(list(weights), float)
    wanted = counts.sum() * shares / shares.sum()
    assert wanted.min() >= 5
    assert stats.chisquare(counts, wanted).pvalue > 1e-4


def test_a_trial_is_the_same_in_any_order_and_beside_any_other() -> None:
    alone = drawn("plan", "rate", 17)
    forwards = {i: drawn("plan", "rate", i) for i in range(30)}
    backwards = {i: drawn("plan", "rate", i) for i in reversed(range(30))}
    assert forwards == backwards
    assert forwards[17] == alone


def test_trials_streams_and_plans_differ() -> None:
    keys = [(p, s, t) for p in ("p", "q") for s in ("", "a", "b") for t in range(300)]
    first = {generator(*key).bit_generator.random_raw() for key in keys}
    assert len(first) == len(keys)


def test_streams_of_neighbouring_trials_do_not_overlap() -> None:
    def raw(trial: int) -> set[int]:
        numbers = generator("plan", "rate", trial).bit_generator.random_raw(5000)
        return set(np.atleast_1d(np.asarray(numbers)).tolist())

    assert not raw(0) & raw(1)
    assert not raw(2**40) & raw(2**40 + 1)


def test_numbers_of_a_plan_are_pinned() -> None:
    """Whoever changes these changes every published result."""
    assert [int(generator("plan", "rate", t).integers(10**6)) for t in (0, 1, 10**9)] == PINNED


PINNED = [36608, 847565, 2389]


def test_the_global_generator_is_left_alone() -> None:
    def state() -> Mapping[str, object]:
        return np.random.get_state(legacy=False)

    np.random.seed(1)
    before = str(state())
    drawn("plan", "rate", 3)
    distinct_sites(generator("plan", "rate", 0), 10, 9)
    assert str(state()) == before
    np.random.seed(2)
    other = drawn("plan", "rate", 3)
    np.random.seed(1)
    assert drawn("plan", "rate", 3) == other


@examples(200)
@given(st.integers(1, 10**12), st.integers(1, 50), st.integers(0, 2**32))
def test_sites_are_distinct_ascending_and_in_range(bits: int, count: int, seed: int) -> None:
    count = min(count, bits)
    sites = distinct_sites(np.random.default_rng(seed), bits, count)
    assert sites.dtype == np.int64
    assert len(sites) == count
    assert (np.diff(sites) > 0).all()
    assert 0 <= sites[0] <= sites[-1] < bits


@pytest.mark.parametrize("bits", [1, 2, 3, 7])
def test_all_sites_can_be_hit_at_once(bits: int) -> None:
    sites = distinct_sites(np.random.default_rng(0), bits, bits)
    assert sites.tolist() == list(range(bits))


@pytest.mark.parametrize(
    ("bits", "count"), [(6, 1), (6, 2), (6, 3), (8, 4), (6, 4), (6, 5), (9, 4), (20, 2)]
)
def test_every_set_of_sites_is_equally_likely(bits: int, count: int) -> None:
    sets = list(combinations(range(bits), count))
    seen = Counter(
        tuple(distinct_sites(generator("subsets", str(bits), trial), bits, count).tolist())
        for trial in range(60 * len(sets))
    )
    assert set(seen) <= set(sets)
    assert_likely((seen[s] for s in sets), [1.0] * len(sets))


SPACE = FaultSpace(
    tuple(
        TensorSite(name, Kind.WEIGHT, (count,), StoredCodec(ELEMENT_TYPES[name]), name)
        for name, count in [("float32", 3), ("int8", 5), ("int4", 40), ("float64", 1)]
    )
)


def places(fault: str, rate: float, trials: int) -> list[tuple[int, int, int]]:
    law = CountLaw(SPACE.bits, rate)
    return [
        SPACE.locate(site)
        for trial in range(trials)
        for site in draw_pattern(generator("p", "s", trial), law, parse_fault(fault)).sites.tolist()
    ]


@pytest.mark.parametrize("rate", [1e-6, 1e-2, 0.3])
def test_every_bit_of_every_tensor_is_hit_alike(rate: float) -> None:
    hit = places("flip", rate, int(10_000 / max(1, SPACE.bits * rate)))
    by_tensor = Counter(t for t, _, _ in hit)
    assert_likely((by_tensor[i] for i in range(4)), [t.bits for t in SPACE.tensors])
    by_bit = Counter(bit for t, _, bit in hit if t == 0)
    assert_likely((by_bit[b] for b in range(32)), [1.0] * 32)
    by_element = Counter(element for t, element, _ in hit if t == 2)
    assert_likely((by_element[e] for e in range(40)), [1.0] * 40)


def test_a_pattern_carries_its_fault() -> None:
    burst = parse_fault("burst:3")
    assert draw_pattern(generator("p", "s", 0), CountLaw(100, 0.1), burst).fault == burst


def test_a_single_upset_is_uniform_on_its_range() -> None:
    rng = generator("p", "single", 0)
    seen = Counter(int(draw_single(rng, 10, 16, FLIP).sites[0]) for _ in range(3000))
    assert_likely((seen[s] for s in range(10, 16)), [1.0] * 6)
    assert set(seen) == set(range(10, 16))


def test_batches_are_drawn_in_proportion_to_their_size() -> None:
    sizes = [32, 32, 7]
    rng = generator("p", "batches", 0)
    seen = Counter(draw_batch(rng, np.cumsum(sizes)) for _ in range(7100))
    assert_likely((seen[i] for i in range(3)), sizes)


def test_the_only_batch_is_always_drawn() -> None:
    assert {draw_batch(generator("p", "b", i), np.array([4])) for i in range(50)} == {0}
