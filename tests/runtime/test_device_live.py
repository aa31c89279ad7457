"""The executor on a device: what it restores, what it refuses, where runs begin.

That it answers what the oracle answers is shown in `test_agreement`, on every model of the zoo.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.errors import DeviceFailed, NotRestored
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.sampling import draw_pattern, generator
from analyzer.runtime.device import cuts as device_cuts
from analyzer.runtime.device import open as device_live
from analyzer.runtime.device import partial as device_segments
from analyzer.runtime.device.io_binding import BoundSession, on_its_device
from analyzer.runtime.device.open import MOST_TRIES, NO_GRAPH, NO_INPUT, DeviceExecutor
from analyzer.runtime.layout.layout import Route
from analyzer.runtime.ort.device import NAMED
from analyzer.runtime.partial.golden_cache import Cache
from analyzer.runtime.stretches.golden_run import WHOLE
from tests.runtime.benches import DEVICES, TrialContext, answer, build_bench, context, cut_up
from tests.runtime.test_restore import IN_PLACE, heavy
from tests.runtime.test_segments import upset
from tests.runtime.zoo.registry import model
from tests.storage import as_inputs
from tests.strategies import examples
from tests.support import save

BOUND = NAMED["cpu-bound"]
ROOM = Cache(1 << 30, batches=2)

on_each_bound_device = pytest.mark.parametrize("device", DEVICES[1:])


def opened(on: TrialContext, device: str = "cpu-bound", cache: Cache = ROOM) -> DeviceExecutor:
    return DeviceExecutor(on.model, on.space, on.feeds, NAMED[device], cache)


# Weights


@on_each_bound_device
@pytest.mark.parametrize("name", IN_PLACE)
def test_weights_are_golden_after_a_run(name: str, device: str) -> None:
    on = context(name, device=device)
    executor = opened(on, device)
    with executor.inject(heavy(on)) as run:
        with pytest.raises(NotRestored):
            executor._memory.check()
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
    executor._arena.live[:] = 0
    assert executor.run(on.feeds).same_as(on.golden)
    executor._memory.send_all()
    assert not executor.run(on.feeds).same_as(on.golden)


def test_a_trial_that_does_not_restore_the_device_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails without the device's part of the postcondition: the host is golden again."""
    on = context("conv_blocked")
    executor = opened(on)
    injection = executor.inject(heavy(on))
    injection.__enter__()
    monkeypatch.setattr(executor._memory, "send", lambda words: None)
    injection.__exit__(None, None, None)
    executor._arena.check()
    with pytest.raises(NotRestored):
        executor.check_golden()


def test_only_touched_words_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    on = context("cifar_mobilenet_clipact")
    executor = opened(on)
    sent: list[int] = []
    real = executor._memory.send

    def counted(words: Any) -> None:
        sent.append(len(words))
        real(words)

    monkeypatch.setattr(executor._memory, "send", counted)
    monkeypatch.setattr(executor._memory, "send_all", None)  # must not be asked
    law = CountLaw(on.space.bits, 20 / on.space.bits)
    pattern = draw_pattern(generator("seed=0", "sent", 0), law, parse_fault("flip"))
    answer(executor, pattern, on.feeds)
    assert 0 < max(sent) <= len(pattern)
    assert sent[0] == sent[1]


# Weights that cannot be inputs


@examples(60)
@given(data=st.data())
def test_those_that_are_refused_are_found(data: st.DataObject) -> None:
    """Fails if halving loses a group; what stays undecided counts as refused."""
    slots = [f"w{i}" for i in range(data.draw(st.integers(0, 20)))]
    culprits = data.draw(st.sets(st.sampled_from(slots))) if slots else set()
    tries: list[list[str]] = []

    def accepts(group: list[str]) -> bool:
        tries.append(group)
        return not culprits & set(group)

    found = set(device_live._refused(slots, accepts))
    assert found == culprits
    assert len(tries) <= MOST_TRIES


def test_without_more_tries_all_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_live, "MOST_TRIES", 1)
    assert set(device_live._refused(["a", "b"], lambda _: False)) == {"a", "b"}


class Picky(BoundSession):
    """A session that takes no ``w`` of a matrix product as an input."""

    def __init__(self, shell: Any, *more: Any) -> None:
        if any(t.external_data and len(t.dims) == 2 for t in shell.graph.initializer):
            raise RuntimeError("B must be a constant initializer")
        super().__init__(shell, *more)


def test_a_weight_that_cannot_be_an_input_is_reloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_live, "BoundSession", Picky)
    on = context("gemm")
    executor = opened(on)
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


def test_another_golden_answer_reloads_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_live, "BoundSession", Drifting)
    on = context("gemm")
    executor = opened(on)
    assert set(executor.layout.routes.values()) == {Route.RELOAD}
    pattern = upset(on, "w")
    assert answer(executor, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))


class Unwilling(BoundSession):
    """A session that ONNX Runtime does not open, as it did with copies left in the graph."""

    def __init__(self, *_: Any) -> None:
        raise RuntimeError("Duplicate definition of name (x_CUDAExecutionProvider)")


def test_a_graph_that_cannot_be_loaded_again_leaves_the_oracle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fails without `accepts([])`: the error would be the user's."""
    monkeypatch.setattr(device_live, "BoundSession", Unwilling)
    on = context("gemm")
    executor = opened(on)
    assert set(executor.layout.reasons.values()) == {NO_GRAPH}
    assert executor.run(on.feeds).same_as(on.golden)
    pattern = upset(on, "w")
    assert answer(executor, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))
    executor.check_golden()


