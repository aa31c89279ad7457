"""Packed copies of live weights: found in memory, kept equal, given up where anything is odd."""

import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import NotRestored
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import open_live
from analyzer.runtime.ort.shared_initializers import SharedSession
from analyzer.runtime.prepacked_weights import memory_scan as process_memory
from analyzer.runtime.prepacked_weights.copies import PackedCopy, PackedWeights
from analyzer.runtime.prepacked_weights.memory_scan import bytes_at, find_once
from analyzer.runtime.prepacked_weights.sessions import MemorySearch
from analyzer.runtime.prepacked_weights.strategy import PrepackedWeights
from analyzer.runtime.prepacked_weights.symmetric_conv import SymmetricConv, find_symmetric_convs
from analyzer.runtime.stretches.strategy import Use
from analyzer.runtime.weights.memory import WeightMemory, build_weight_memory
from tests.runtime.benches import TrialContext, answer, context
from tests.strategies import examples

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is listed on Linux only")
MODEL = "qdq_conv_packed"
COPIES = {MODEL: 3, "digits_resnet_int8": 8}
"""Convolutions with enough channels for kernels that pack."""


def random_bytes(size: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)


def shown(inverted: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What ``inverted`` is the inverse of, in memory that no other array had before."""
    block = np.empty(1 << 21, np.uint8)[: len(inverted)]
    return np.invert(inverted, out=block)


@on_linux
def test_a_content_is_found_where_it_stands_once() -> None:
    once, twice, nowhere, known = (random_bytes(200, seed) for seed in (901, 902, 903, 904))
    held = [shown(once), shown(twice), shown(twice), shown(known)]
    span = held[3].ctypes.data, held[3].ctypes.data + held[3].nbytes
    found = find_once([once, twice, nowhere, known], [span])
    assert found == [held[0].ctypes.data, None, None, None]
    bytes_at(held[0].ctypes.data, 200)[7] ^= 1
    assert held[0][7] == ~once[7] ^ 1


def test_nothing_is_found_where_memory_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    content = random_bytes(200, 905)
    held = shown(content)
    monkeypatch.setattr(process_memory, "MEMORY", Path("/nowhere"))
    assert find_once([content], []) == [None]
    assert held.any()


def convolution(outputs: int, inputs: int, depthwise: bool) -> SymmetricConv:
    return SymmetricConv("w", "b", "z", outputs, inputs, 9, depthwise, shift=113)


NO_SESSION = cast(SharedSession, None)
"""The arrays of a test outlive it anyway."""

CONVOLUTIONS = [
    convolution(16, 4, False),
    convolution(24, 8, False),
    convolution(36, 12, False),
    convolution(32, 1, True),
]


def stored(conv: SymmetricConv) -> dict[str, npt.NDArray[np.generic]]:
    rng = np.random.default_rng(conv.outputs)
    return {
        "b": rng.integers(-(2**31), 2**31, conv.outputs).astype(np.int32),
        "w": rng.integers(-128, 128, (conv.outputs, conv.inputs, 3, 3), np.int8),
        "z": np.zeros(conv.outputs, np.int8),
    }


def copies_of(
    conv: SymmetricConv,
) -> tuple[WeightMemory, PackedWeights, npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """Copies in arrays of this test in place of ONNX Runtime's memory."""
    golden = stored(conv)
    weight_memory = build_weight_memory(golden)
    weights, sums = np.zeros(conv.size, np.int8), np.zeros(conv.outputs, np.int32)
    copy = PackedCopy(conv, weights.ctypes.data, sums.ctypes.data, 0, owner=NO_SESSION)
    return weight_memory, PackedWeights(weight_memory, golden, [copy]), weights, sums


@pytest.mark.parametrize("conv", CONVOLUTIONS, ids=str)
def test_packed_form(conv: SymmetricConv) -> None:
    """Element by element, as the header of `symmetric.py` says it."""
    _, _, packed_weights, sums = copies_of(conv)
    golden = stored(conv)
    weights = golden["w"].reshape(conv.outputs, conv.inputs, conv.taps)
    for output in range(conv.outputs):
        for channel in range(conv.inputs):
            for tap in range(conv.taps):
                if conv.depthwise:
                    place = tap * conv.outputs + output
                else:
                    group = (output // 16 * conv.taps + tap) * (conv.inputs // 4) + channel // 4
                    place = (group * 16 + output % 16) * 4 + channel % 4
                assert packed_weights[place] == weights[output, channel, tap]
        total = int(golden["b"][output]) - 113 * int(weights[output].astype(int).sum())
        assert (total - int(sums[output])) % 2**32 == 0


@pytest.mark.parametrize("conv", CONVOLUTIONS, ids=str)
@examples(20)
@given(data=st.data())
def test_copies_follow_any_change(conv: SymmetricConv, data: st.DataObject) -> None:
    weight_memory, copies, *_ = copies_of(conv)
    places = st.sampled_from(sorted(weight_memory.starts)).flatmap(
        lambda name: st.integers(0, weight_memory.views[name].nbytes - 1).map(
            lambda place: weight_memory.starts[name] + place
        )
    )
    drawn = data.draw(st.lists(st.tuples(places, st.integers(1, 255)), max_size=40))
    addresses = np.array([place for place, _ in drawn], np.int64)
    for place, mask in drawn:
        weight_memory.live[place] ^= mask
    copies.wrote(addresses)
    copies.check()
    zeros = weight_memory.starts["z"]
    shifted = any(zeros <= place for place, _ in drawn)
    assert copies.lost == ({0} if shifted else set())
    weight_memory.live[...] = weight_memory.golden
    copies.restored(addresses)
    copies.check()
    assert not copies.lost


def test_a_copy_that_is_not_golden_is_noticed() -> None:
    _, copies, weights, sums = copies_of(CONVOLUTIONS[0])
    for array in (weights, sums):
        array[5] += 1
        with pytest.raises(NotRestored):
            copies.check()
        array[5] -= 1
    copies.check()


def found_with(**changed: npt.NDArray[Any]) -> list[str]:
    """The convolutions that may be packed if some golden values are others."""
    layout = context(MODEL).live.layout
    graph = layout.optimized.proto.graph
    return [c.weights for c in find_symmetric_convs(graph, layout.optimized.slots | changed)]


def test_which_convolutions_may_be_packed() -> None:
    assert found_with() == ["w", "v", "u"]
    assert found_with(wz=np.full(24, 3, np.int8)) == ["v", "u"]
    assert found_with(w=np.zeros((24, 16, 3, 3), np.uint8)) == ["v", "u"]
    assert found_with(w=np.zeros((24, 15, 3, 3), np.int8)) == ["v", "u"]
    assert found_with(v=np.zeros((8, 24, 1, 1), np.int8)) == ["w", "u"]
    assert found_with(u=np.zeros((12, 1, 3, 3), np.int8)) == ["w", "v"]
    assert found_with(xz=np.zeros((), np.int8)) == ["v", "u"]


def packed_copies(live: LiveExecutor) -> int:
    found = [f for f in live.followers if isinstance(f, PackedWeights)]
    return len(found[0]._copies) if found else 0


@on_linux
@pytest.mark.parametrize("name", COPIES)
def test_convolutions_run_on_packed_weights(name: str) -> None:
    on = context(name)
    for executor in (on.live, on.cut):
        assert packed_copies(executor) == COPIES[name]


def reopened(on: TrialContext, search: MemorySearch) -> LiveExecutor:
    strategies, use = [PrepackedWeights(search)], Use.EVERYWHERE
    layout = on.live.layout
    return open_live(on.model, on.space, on.feeds, layout=layout, use=use, strategies=strategies)


def assert_agrees(live: LiveExecutor, on: TrialContext) -> None:
    """Upsets in a weight and a bias give what the file gives."""
    for name in ("w", "b", "u", "d"):
        tensor = next(i for i, t in enumerate(on.space.tensors) if t.name == name)
        pattern = FaultPattern(parse_fault("flip"), np.array([on.space.site(tensor, 3, 6)]))
        expected = answer(on.oracle, pattern, on.feeds)
        assert not expected.same_as(on.golden)
        assert answer(live, pattern, on.feeds).same_as(expected)


@on_linux
def test_what_is_not_found_stays_plain() -> None:
    """The second session leaves out what the first had not; the others are packed."""
    on = context(MODEL)
    hidden: list[None] = [None]

    def find(*given: Any) -> list[int | None]:
        found = find_once(*given)
        return [hidden.pop(), *found[1:]] if hidden else found

    live = reopened(on, MemorySearch(find))
    assert packed_copies(live) == COPIES[MODEL] - 1
    assert_agrees(live, on)


@on_linux
def test_kernels_that_add_otherwise_are_not_used() -> None:
    on = context(MODEL)
    live = reopened(on, MemorySearch(alike=lambda sessions, *_: [False] * len(sessions)))
    assert packed_copies(live) == 0
    assert_agrees(live, on)


def test_without_a_list_of_memory_all_is_plain() -> None:
    on = context(MODEL)
    live = reopened(on, MemorySearch(lambda inverted, _: [None] * len(inverted)))
    assert packed_copies(live) == 0
    assert_agrees(live, on)
