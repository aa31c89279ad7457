"""All that a worker needs to run blocks, in one file that any number of workers map.

Large arrays (weights, inputs, golden answers) are stored out of band and mapped read-only, so that
the workers of one machine share a single copy of them.
"""

import hashlib
import mmap
import pickle
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.campaign.golden_answers import GoldenAnswers, cache_for, is_streamed
from analyzer.campaign.patterns import PatternSource
from analyzer.campaign.protected import memory_of, protected
from analyzer.campaign.trials import TrialContext
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.memory.array_file import ALIGNMENT, ArrayFile
from analyzer.memory.shared_arrays import SharedArrays, make_shared_arrays
from analyzer.model import Model
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.open import open_executor
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.device_selection import start_device
from analyzer.runtime.partial.golden_cache import SharedRuns

_HEAD = struct.Struct("<QQ")


@dataclass(frozen=True)
class WorkerPayload:
    """The parts of a context that can be sent; the worker builds the executor.

    Attributes:
        model: The model.
        patterns: Gives each trial its fault pattern.
        golden: The data set and the fault-free answers.
        cache: Bytes that golden values may take in the worker.
        layout: The layout that another executor on this machine found; None: the worker finds it.
        device: The device on which the worker runs the model.
        shared: Memory in which workers of this machine share golden values; None: each has its own.
        memory: The protected memory; None: it is not protected.
    """

    model: Model
    patterns: PatternSource
    golden: GoldenAnswers
    cache: int = 0
    layout: Layout | None = None
    device: Device = CPU
    shared: SharedArrays | None = None
    memory: ProtectedMemory | None = None

    @staticmethod
    def of(
        context: TrialContext,
        model: Model,
        cache: int = 0,
        layout: Layout | None = None,
        device: Device = CPU,
        shared: SharedArrays | None = None,
    ) -> "WorkerPayload":
        """The payload of a campaign.

        Args:
            context: of the campaign.
            model: the model that its executor runs.
            cache: bytes that golden values may take in the worker.
            layout: of the executor, of use on this machine alone.
            device: where the worker runs the model.
            shared: memory in which workers of this machine share golden values.
        """
        return WorkerPayload(
            model,
            context.patterns,
            context.golden,
            cache,
            layout,
            device,
            shared,
            memory_of(context.executor),
        )

    def unpack(self) -> TrialContext:
        """Open the live session and put the context together again.

        Raises:
            UnsupportedModel: ONNX Runtime cannot load the model here.
            DeviceUnavailable: the device is not there, or does not start.
        """
        golden = self.golden
        shared = None
        if self.shared:
            feeds = [batch.feeds(golden.input_name) for batch in golden.batches]
            shared = SharedRuns(self.shared, feeds)
        cache = cache_for(golden.batches, self.cache, shared)
        sample = golden.batches[0].feeds(golden.input_name)
        device = start_device(self.device)
        data = self.memory.data if self.memory else self.patterns.space
        inner = open_executor(self.model, data, sample, device, cache, self.layout)
        executor = protected(inner, self.memory)
        return TrialContext(self.patterns, golden, executor)

    def parts(self, files: Sequence[ArrayFile] = ()) -> list[bytes | memoryview]:
        """The bytes of the file, in pieces: a header, the records, then each array aligned.

        Only this process's own children and cluster workers read them back; they are never a file
        that a user supplies.

        Args:
            files: where the reader finds arrays that need not be written again.
        """
        buffers: list[pickle.PickleBuffer] = []
        records = pickle.dumps(self, protocol=5, buffer_callback=buffers.append)
        raws = [b.raw() for b in buffers]
        places = [_place_in(files, raw) for raw in raws]
        arrays = pickle.dumps([_Array(r.nbytes, p) for r, p in zip(raws, places, strict=True)])
        parts: list[bytes | memoryview] = [_HEAD.pack(len(records), len(arrays)), records, arrays]
        position = sum(map(len, parts))
        for raw, place in zip(raws, places, strict=True):
            if place is None:
                padding = -position % ALIGNMENT
                parts += [b"\0" * padding, raw]
                position += padding + raw.nbytes
        return parts


def shared_golden_values(context: TrialContext, cache: int) -> SharedArrays | None:
    """Memory in which workers of this machine share the golden values of every batch.

    Args:
        context: of the campaign.
        cache: bytes that the values may take, answers not counted.

    Returns:
        None where the system has no such memory, or ``cache`` leaves no room.
    """
    if cache <= 0 or is_streamed(context.golden.batches):
        return None
    by_batch = context.golden.by_batch
    answer = max(golden.size for golden in by_batch)
    # One place for each batch, and one for the cuts on which the workers agree.
    return make_shared_arrays(1 + len(by_batch), cache // len(by_batch) + answer)


@dataclass(frozen=True, slots=True)
class _Array:
    """One array of a payload.

    Attributes:
        size: Bytes.
        place: The file that holds the array, and the position there; None: behind the records.
    """

    size: int
    place: tuple[ArrayFile, int] | None


def _place_in(files: Sequence[ArrayFile], raw: memoryview) -> tuple[ArrayFile, int] | None:
    found = ((file, file.place_of(raw)) for file in files)
    return next(((file, start) for file, start in found if start is not None), None)


def from_buffer(content: bytes | mmap.mmap) -> WorkerPayload:
    """The inverse of joining `WorkerPayload.parts`; arrays are views of ``content``."""
    view = memoryview(content)
    length, described = _HEAD.unpack_from(view)
    position = _HEAD.size + length
    arrays: list[_Array] = pickle.loads(view[position : position + described])
    position += described
    buffers = []
    for array in arrays:
        if array.place is not None:
            file, start = array.place
            buffers.append(file.block[start : start + array.size].data)
            continue
        position += -position % ALIGNMENT
        buffers.append(view[position : position + array.size])
        position += array.size
    payload: WorkerPayload = pickle.loads(view[_HEAD.size : _HEAD.size + length], buffers=buffers)
    return payload


def map_payload(path: Path) -> WorkerPayload:
    """Read a payload from a file that stays mapped as long as its arrays are in use."""
    with path.open("rb") as stream:
        return from_buffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def digest(content: bytes) -> str:
    """Name of a payload: equal contents, equal names."""
    return hashlib.sha256(content).hexdigest()[:16]