def test_a_device_that_fails_is_no_reason_to_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if want of memory while probing sends everything the slow way, in silence."""

    def full(*_: object) -> None:
        raise DeviceFailed("cuda has not enough memory")

    monkeypatch.setattr(device_live, "BoundSession", full)
    with pytest.raises(DeviceFailed):
        opened(context("gemm"))


def test_weights_that_the_file_lists_as_inputs_are_bound_once() -> None:
    on = context("gemm_float64", write=as_inputs)
    executor = opened(on)
    assert set(executor.layout.routes.values()) <= {Route.IN_PLACE, Route.RELOAD}
    assert executor.run(on.feeds).same_as(on.golden)


# Where runs begin


def test_runs_begin_where_the_fault_is() -> None:
    on = context("attention", device="cpu-bound")
    assert isinstance(on.cut, DeviceExecutor)
    names = [t.name for t in on.space.tensors]
    starts = [on.cut.start_of(np.array([names.index(n)])).cut for n in ("wq", "w1", "w2")]
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
    assert isinstance(executor, DeviceExecutor)
    assert executor.parts is not None
    known: Any = executor.parts.known(on.feeds)
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
    assert isinstance(executor, DeviceExecutor)
    assert executor.parts is not None
    fresh = {name: values + 1 for name, values in on.feeds.items()}
    expected = answer(on.oracle, upset(on, "w1"), fresh)
    for _ in range(2):
        assert answer(executor, upset(on, "w1"), fresh).same_as(expected)
        assert executor.parts.known(fresh) is not None
    assert executor.run(fresh).same_as(on.live.run(fresh))


def test_parts_that_differ_on_the_sample_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails without the comparison in `_ready`."""
    on = context("attention", device="cpu-bound")
    executor = cut_up(on.model, on.space, on.feeds, BOUND)
    monkeypatch.setattr(device_segments.DeviceSegments, "_is_golden", lambda *_: False)
    names = [t.name for t in on.space.tensors]
    assert executor.start_of(np.array([names.index("w2")])) is WHOLE


def test_a_fault_behind_a_dead_relu_is_masked() -> None:
    """Fails without the comparison at the next cut: the golden answer itself comes back."""
    on = context("dense_block", device="cpu-bound")
    assert isinstance(on.cut, DeviceExecutor)
    assert on.cut.parts is not None
    known = on.cut.parts.known(on.feeds)
    assert known is not None
    found = [
        answer(on.cut, upset(on, "w0", bit, element), on.feeds)
        for bit in (1, 20)
        for element in range(36)
    ]
    assert any(f is known.answer for f in found)
    assert any(f is not known.answer for f in found)


def test_masked_faults_are_looked_for_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    on = context("attention")
    for taken, worth in ((1e9, False), (0.0, True)):
        monkeypatch.setattr(
            device_segments, "seconds_to_compare", lambda v, _, t=taken: np.full(len(v), t)
        )
        executor = cut_up_with_costs(on)
        assert executor.parts is not None
        assert set(executor.parts._checks) == {worth}


def cut_up_with_costs(on: TrialContext) -> DeviceExecutor:
    """Cut wherever it can be, and timed for real."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_cuts, "choose_cuts", lambda costs, _: list(range(len(costs.seconds))))
        return opened(on)


def test_cuts_are_chosen_by_what_parts_take() -> None:
    """Timed for real: a model with work in it is cut, and never beyond the budget."""
    on = context("cifar_mobilenet_clipact")
    feeds = {on.model.signature.name: np.zeros((16, 3, 32, 32), np.float32)}
    executor = DeviceExecutor(on.model, on.space, feeds, BOUND, Cache(1 << 28))
    assert executor.parts is not None
    assert 2 <= len(executor.parts.cuts) <= device_cuts.MEASURED
    inputs = feeds[on.model.signature.name].nbytes
    only_inputs = DeviceExecutor(on.model, on.space, feeds, BOUND, Cache(inputs))
    assert only_inputs.parts is not None
    assert len(only_inputs.parts.cuts) == 1


@pytest.mark.parametrize("size", [0, 10])
def test_without_room_for_inputs_nothing_is_kept(size: int) -> None:
    assert opened(context("attention"), cache=Cache(size)).parts is None


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("where", ["choose", "DeviceSegments"])
def test_without_room_on_the_device_runs_are_whole(
    where: str, lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Golden values save time, no more. Fails if a device that is lost is taken for a full one."""

    def full(*_: object) -> None:
        raise DeviceFailed("no memory", lost=lost)

    monkeypatch.setattr(device_segments, where, full)
    on = context("attention")
    if lost:
        with pytest.raises(DeviceFailed):
            opened(on)
        return
    executor = opened(on)
    assert executor.parts is None
    assert executor.run(on.feeds).same_as(on.golden)


def test_parts_without_room_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DeviceFailed("no memory")

    on = context("attention", device="cpu-bound")
    executor = cut_up(on.model, on.space, on.feeds, BOUND)
    monkeypatch.setattr(device_cuts.Cuttable, "part", full)
    names = [t.name for t in on.space.tensors]
    assert executor.start_of(np.array([names.index("w2")])) is WHOLE


def test_inputs_on_the_device_are_copies() -> None:
    on = context("attention", device="cpu-bound")
    assert isinstance(on.live, DeviceExecutor)
    held = on_its_device(on.feeds, on.live._memory)
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
