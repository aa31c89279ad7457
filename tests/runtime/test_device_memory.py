"""A device's memory holds what it was sent, word by word, and says when it does not."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import DeviceFailed, NotRestored
from analyzer.faults.space import Indices
from analyzer.runtime.device.memory import DENSE, DeviceMemory, WordWriter
from analyzer.runtime.ort.device import NAMED
from analyzer.runtime.weights.memory import WeightMemory, build_weight_memory
from tests.runtime.zoo.registry import normal
from tests.strategies import examples

DEVICES = ["cpu-bound", pytest.param("cuda", marks=pytest.mark.gpu)]


def opened(device: str = "cpu-bound", **given: Any) -> tuple[WeightMemory, DeviceMemory]:
    weight_memory = build_weight_memory({"a": normal(100), "b": np.arange(77, dtype=np.uint8)})
    return weight_memory, DeviceMemory(weight_memory, NAMED[device], **given)


def words_of(weight_memory: WeightMemory) -> Any:
    return weight_memory.live.view(np.int32)


@pytest.mark.parametrize("device", DEVICES)
def test_it_holds_what_the_arena_held(device: str) -> None:
    weight_memory, memory = opened(device)
    assert memory.in_place
    assert np.array_equal(memory.contents(), words_of(weight_memory))
    memory.check()


def test_it_shares_no_memory_with_the_host() -> None:
    """Fails if the value is made of the weight memory itself: no run would show a missing write."""
    weight_memory, memory = opened()
    weight_memory.live[:] ^= 0xFF
    assert not np.array_equal(memory.contents(), words_of(weight_memory))
    assert np.array_equal(memory.contents(), weight_memory.golden.view(np.int32))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("piece", [2**30, 7])
@examples(20)
@given(data=st.data())
def test_the_words_that_are_sent_arrive_and_no_others(
    device: str, piece: int, data: st.DataObject
) -> None:
    """Fails if numbers within a piece are counted from the block's beginning."""
    weight_memory, memory = opened(device, open_writer=partial(WordWriter, words_per_call=piece))
    count = len(words_of(weight_memory))
    touched = data.draw(st.sets(st.integers(0, count - 1), max_size=count // DENSE))
    words = np.array(sorted(touched), np.int64)
    before = words_of(weight_memory).copy()
    words_of(weight_memory)[:] ^= -1
    memory.send(words)
    held = memory.contents()
    assert np.array_equal(held[words], ~before[words])
    assert np.array_equal(np.delete(held, words), np.delete(before, words))


class Once(WordWriter):
    """A writer that is asked once, by whoever tries out if it writes in place."""

    asked = 0

    def write(self, words: Indices, new: Any) -> Any:
        """Write the first time."""
        self.asked += 1
        assert self.asked == 1
        return super().write(words, new)


def test_many_words_are_sent_as_a_whole() -> None:
    weight_memory, memory = opened(open_writer=Once)
    count = len(words_of(weight_memory))
    words_of(weight_memory)[:] ^= -1
    memory.send(np.arange(count // DENSE + 1))
    assert np.array_equal(memory.contents(), words_of(weight_memory))


class Copying(WordWriter):
    """A writer that writes into a copy of the block, as a provider may that knows no other way."""

    def write(self, words: Indices, new: Any) -> Any:
        """Write nowhere."""
        return new


def test_where_nothing_can_be_written_in_place_all_is_sent() -> None:
    weight_memory, memory = opened(open_writer=Copying)
    assert not memory.in_place
    words_of(weight_memory)[5] ^= -1
    memory.send(np.array([5]))
    assert np.array_equal(memory.contents(), words_of(weight_memory))


class Wrong(WordWriter):
    """A writer that errs by a bit after it was tried out."""

    error = 0

    def write(self, words: Indices, new: Any) -> Any:
        """Write something else."""
        found = super().write(words, new ^ self.error)
        self.error = 1
        return found


def test_a_write_that_does_not_arrive_is_noticed() -> None:
    """Fails if what was sent is taken to be there."""
    memory = opened(open_writer=Wrong)[1]
    with pytest.raises(NotRestored, match="does not hold what was written"):
        memory.send(np.array([3]))


@pytest.mark.parametrize("slot", ["a", "b"])
def test_the_slot_that_differs_is_named(slot: str) -> None:
    weight_memory, memory = opened()
    weight_memory.live[weight_memory.starts[slot]] ^= 1
    memory.send_all()
    with pytest.raises(NotRestored, match=f"'{slot}' on cpu-bound"):
        memory.check()


def test_an_arena_without_slots_needs_none() -> None:
    memory = DeviceMemory(build_weight_memory({}), NAMED["cpu-bound"])
    memory.send(np.zeros(0, np.int64))
    memory.check()
    assert len(memory.contents()) == 0


def test_no_room_is_a_sentence() -> None:
    def full(*_: object) -> None:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 4")

    with pytest.raises(DeviceFailed):
        opened(allocate=full)
