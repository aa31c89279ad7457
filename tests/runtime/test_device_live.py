"""The executor on a device: what it restores, what it refuses, where runs begin.

That it answers what the oracle answers is shown in `test_agreement`, on every model of the zoo.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.errors import DeviceFailed, NotRestored
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.sampling import draw_pattern, generator
from analyzer.faults.space import Indices
from analyzer.runtime.device import cuts as device_cuts
from analyzer.runtime.device.io_binding import BoundSession, copy_to_device
from analyzer.runtime.device.memory import WORD, DeviceMemory
from analyzer.runtime.device.partial import open_device_partial, worth_comparing
from analyzer.runtime.device.values import DeviceValues
from analyzer.runtime.device.weights import (
    MOST_TRIES,
    NO_GRAPH,
    NO_INPUT,
    DeviceMirror,
    DeviceWeights,
    OpenBound,
    refused_slots,
)
from analyzer.runtime.layout.layout import Route
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import open_on_device
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.device import NAMED
from analyzer.runtime.partial.golden_cache import Cache
from analyzer.runtime.partial.plan import MASKED_SHARE
from analyzer.runtime.stretches.golden_run import WHOLE, LateStart
from analyzer.runtime.stretches.reading_nodes import find_reads
from analyzer.runtime.stretches.strategy import Use
from tests.runtime.benches import (
    DEVICES,
    TrialContext,
    answer,
    build_bench,
    context,
    cut_up,
    partial_runs,
)
from tests.runtime.test_restore import IN_PLACE, heavy
from tests.runtime.test_segments import upset
from tests.runtime.zoo.registry import model
from tests.storage import as_inputs
from tests.strategies import examples
from tests.support import save

BOUND = NAMED["cpu-bound"]
ROOM = Cache(1 << 30, batches=2)

on_each_bound_device = pytest.mark.parametrize("device", DEVICES[1:])


def opened(
    on: TrialContext,
    device: str = "cpu-bound",
    cache: Cache = ROOM,
    session: OpenBound = BoundSession,
) -> LiveExecutor:
    where = NAMED[device]
    backend = DeviceWeights(where, lambda: RewriteExecutor(on.model, on.space, where), session)
    return open_on_device(on.model, on.space, on.feeds, where, cache, backend=backend)


def memory_of(executor: LiveExecutor) -> DeviceMemory:
    (mirror,) = executor.followers
    assert isinstance(mirror, DeviceMirror)
    return mirror.memory


def late_start(executor: LiveExecutor, on: TrialContext, name: str) -> LateStart:
    return executor.late_start(np.array([[t.name for t in on.space.tensors].index(name)]))


# Weights


@on_each_bound_device
@pytest.mark.parametrize("name", IN_PLACE)
def test_weights_are_golden_after_a_run(name: str, device: str) -> None:
    on = context(name, device=device)
    executor = opened(on, device)
    with executor.inject(heavy(on)) as run:
        with pytest.raises(NotRestored):
            memory_of(executor).check()
        assert not run(on.feeds).same_as(on.golden)
    executor.check_golden()
    assert executor.run(on.feeds).same_as(on.golden)


@pytest.mark.parametrize("name", IN_PLACE)
def test_weights_are_golden_after_the_caller_s_error(name: str) -> None:
    on = context(name)
    executor = opened(on)
    with pytest.raises(KeyboardInterrupt), executor.inject(heavy(on)):
        raise KeyboardInterrupt
    executor.check_golden()


@on_each_bound_device
def test_what_runs_is_what_the_device_holds(device: str) -> None:
    """Fails if a session reads the host: then nothing here would test the device's memory."""
    on = context("conv_blocked", device=device)
    executor = opened(on, device)
    executor.weights.opened.weight_memory.live[:] = 0
    assert executor.run(on.feeds).same_as(on.golden)
    memory_of(executor).send_all()
    assert not executor.run(on.feeds).same_as(on.golden)


class Deaf(DeviceMirror):
    """A mirror that hears of no restored weight."""

    def restored(self, touched: Indices) -> None:
        pass


