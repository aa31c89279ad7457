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

from analyzer.campaign.plan import Plan
from analyzer.campaign.trials import TrialContext, cache_for, is_streamed
from analyzer.evaluation.dataset import AnyBatch
from analyzer.evaluation.outcome import Golden, Judge
from analyzer.faults.pairing import Pairing
from analyzer.faults.severity import Severity
from analyzer.faults.site_strata import SiteStrata
from analyzer.faults.space import FaultSpace
from analyzer.memory.array_file import ALIGNMENT, ArrayFile
from analyzer.memory.shared_arrays import SharedArrays, make_shelf
from analyzer.model import Model
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.open import open_executor
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.device_selection import start_device
from analyzer.runtime.partial.golden_cache import SharedRuns

_HEAD = struct.Struct("<QQ")


@dataclass(frozen=True)
class WorkerPayload:
    """The parts of a context that can travel; the executor is built where it arrives."""

    plan: Plan
    model: Model
    space: FaultSpace
    severity: Severity | None
    judge: Judge
    batches: tuple[AnyBatch, ...]
    golden: tuple[Golden, ...]
    pairing: Pairing | None
    sites: SiteStrata | None
    cache: int = 0
    layout: Layout | None = None
    device: Device = CPU
    shelf: SharedArrays | None = None

    @staticmethod
    def of(
        context: TrialContext,
        model: Model,
        cache: int = 0,
        layout: Layout | None = None,
        device: Device = CPU,
        shelf: SharedArrays | None = None,
    ) -> "WorkerPayload":
        """The travelling parts of ``context``.

        Args:
            context: all of it.
            model: what it runs.
            cache: bytes that golden values may take where it arrives.
            layout: what its executor found out, of use on this machine alone.
            device: where it runs.
            shelf: where workers of this machine have golden values in common.
        """
        return WorkerPayload(
            context.plan,
            model,
            context.space,
            context.severity,
            context.judge,
            context.batches,
            context.golden,
            context.pairing,
            context.sites,
            cache,
            layout,
            device,
            shelf,
        )

    def unpack(self) -> TrialContext:
        """Open the live session and put the context together again.

        Raises:
            UnsupportedModel: ONNX Runtime cannot load the model here.
            DeviceUnavailable: the device is not there, or does not start.
        """
        name = self.model.signature.name
        shared = None
        if self.shelf:
            shared = SharedRuns(self.shelf, [batch.feeds(name) for batch in self.batches])
        cache = cache_for(self.batches, self.cache, shared)
        sample = self.batches[0].feeds(name)
        device = start_device(self.device)
        executor = open_executor(self.model, self.space, sample, device, cache, self.layout)
        return TrialContext(
            self.plan,
            self.space,
            self.severity,
            executor,
            self.judge,
            name,
            self.batches,
            self.golden,
            self.pairing,
            self.sites,
        )

    def parts(self, files: Sequence[ArrayFile] = ()) -> list[bytes | memoryview]:
        """Everything in one piece, cut up: a header, the records, then each array aligned.

        Only this process's own children and cluster workers read it back; it is never a file
        that a user supplies.

        Args:
            files: where the reader finds arrays that need not be written again.
        """
        buffers: list[pickle.PickleBuffer] = []
        records = pickle.dumps(self, protocol=5, buffer_callback=buffers.append)
        raws = [b.raw() for b in buffers]
        places = [_place_in(files, raw) for raw in raws]
        kept = pickle.dumps([_Array(r.nbytes, p) for r, p in zip(raws, places, strict=True)])
        parts: list[bytes | memoryview] = [_HEAD.pack(len(records), len(kept)), records, kept]
        position = sum(map(len, parts))
        for raw, place in zip(raws, places, strict=True):
            if place is None:
                padding = -position % ALIGNMENT
                parts += [b"\0" * padding, raw]
                position += padding + raw.nbytes
        return parts


def shelf_for(context: TrialContext, cache: int) -> SharedArrays | None:
    """Memory in which workers of this machine have golden values of every batch in common.

    Args:
        context: what they run.
        cache: bytes that the values may take, answers not counted.

    Returns:
        None where there can be none.
    """
    if cache <= 0 or is_streamed(context.batches):
        return None
    answer = max(sum(output.nbytes for output in golden.outputs) for golden in context.golden)
    batches = len(context.batches)
    return make_shelf(1 + batches, cache // batches + answer)


@dataclass(frozen=True, slots=True)
class _Array:
    """One array of a shipment.

    Attributes:
        size: Its bytes.
        place: The file and the position where it stands; None: behind the records.
    """

    size: int
    place: tuple[ArrayFile, int] | None


def _place_in(files: Sequence[ArrayFile], raw: memoryview) -> tuple[ArrayFile, int] | None:
    found = ((file, file.place_of(raw)) for file in files)
    return next(((file, start) for file, start in found if start is not None), None)


def from_buffer(content: bytes | mmap.mmap) -> WorkerPayload:
    """The inverse of joining `WorkerPayload.parts`; arrays are views of ``content``."""
    view = memoryview(content)
    length, kept = _HEAD.unpack_from(view)
    position = _HEAD.size + length
    arrays: list[_Array] = pickle.loads(view[position : position + kept])
    position += kept
    buffers = []
    for array in arrays:
        if array.place is not None:
            file, start = array.place
            buffers.append(file.block[start : start + array.size].data)
            continue
        position += -position % ALIGNMENT
        buffers.append(view[position : position + array.size])
        position += array.size
    shipment: WorkerPayload = pickle.loads(view[_HEAD.size : _HEAD.size + length], buffers=buffers)
    return shipment


def map_shipment(path: Path) -> WorkerPayload:
    """Read a shipment from a file that stays mapped as long as its arrays are in use."""
    with path.open("rb") as stream:
        return from_buffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def digest(content: bytes) -> str:
    """Name of a shipment: equal contents, equal names."""
    return hashlib.sha256(content).hexdigest()[:16]
