"""Live weights in a device's memory: one block, a mirror of the weight memory, and writes into it.

The block is one value of ONNX Runtime; sessions take their weights as inputs that point into it.
Touched words are written by a small model that runs on the device and whose output is the memory of
its own input: a `ScatterElements` that has nothing to copy. What stands there afterwards is read
back in the same run. So a trial moves a few bytes, whatever the size of the weights.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from analyzer.errors import NotRestored
from analyzer.faults.space import Indices
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.device_failures import on_device
from analyzer.runtime.ort.session import new_session, session_options
from analyzer.runtime.weights.memory import WeightMemory

Words = npt.NDArray[np.int32]

WORD = 4
"""Bytes of a word, the unit of writing."""

WORDS_PER_CALL = 2**30
"""Words that one call may number: the CUDA kernel counts them in 32 bits."""

DENSE = 4
"""If more than one word in so many changes, all are sent: their positions would take longer."""


class DeviceMemory:
    """A device's copy of the weight memory."""

    def __init__(
        self,
        weight_memory: WeightMemory,
        device: Device,
        open_writer: "OpenWriter | None" = None,
        allocate: Callable[..., ort.OrtValue] = ort.OrtValue.ortvalue_from_shape_and_type,
    ) -> None:
        """Take the memory, and fill it with what the weight memory holds.

        Args:
            weight_memory: the live weights on the host.
            device: whose memory it is.
            open_writer: opens what writes words in place; None: a session on the device.
            allocate: takes memory of the device.

        Raises:
            DeviceFailed: there is not enough of it.
        """
        self.device = device
        self._weight_memory = weight_memory
        self._host: Words = weight_memory.live.view(np.int32)
        self._golden: Words = weight_memory.golden.view(np.int32)
        with on_device(device):
            self._block = allocate(
                [max(len(self._host), 1)],  # a value without elements has no address
                np.int32,
                device.memory,
                device.index,
            )
            self.send_all()
        self._writer = (open_writer or WordWriter)(self._block, device)
        self.in_place = len(self._host) == 0 or self._keeps_a_write()

    def _keeps_a_write(self) -> bool:
        """True if a write arrives in the block, and not in a copy that ONNX Runtime made of it."""
        last = np.array([len(self._host) - 1], np.int64)
        self._writer.write(last, ~self._host[last])
        arrived = bool(self.contents()[last] == ~self._host[last])
        self.send_all()
        return arrived

    def address(self, slot: str) -> int:
        """The address in the device's memory at which a slot of the weight memory begins."""
        return int(self._block.data_ptr()) + self._weight_memory.starts[slot]

    def contents(self) -> Words:
        """A copy of all that the device holds, int32 (words,)."""
        with on_device(self.device):
            return np.array(self._block.numpy())[: len(self._host)]

    def send_all(self) -> None:
        """Make the device's copy what the host has."""
        if len(self._host):
            with on_device(self.device):
                self._block.update_inplace(self._host)

    def send(self, words: Indices) -> None:
        """Make the device's copy what the host has, at some words.

        Args:
            words: int64 (n,), each once.

        Raises:
            NotRestored: afterwards the device holds something else.
        """
        if self.in_place and len(words) * DENSE <= len(self._host):
            held, sent = self._writer.write(words, self._host[words]), self._host[words]
        else:
            self.send_all()
            held, sent = self.contents(), self._host
        if not np.array_equal(held, sent):
            raise NotRestored(f"the memory of {self.device.name} does not hold what was written")

    def check(self) -> None:
        """Compare all that the device holds with golden.

        Raises:
            NotRestored: a word differs.
        """
        differing = np.flatnonzero(self.contents() != self._golden)
        if len(differing):
            starts, byte = self._weight_memory.starts, WORD * int(differing[0])
            slot = max((s for s in starts if starts[s] <= byte), key=lambda s: starts[s])
            raise NotRestored(f"weights in {slot!r} on {self.device.name} differ from golden")


class WordWriter:
    """Writes words of a block on its device."""

    def __init__(
        self, block: ort.OrtValue, device: Device, words_per_call: int = WORDS_PER_CALL
    ) -> None:
        """Open the session that writes.

        Args:
            block: a value on the device, int32 (words,).
            device: the device.
            words_per_call: the words that one call may number.
        """
        self._block, self._device, self._reach = block, device, words_per_call
        session = new_session(_writing_model(), session_options(device=device), device)
        self._session, self._binding = session, session.io_binding()

    def write(self, words: Indices, new: Words) -> Words:
        """Write some words; returns what the device holds there afterwards, int32 (n,).

        Args:
            words: int64 (n,), numbers of the words, each once.
            new: int32 (n,), their new values.
        """
        held = np.empty_like(new)
        for piece, here in _pieces(words, self._reach):
            held[here] = self._write(piece, words[here] - piece, new[here])
        return held

    def _write(self, first: int, at: Indices, new: Words) -> Words:
        """The same within the piece that begins with word ``first``."""
        where = self._device.memory, self._device.index
        length = min(int(self._block.shape()[0]) - first, self._reach)
        block = (np.int32, [length], int(self._block.data_ptr()) + WORD * first)
        binding = self._binding
        with on_device(self._device):
            binding.clear_binding_outputs()
            binding.bind_input("words", *where, *block)
            binding.bind_cpu_input("at", at)
            binding.bind_cpu_input("new", new)
            binding.bind_output("written", *where, *block)
            binding.bind_output("held", "cpu")
            self._session.run_with_iobinding(binding)
            return np.array(binding.get_outputs()[1].numpy())


def _pieces(words: Indices, reach: int) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """The first word of each piece that ``words`` fall into, and the indices of those that do."""
    numbers = words // reach
    for number in np.unique(numbers).tolist():
        yield number * reach, np.flatnonzero(numbers == number)


OpenWriter = Callable[[ort.OrtValue, Device], WordWriter]


def _writing_model() -> onnx.ModelProto:
    """``written`` is ``words`` with ``new`` at ``at``; ``held`` is what then stands there."""
    words, places = onnx.TensorProto.INT32, onnx.TensorProto.INT64
    nodes = [
        make_node("ScatterElements", ["words", "at", "new"], ["written"], axis=0),
        make_node("GatherElements", ["written", "at"], ["held"], axis=0),
    ]
    inputs = [
        make_tensor_value_info("words", words, ["N"]),
        make_tensor_value_info("at", places, ["K"]),
        make_tensor_value_info("new", words, ["K"]),
    ]
    outputs = [
        make_tensor_value_info("written", words, ["N"]),
        make_tensor_value_info("held", words, ["K"]),
    ]
    graph = make_graph(nodes, "write", inputs, outputs)
    return make_model(graph, opset_imports=[make_opsetid("", 13)], ir_version=8)