def test_a_trial_that_does_not_restore_the_device_fails() -> None:
    """Fails without the device's part of the postcondition: the host is golden again."""
    on = context("conv_blocked")
    executor = opened(on)
    executor.followers = (Deaf(memory_of(executor)),)
    injection = executor.inject(heavy(on))
    injection.__enter__()
    injection.__exit__(None, None, None)
    executor.weights.opened.weight_memory.check()
    with pytest.raises(NotRestored):
        executor.check_golden()


class Counting(DeviceMirror):
    """A mirror that counts the words that it is told to send."""

    def __init__(self, memory: DeviceMemory) -> None:
        super().__init__(memory)
        self.sent: list[int] = []

    def wrote(self, touched: Indices) -> None:
        self.sent.append(len(np.unique(touched // WORD)))
        super().wrote(touched)

    def restored(self, touched: Indices) -> None:
        self.sent.append(len(np.unique(touched // WORD)))
        super().restored(touched)


def test_only_touched_words_are_sent() -> None:
    on = context("cifar_mobilenet_clipact")
    executor = opened(on)
    counting = Counting(memory_of(executor))
    executor.followers = (counting,)
    law = CountLaw(on.space.bits, 20 / on.space.bits)
    pattern = draw_pattern(generator("seed=0", "sent", 0), law, parse_fault("flip"))
    answer(executor, pattern, on.feeds)
    assert 0 < max(counting.sent) <= len(pattern)
    assert counting.sent[0] == counting.sent[1]


# Weights that cannot be inputs


@examples(60)
@given(data=st.data())
def test_those_that_are_refused_are_found(data: st.DataObject) -> None:
    """Fails if halving loses a group; what stays undecided counts as refused."""
    slots = [f"w{i}" for i in range(data.draw(st.integers(0, 20)))]
    culprits = data.draw(st.sets(st.sampled_from(slots))) if slots else set()
    tries: list[list[str]] = []

    def accepts(group: Sequence[str]) -> bool:
        tries.append(list(group))
        return not culprits & set(group)

    found = set(refused_slots(slots, accepts, MOST_TRIES))
    assert found == culprits
    assert len(tries) <= MOST_TRIES


def test_without_more_tries_all_are_refused() -> None:
    assert set(refused_slots(["a", "b"], lambda _: False, 1)) == {"a", "b"}


class Picky(BoundSession):
    """A session that takes no ``w`` of a matrix product as an input."""

    def __init__(self, stripped: Any, *more: Any) -> None:
        if any(t.external_data and len(t.dims) == 2 for t in stripped.graph.initializer):
            raise RuntimeError("B must be a constant initializer")
        super().__init__(stripped, *more)


def test_a_weight_that_cannot_be_an_input_is_reloaded() -> None:
    on = context("gemm")
    executor = opened(on, session=cast(OpenBound, Picky))
    routes, reasons = executor.layout.routes, executor.layout.reasons
    assert routes == {"w": Route.RELOAD, "b": Route.IN_PLACE}
    assert reasons == {"w": NO_INPUT}
    for name in ("w", "b"):
        pattern = upset(on, name)
        assert answer(executor, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))
    assert executor.reloads == 1


class Drifting(BoundSession):
    """A session whose answers depend on how weights are given to it."""

    def run(self, feeds: Feeds) -> Result:
        """One run, a little off."""
        found = super().run(feeds)
        assert isinstance(found, Answer)
        return Answer(tuple(np.asarray(o + 1, o.dtype) for o in found.outputs))


def test_another_golden_answer_reloads_everything() -> None:
    on = context("gemm")
    executor = opened(on, session=Drifting)
    assert set(executor.layout.routes.values()) == {Route.RELOAD}
    pattern = upset(on, "w")
    assert answer(executor, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))


class Unwilling(BoundSession):
    """A session that ONNX Runtime does not open, as it did with copies left in the graph."""

    def __init__(self, *_: Any) -> None:
        raise RuntimeError("Duplicate definition of name (x_CUDAExecutionProvider)")


def test_a_graph_that_cannot_be_loaded_again_leaves_the_oracle() -> None:
    """Fails without `accepts([])`: the error would be the user's."""
    on = context("gemm")
    executor = opened(on, session=cast(OpenBound, Unwilling))
    assert set(executor.layout.reasons.values()) == {NO_GRAPH}
    assert executor.run(on.feeds).same_as(on.golden)
    pattern = upset(on, "w")
    assert answer(executor, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))
    executor.check_golden()


def test_a_device_that_fails_is_no_reason_to_reload() -> None:
    """Fails if want of memory while probing sends everything the slow way, in silence."""

    def full(*_: object) -> None:
        raise DeviceFailed("cuda has not enough memory")

    with pytest.raises(DeviceFailed):
        opened(context("gemm"), session=cast(OpenBound, full))


def test_weights_that_the_file_lists_as_inputs_are_bound_once() -> None:
    on = context("gemm_float64", write=as_inputs)
    executor = opened(on)
    assert set(executor.layout.routes.values()) <= {Route.IN_PLACE, Route.RELOAD}
    assert executor.run(on.feeds).same_as(on.golden)


# Where runs begin


def test_runs_begin_where_the_fault_is() -> None:
    on = context("attention", device="cpu-bound")
    starts = [late_start(on.cut, on, name).cut for name in ("wq", "w1", "w2")]
    assert starts[0] < starts[1] < starts[2]


def test_part_sessions_read_what_is_not_golden() -> None:
    """Fails if a part holds weights of its own."""
    on = context("attention", device="cpu-bound")
    pattern = upset(on, "w2")
    expected = answer(on.oracle, pattern, on.feeds)
    assert not expected.same_as(on.golden)
    assert answer(on.cut, pattern, on.feeds).same_as(expected)


@on_each_bound_device
def test_golden_values_stay_what_they_are(device: str) -> None:
    """Fails if a later run writes into what an earlier one made, or frees it."""
    on = context("attention", device=device)
    executor = cut_up(on.model, on.space, on.feeds, NAMED[device])
    known: Any = partial_runs(executor).known(on.feeds)
    assert known is not None
    before = {name: np.array(value.numpy()) for name, value in known.values.items()}
    other = {name: values + 1 for name, values in on.feeds.items()}
    for _ in range(5):
        executor.run(other)
        answer(executor, upset(on, "wq"), on.feeds)
    assert all(np.array_equal(before[n], v.numpy()) for n, v in known.values.items())
    assert len(before) > len(on.feeds)


def test_unknown_feeds_run_as_a_whole_and_are_known_afterwards() -> None:
    """Fails if golden values are taken while weights are faulty."""
    on = context("attention", device="cpu-bound")
    executor = cut_up(on.model, on.space, on.feeds, BOUND)
    fresh = {name: values + 1 for name, values in on.feeds.items()}
    expected = answer(on.oracle, upset(on, "w1"), fresh)
    for _ in range(2):
        assert answer(executor, upset(on, "w1"), fresh).same_as(expected)
        assert partial_runs(executor).known(fresh) is not None
    assert executor.run(fresh).same_as(on.live.run(fresh))


def test_a_fault_behind_a_dead_relu_is_masked() -> None:
    """Fails without the comparison at the next cut: the golden answer itself comes back."""
    on = context("dense_block", device="cpu-bound")
    known = partial_runs(on.cut).known(on.feeds)
    assert known is not None
    found = [
        answer(on.cut, upset(on, "w0", bit, element), on.feeds)
        for bit in (1, 20)
        for element in range(36)
    ]
    assert any(f is known.answer for f in found)
    assert any(f is not known.answer for f in found)


@given(taken=st.lists(st.floats(0, 1e-3), min_size=1, max_size=5))
def test_masked_faults_are_looked_for_where_it_pays(taken: list[float]) -> None:
    """A comparison takes its own time and that of a call, of which the shortest is hardly more."""
    seconds = np.array([1.0, *[1e-3] * len(taken)])
    saved = 1e-3 * MASKED_SHARE
    expected = [saved > t + min(taken) for t in taken]
    assert worth_comparing(seconds, np.array(taken)) == expected


def test_cuts_are_chosen_by_what_parts_take() -> None:
    """Timed for real: a model with work in it is cut, and never beyond the budget."""
    on = context("cifar_mobilenet_clipact")
    feeds = {on.model.signature.name: np.zeros((16, 3, 32, 32), np.float32)}
    executor = open_on_device(on.model, on.space, feeds, BOUND, Cache(1 << 28))
    assert 2 <= len(partial_runs(executor).cuts) <= device_cuts.MEASURED
    inputs = feeds[on.model.signature.name].nbytes
    only_inputs = open_on_device(on.model, on.space, feeds, BOUND, Cache(inputs))
    assert len(partial_runs(only_inputs).cuts) == 1


@pytest.mark.parametrize("size", [0, 10])
def test_without_room_for_inputs_nothing_is_kept(size: int) -> None:
    assert opened(context("attention"), cache=Cache(size)).partial_runs is None


@pytest.mark.parametrize("lost", [False, True])
def test_without_room_on_the_device_runs_are_whole(lost: bool) -> None:
    """Golden values save time, no more. Fails if a device that is lost is taken for a full one."""
    on = context("attention")
    right = opened(on)
    whole = right.weights.opened

    def full(*_: object, **__: object) -> BoundSession:
        raise DeviceFailed("no memory", lost=lost)

    readers = find_reads(whole.stripped.graph, on.space, whole.layout).in_place(on.space)

    def partial_without_room() -> object:
        use = Use.WHERE_IT_PAYS
        return open_device_partial(whole, memory_of(right), readers, on.feeds, ROOM, use, full)

    if lost:
        with pytest.raises(DeviceFailed):
            partial_without_room()
        return
    found = partial_without_room()
    assert isinstance(found, NotApplied)
    assert "no memory" in found.reason
    assert right.run(on.feeds).same_as(on.golden)


@pytest.mark.parametrize("lost", [False, True])
def test_stretches_without_room_are_not_used(lost: bool) -> None:
    on = context("attention", device="cpu-bound")
    executor = cut_up(on.model, on.space, on.feeds, BOUND)

    def full(*_: object, **__: object) -> BoundSession:
        raise DeviceFailed("no memory", lost=lost)

    values = partial_runs(executor).values
    assert isinstance(values, DeviceValues)
    values._graph = replace(values._graph, open_session=full)
    if lost:
        with pytest.raises(DeviceFailed):
            late_start(executor, on, "w2")
        return
    assert late_start(executor, on, "w2") is WHOLE


def test_inputs_on_the_device_are_copies() -> None:
    on = context("attention", device="cpu-bound")
    held = copy_to_device(on.feeds, memory_of(on.live))
    for name, array in on.feeds.items():
        assert not np.shares_memory(held[name].numpy(), array)
        assert held[name].data_ptr() != array.ctypes.data
        assert np.array_equal(held[name].numpy(), array)


@given(count=st.integers(1, 200))
def test_some_cuts_are_measured_where_there_are_many(count: int) -> None:
    few = device_cuts.thinned(range(100, 100 + count))
    assert few[0] == 100
    assert few[-1] == 99 + count
    assert few == sorted(set(few))
    assert len(few) == min(count, device_cuts.MEASURED)


# Failures


def test_a_runtime_error_under_faults_is_an_outcome(tmp_path: Any) -> None:
    """A weight that becomes an index: most upsets lead outside of the tensor."""
    body = "a = Add (x, w) i = Cast <to = 7> (a) y = Gather <axis = 1> (x, i)"
    proto = model("float[6, 6] x", "float[6, 6, 6] y", body, {"w": np.zeros(6, np.float32)})
    on = build_bench(save(proto, tmp_path / "m.onnx"), device=BOUND)
    assert on.live.layout.routes["w"] is Route.IN_PLACE
    flip = FaultPattern(parse_fault("flip"), np.array([29, 30], np.int64))
    for executor in (on.live, on.cut, on.oracle):
        assert isinstance(answer(executor, flip, on.feeds), Failure)
    on.live.check_golden()
    assert on.live.run(on.feeds).same_as(on.golden)
