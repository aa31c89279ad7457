"""Partial re-execution: which cuts are kept, and what runs when; that answers agree with the
oracle's is shown in `test_agreement`, on every model of the zoo, cut wherever it can be cut."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import open_live
from analyzer.runtime.partial.cut_plan import (
    CALL_SECONDS,
    LEAST_CUT_GAIN,
    LEVELS,
    CutCosts,
    candidates,
    choose_cuts,
    mean_seconds,
    reach_weights,
)
from analyzer.runtime.partial.execution import PartialExecution
from analyzer.runtime.partial.golden_cache import Array, Cache, GoldenStore
from analyzer.runtime.partial.host_values import HostValues
from analyzer.runtime.stretches.cuts import find_cuts
from analyzer.runtime.stretches.golden_run import WHOLE, Arrays, GoldenRun, LateStart
from analyzer.runtime.stretches.reading_nodes import find_reads
from tests.runtime.benches import TrialContext, answer, context, cut_up, partial_runs
from tests.runtime.zoo.wide import attention, skips
from tests.strategies import examples

# Which cuts are kept


@st.composite
def costs(draw: st.DrawFn) -> CutCosts:
    count = draw(st.integers(1, 6))
    parts = draw(st.lists(st.integers(1, 100), min_size=count, max_size=count))
    hits = np.array(draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)), float)
    size = draw(st.lists(st.integers(0, 64), min_size=count, max_size=count))
    seconds = np.cumsum(np.array(parts[::-1], float))[::-1] * 1e-4
    each = draw(st.sampled_from([0.0, 3e-4]))
    return CutCosts(hits / max(1, hits.sum()), seconds, np.array(size), each)


def expected(costs: CutCosts, kept: list[int]) -> float:
    """Mean time of a run with one upset, and what the cuts cost."""
    total = (LEAST_CUT_GAIN * costs.seconds[0] + costs.each) * (len(kept) - 1)
    for i, hit in enumerate(costs.hits):
        total += hit * (costs.seconds[max(k for k in kept if k <= i)] + CALL_SECONDS)
    return float(total)


@examples(100)
@given(costs=costs(), budget=st.integers(0, 2 * LEVELS))
def test_no_choice_of_cuts_is_better(costs: CutCosts, budget: int) -> None:
    later = range(1, len(costs.seconds))
    choices = [[0, *c] for n in range(len(costs.seconds)) for c in combinations(later, n)]
    level = max(1, -(-budget // LEVELS))

    def affordable(kept: list[int]) -> bool:
        return sum(-(-int(costs.size[k]) // level) for k in kept[1:]) <= LEVELS

    allowed = [c for c in choices if len(c) == 1 or (budget > 0 and affordable(c))]
    found = choose_cuts(costs, budget)
    assert found in allowed
    assert expected(costs, found) == pytest.approx(min(expected(costs, c) for c in allowed))
    assert len(found) == 1 or sum(costs.size[found[1:]]) <= LEVELS * level


def test_mean_of_whole_runs_and_runs_with_one_upset() -> None:
    """Half are whole: 8 s past 2 cuts. Of the others 3 in 4 begin at the first, 1 at the last."""
    costs = CutCosts(np.array([0.5, 0.25, 0.25]), np.array([8.0, 4.0, 2.0]), np.zeros(3, int), 0.5)
    single = 0.75 * (8 + 1) + 0.25 * (2 + 0.5) + CALL_SECONDS
    assert mean_seconds(costs, [0, 2]) == pytest.approx((9 + CALL_SECONDS + single) / 2)


def test_weights_of_the_cuts() -> None:
    assert reach_weights([0, 3, 3, 9], [10, 20, 30, 40], [0, 3, 5]).tolist() == [0.1, 0.5, 0.4]


def test_candidates_are_where_weights_are_read_or_little_passes() -> None:
    sizes = np.array([9, 5, 9, 9, 1, 9, 9])
    seconds = np.arange(7, 0, -1).astype(np.float64)
    assert candidates(sizes, seconds, [0, 3, 6]) == [0, 1, 3, 4, 6]


def test_cuts_pass_what_is_read_later() -> None:
    found = {cut.position: set(cut.values) for cut in find_cuts(attention().graph)}
    assert found[0] == {"x"}
    assert found[3] == {"x", "q", "k", "v"}
    assert found[9] == {"r"}
    assert found[12] == {"r", "g"}


def test_encoders_values_pass_until_the_decoder_reads_them() -> None:
    widths = [len(cut.values) for cut in find_cuts(skips().graph)]
    assert max(widths) >= 3
    assert widths[-1] == 1


# What runs


def upset(on: TrialContext, name: str, bit: int = 30, element: int = 0) -> FaultPattern:
    index = [t.name for t in on.space.tensors].index(name)
    return FaultPattern(parse_fault("flip"), np.array([on.space.site(index, element, bit)]))


def start_of(executor: LiveExecutor, on: TrialContext, name: str) -> LateStart:
    return executor.late_start(np.array([[t.name for t in on.space.tensors].index(name)]))


def test_runs_begin_where_the_fault_is() -> None:
    """Fails if `start` ignores the reader: the first weight must be re-run from the first node."""
    on = context("attention")
    starts = [start_of(on.cut, on, name).cut for name in ("wq", "w1", "w2")]
    assert starts[0] < starts[1] < starts[2]


def test_a_fault_behind_a_dead_relu_is_masked() -> None:
    """Fails without the comparison at the next cut: the golden answer itself comes back."""
    on = context("dense_block")
    segments = partial_runs(on.cut)
    known = segments.known(on.feeds)
    assert known is not None
    found = [
        answer(on.cut, upset(on, "w0", bit, element), on.feeds)
        for bit in (1, 20)
        for element in range(36)
    ]
    assert any(f is known.answer for f in found)
    assert any(f is not known.answer for f in found)


def test_of_unknown_feeds_golden_values_are_taken_first() -> None:
    """Fails if they are taken while weights are faulty, or if weights stay golden after it."""
    on = context("attention")
    executor = cut_up(on.model, on.space, on.feeds)
    fresh = {name: values + 1 for name, values in on.feeds.items()}
    pattern = upset(on, "w1")
    expected = answer(on.oracle, pattern, fresh)
    for _ in range(2):
        assert answer(executor, pattern, fresh).same_as(expected)
        assert partial_runs(executor).known(fresh) is not None
    assert executor.run(fresh).same_as(on.live.run(fresh))


class Off(HostValues):
    """Values between stretches that are never golden."""

    def same(self, made: Arrays, golden: GoldenRun[Array]) -> bool:
        return False


def test_stretches_that_differ_on_the_sample_are_not_used() -> None:
    """Fails without the comparison in `_ready`."""
    on = context("attention")
    right = partial_runs(cut_up(on.model, on.space, on.feeds))
    values = right.values
    assert isinstance(values, HostValues)
    off = Off(values._model, values._stretches, values.cuts, on.feeds, Cache(1 << 30))
    index = [t.name for t in on.space.tensors].index("w2")
    reads = find_reads(values._model.stripped.graph, on.space, on.live.layout)
    nodes = int(reads.first[index]), int(reads.last[index])
    assert right.late_start(*nodes) is not WHOLE
    assert PartialExecution(off, right.early_stops).late_start(*nodes) is WHOLE


def test_without_a_budget_nothing_is_kept() -> None:
    on = context("attention")
    assert open_live(on.model, on.space, on.feeds, Cache(0)).partial_runs is None


def test_the_store_forgets_what_was_used_least_recently() -> None:
    store: GoldenStore[Array] = GoldenStore(2)
    feeds = [{"x": np.full(3, i)} for i in range(3)]
    for fed in feeds[:2]:
        store.keep(fed, Answer(()), {})
    assert store.find(feeds[0]) is not None
    store.keep(feeds[2], Answer(()), {})
    assert [store.find(fed) is not None for fed in feeds] == [True, False, True]
    assert store.find({"x": np.full(3, 0)}) is None
