"""After every trial the weights are golden again, whatever happened; if not, that is noticed."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.answers import Answer, Failure
from analyzer.errors import NotRestored
from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.memory.array_file import ALIGNMENT
from analyzer.runtime.layout.layout import Route
from analyzer.runtime.open import open_live
from analyzer.runtime.weights.memory import WeightMemory, build_weight_memory, restore
from tests.runtime.benches import TrialContext, answer, build_bench, context
from tests.runtime.zoo.registry import model, normal
from tests.support import save

IN_PLACE = ["conv_blocked", "float16_conv", "tied_and_transposed", "float16_gemm", "sliced"]
"""Moved, converted, in two places, shifted, and partly dropped."""


@pytest.fixture
def own(request: pytest.FixtureRequest) -> TrialContext:
    """A context whose executor no other test has."""
    on = context(request.param)
    return replace(on, live=open_live(on.model, on.space, on.feeds))


each_kind = pytest.mark.parametrize("own", IN_PLACE, indirect=True)


def heavy(on: TrialContext) -> FaultPattern:
    """Bursts in all tensors."""
    return FaultPattern(parse_fault("burst:5"), np.arange(0, on.space.bits, 13, dtype=np.int64))


def arena_of(on: TrialContext) -> WeightMemory:
    return on.live.weights.opened.weight_memory


@each_kind
def test_weights_are_golden_after_a_run(own: TrialContext) -> None:
    with own.live.inject(heavy(own)) as run:
        with pytest.raises(NotRestored):
            own.live.check_golden()
        assert not run(own.feeds).same_as(own.golden)
    own.live.check_golden()
    assert own.live.run(own.feeds).same_as(own.golden)


@each_kind
def test_weights_are_golden_after_the_caller_s_error(own: TrialContext) -> None:
    with pytest.raises(KeyboardInterrupt), own.live.inject(heavy(own)):
        raise KeyboardInterrupt
    own.live.check_golden()
    assert own.live.run(own.feeds).same_as(own.golden)


def test_weights_are_golden_after_a_runtime_error(tmp_path: Path) -> None:
    """A weight that becomes an index: most upsets lead outside of the tensor."""
    body = "a = Add (x, w) i = Cast <to = 7> (a) y = Gather <axis = 1> (x, i)"
    proto = model("float[6, 6] x", "float[6, 6, 6] y", body, {"w": np.zeros(6, np.float32)})
    on = build_bench(save(proto, tmp_path / "m.onnx"))
    assert on.live.layout.routes["w"] is Route.IN_PLACE
    assert isinstance(on.golden, Answer)
    flip = FaultPattern(parse_fault("flip"), np.array([29, 30], np.int64))
    assert isinstance(answer(on.live, flip, on.feeds), Failure)
    assert isinstance(answer(on.oracle, flip, on.feeds), Failure)
    on.live.check_golden()
    assert on.live.run(on.feeds).same_as(on.golden)


@each_kind
def test_a_foreign_write_during_a_trial_is_noticed(own: TrialContext) -> None:
    one_flip = FaultPattern(parse_fault("flip"), np.array([0], np.int64))
    with own.live.inject(one_flip):
        arena_of(own).live[-ALIGNMENT] ^= 1
    with pytest.raises(NotRestored):
        own.live.check_golden()


def test_the_tensor_that_differs_is_named() -> None:
    on = context("conv_blocked")
    executor = open_live(on.model, on.space, on.feeds)
    weight_memory = executor.weights.opened.weight_memory
    for slot, view in weight_memory.views.items():
        flat = view.reshape(-1).view(np.uint8)
        flat[-1] ^= 1
        with pytest.raises(NotRestored, match=f"'{slot}'"):
            executor.check_golden()
        flat[-1] ^= 1
    executor.check_golden()


class Stuck(np.ndarray[Any, np.dtype[Any]]):
    """Memory that no write reaches."""

    def __setitem__(self, key: object, value: object) -> None:
        pass


def test_bytes_that_do_not_go_back_are_noticed() -> None:
    weight_memory = build_weight_memory({"w": normal(4)})
    weight_memory.live[3] ^= 1
    stuck = replace(weight_memory, live=weight_memory.live.view(Stuck))
    with pytest.raises(NotRestored):
        restore(stuck, np.array([3]))
    restore(weight_memory, np.array([3]))
    weight_memory.check()


@pytest.mark.parametrize("name", ["float16_conv", "tied_and_transposed", "conv_blocked"])
def test_a_trial_whose_weights_do_not_go_back_fails(name: str) -> None:
    on = context(name)
    executor = open_live(on.model, on.space, on.feeds)
    weight_memory = executor.weights.opened.weight_memory
    injection = executor.inject(heavy(on))
    injection.__enter__()
    executor._weight_memory = replace(
        weight_memory,
        live=weight_memory.live.view(Stuck),
        views={slot: stuck(view) for slot, view in weight_memory.views.items()},
    )
    with pytest.raises(NotRestored):
        injection.__exit__(None, None, None)


def stuck(view: Values) -> Values:
    return view.view(Stuck)


SLOTS: list[dict[str, Values]] = [
    {},
    {"a": normal(3)},
    {"a": normal(3), "b": np.array(7, np.uint8), "c": normal(5, 5, dtype=np.float64)},
]


@pytest.mark.parametrize("contents", SLOTS)
def test_an_arena_holds_each_slot_aligned_and_apart(contents: dict[str, Values]) -> None:
    weight_memory = build_weight_memory(contents)
    assert weight_memory.views.keys() == contents.keys()
    ends = []
    for name, values in contents.items():
        view = weight_memory.views[name]
        assert view.tobytes() == values.tobytes()
        assert (view.dtype, view.shape) == (values.dtype, values.shape)
        assert view.ctypes.data % ALIGNMENT == 0
        assert view.ctypes.data == weight_memory.live.ctypes.data + weight_memory.starts[name]
        ends.append((weight_memory.starts[name], weight_memory.starts[name] + values.nbytes))
    assert all(stop <= start for (_, stop), (start, _) in pairwise(ends))
    assert not np.shares_memory(weight_memory.live, weight_memory.golden)
    weight_memory.check()
