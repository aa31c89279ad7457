"""The oracle: edit the file's bytes, create an ordinary session, run. Slow, obviously right."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import onnx
import onnxruntime as ort

from analyzer.bits import StoredCodec
from analyzer.errors import NotRestored
from analyzer.faults import FaultKind, FaultModel, FaultPattern
from analyzer.model import Model
from analyzer.runtime.devices import CPU, Device
from analyzer.runtime.executor import Run, golden_proto, golden_values, set_raw
from analyzer.runtime.mishaps import checked
from analyzer.runtime.session import (
    Failure,
    Feeds,
    Result,
    new_session,
    open_session,
    run_session,
    session_options,
    short_reason,
)
from analyzer.space import FaultSpace


class RewriteExecutor:
    """Writes every pattern into a copy of the file and loads it anew."""

    layout = None
    """Nothing is found out that others could take over."""

    def __init__(self, model: Model, space: FaultSpace, device: Device = CPU) -> None:
        self._space, self._device = space, device
        self.reloads = 0
        self._golden = golden_values(model, space)
        self._proto = golden_proto(model, self._golden)
        self._bytes = {t.name: t.raw_data for t in self._proto.graph.initializer}
        self._session = open_session(self._proto, session_options(device=device), device)

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``."""
        return self._run(self._session, feeds)

    def _run(self, session: ort.InferenceSession, feeds: Feeds) -> Result:
        return checked(run_session(session, feeds), self._device)

    @contextmanager
    def inject(self, pattern: FaultPattern) -> Iterator[Run]:
        """Within the context, runs happen in a session of the faulty file."""
        self.reloads += 1
        try:
            options = session_options(device=self._device)
            session = new_session(self.faulty_proto(pattern), options, self._device)
        except Exception as error:  # ONNX Runtime's exceptions share no narrower base class.
            failure = checked(Failure(short_reason(error)), self._device)
            yield lambda feeds: failure
            return
        yield lambda feeds: self._run(session, feeds)

    def faulty_proto(self, pattern: FaultPattern) -> onnx.ModelProto:
        """A copy of the golden model with the pattern's bits changed."""
        proto = onnx.ModelProto()
        proto.CopyFrom(self._proto)
        tensors = {t.name: t for t in proto.graph.initializer}
        edited: dict[int, bytearray] = {}
        for site in pattern.sites.tolist():
            index, _, _ = self._space.locate(site)
            if index not in edited:
                edited[index] = self._memory(index)
            first = site - int(self._space.offsets[index])
            last = min(first + pattern.fault.length, self._space.tensors[index].bits)
            for position in range(first, last):
                _hit(edited[index], position, pattern.fault)
        for index, memory in edited.items():
            set_raw(tensors[self._space.tensors[index].name], self._raw(index, memory))
        return proto

    def _memory(self, index: int) -> bytearray:
        """The bytes whose bits flip: the file's own, or the fixed-point image of the values."""
        site = self._space.tensors[index]
        if isinstance(site.codec, StoredCodec):
            return bytearray(self._bytes[site.name])
        return bytearray(site.codec.encode(self._golden[site.name]).tobytes())

    def _raw(self, index: int, memory: bytearray) -> bytes:
        """The file's bytes for a memory content: the inverse of `_memory`."""
        site = self._space.tensors[index]
        if isinstance(site.codec, StoredCodec):
            return bytes(memory)
        return site.codec.decode(np.frombuffer(memory, np.uint32)).tobytes()

    def release(self) -> None:
        """Give back all memory that runs need; nothing can be run afterwards."""
        self.__dict__.clear()

    @property
    def threaded(self) -> bool:
        """Never: whether a device can is not known."""
        return False

    def check_golden(self) -> None:
        """Compare the file's bytes with those read at the start.

        Raises:
            NotRestored: one differs.
        """
        for tensor in self._proto.graph.initializer:
            if tensor.raw_data != self._bytes[tensor.name]:
                raise NotRestored(f"the bytes of {tensor.name!r} changed during the campaign")


def _hit(memory: bytearray, position: int, fault: FaultModel) -> None:
    byte, bit = position // 8, 1 << position % 8
    match fault.kind:
        case FaultKind.FLIP | FaultKind.BURST:
            memory[byte] ^= bit
        case FaultKind.STUCK0:
            memory[byte] &= 0xFF ^ bit
        case FaultKind.STUCK1:
            memory[byte] |= bit
