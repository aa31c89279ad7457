"""Live weights on a device: the executor of `live.py` with the weights in the device's memory.

The host's arena is where upsets are worked out; the device's memory follows it word by word.
"""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from analyzer.answers import Feeds, Result
from analyzer.errors import DeviceFailed
from analyzer.faults.elements import Values
from analyzer.faults.space import FaultSpace, Indices
from analyzer.model import Model
from analyzer.runtime.device.cuts import Cuttable
from analyzer.runtime.device.io_binding import BoundSession
from analyzer.runtime.device.memory import WORD, DeviceMemory
from analyzer.runtime.device.partial import DeviceSegments, find_device_segments
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.layout.read_every_run import Runs
from analyzer.runtime.layout.restrict import all_reloaded, only_read, reloading
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.device_failures import watched
from analyzer.runtime.ort.optimized_graph import OptimizedModel
from analyzer.runtime.ort.shared_initializers import hollow
from analyzer.runtime.partial.golden_cache import NO_CACHE, Cache
from analyzer.runtime.stretches.cuts import find_cuts
from analyzer.runtime.stretches.golden_run import WHOLE, Start
from analyzer.runtime.weights.address_book import AddressBook
from analyzer.runtime.weights.injection import Injection
from analyzer.runtime.weights.memory import build_arena
from analyzer.runtime.weights.reading_nodes import Readers, find_readers

NO_INPUT = "ONNX Runtime gives another answer, or none, if it is an input"
NO_GRAPH = "ONNX Runtime gives another answer, or none, from its own optimized graph on this device"
MOST_TRIES = 60
"""Sessions opened to find the weights that cannot be inputs."""


class DeviceExecutor(LiveExecutor):
    """Runs fault patterns by changing weights where the device reads them."""

    patience = sys.maxsize  # stretches of the file's graph are loaded anew on the host only

    def __init__(
        self,
        model: Model,
        space: FaultSpace,
        sample: Feeds,
        device: Device,
        cache: Cache = NO_CACHE,
        layout: Layout | None = None,
    ) -> None:
        """Optimize for the device, probe the layout, and open the live session.

        Args:
            model: the model.
            space: its bits at risk.
            sample: one batch; see `LiveExecutor`.
            device: where it runs.
            cache: what inputs and golden values may take of the device's memory.
            layout: what another executor found out on this device; None: find out.

        Raises:
            UnsupportedModel: ONNX Runtime cannot load the model.
            DeviceFailed: the device has not enough memory, or failed.
        """
        self.device = device
        with watched(device):
            super().__init__(model, space, sample, cache, layout)

    def _open(self, layout: Layout) -> None:
        self.layout = layout
        self._arena = build_arena(layout.slots)
        self._book = AddressBook(self._space, layout, self._arena)
        self._memory = DeviceMemory(self._arena, self.device)
        self._shell = hollow(layout.optimized, self._arena.views)
        self._session = self._opened()

    def _opened(self) -> Runs:
        """What runs whole models: the live session, or the oracle where there can be none."""
        if NO_GRAPH in self.layout.reasons.values():
            return self._oracle
        return BoundSession(self._shell, self._memory)

    def _proven(self, layout: Layout, sample: Feeds, golden: Result) -> Layout:
        optimized = layout.optimized
        slots = list(layout.slots)

        def accepts(group: list[str]) -> bool:
            buffers = {name: optimized.slots[name] for name in group}
            try:
                return self._open_live(optimized, buffers).run(sample).same_as(golden)
            except DeviceFailed:
                raise
            except Exception:  # of ONNX Runtime: such an input it does not take
                return False

        if not accepts([]):
            return all_reloaded(layout, NO_GRAPH)
        refused = dict.fromkeys(_refused(slots, accepts), NO_INPUT)
        return only_read(reloading(layout, refused), sample, self._open_live)

    def _open_live(self, optimized: OptimizedModel, buffers: dict[str, Values]) -> "_Mirrored":
        return _Mirrored(optimized, buffers, self.device)

    def _find_segments(self, sample: Feeds, cache: Cache) -> None:
        self.segments = None
        self._first, self._last = find_readers(self._shell.graph, self._space, self.layout)
        direct = np.flatnonzero(self._last >= 0)
        bits = np.array([t.bits for t in self._space.tensors], np.int64)
        readers = Readers(self._first[direct], self._last[direct], bits[direct])
        self.parts: DeviceSegments | None = None
        if isinstance(self._session, BoundSession):
            graph = Cuttable(self._shell, self._memory, find_cuts(self._shell.graph))
            self.parts = find_device_segments(graph, self._session, readers, sample, cache)

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``; no pattern may be in force."""
        return self.parts.golden(feeds) if self.parts else self._session.run(feeds)

    def start_of(self, tensors: Indices) -> Start:
        """Where a run begins whose faults are in ``tensors``."""
        if self.parts is None or not len(tensors):
            return WHOLE
        first, last = int(self._first[tensors].min()), int(self._last[tensors].max())
        return self.parts.start(first, last)

    def run_from(self, start: Start, feeds: Feeds) -> Result:
        """Run under the pattern in force, whose faults are not read before ``start``."""
        if self.parts is None:
            return self._session.run(feeds)
        golden = self.parts.known(feeds)
        return self._session.run(feeds) if golden is None else self.parts.run(start, golden)

    def knows(self, feeds: Feeds) -> bool:
        """Whether golden values of ``feeds`` are kept, or none ever are."""
        return self.parts is None or self.parts.known(feeds) is not None

    def write(self, injection: Injection) -> None:
        """Put the faulty bits of ``injection`` into the device's memory."""
        super().write(injection)
        self._memory.send(self._touched(injection))

    @property
    def threaded(self) -> bool:
        """Never: what is bound to the device's memory is bound once."""
        return False

    def put_back(self, injection: Injection) -> None:
        """Put golden back on the host and on the device.

        Raises:
            NotRestored: a touched weight is not golden.
        """
        super().put_back(injection)
        self._memory.send(self._touched(injection))

    def _touched(self, injection: Injection) -> Indices:
        """The words that hold what ``injection`` changes, int64, each once."""
        arena = self._arena
        touched = [injection.addresses // WORD]
        for write in injection.converted:
            size = arena.views[write.slot].dtype.itemsize
            first = arena.starts[write.slot] + write.positions.astype(np.int64) * size
            touched += [(first + byte) // WORD for byte in range(0, size, WORD)]
        return np.unique(np.concatenate(touched).astype(np.int64))

    def check_golden(self) -> None:
        """Compare every live weight, on the host and on the device, with golden, bit for bit.

        Raises:
            NotRestored: one differs.
        """
        super().check_golden()
        self._memory.check()


class _Mirrored:
    """A session whose weights follow some arrays of the host, all of them before every run."""

    def __init__(
        self, optimized: OptimizedModel, buffers: dict[str, Values], device: Device
    ) -> None:
        self._buffers = buffers
        self._arena = build_arena(buffers)
        self._memory = DeviceMemory(self._arena, device)
        self._session = BoundSession(hollow(optimized, buffers), self._memory)

    def run(self, feeds: Feeds) -> Result:
        """Run once with the present contents of the arrays."""
        for name, values in self._buffers.items():
            self._arena.views[name][...] = values
        self._memory.send_all()
        return self._session.run(feeds)


def _refused(slots: list[str], accepts: Any) -> Iterable[str]:
    """Those of ``slots`` that are not accepted, found by halving; what is undecided is among them.

    Args:
        slots: names.
        accepts: whether some of them are accepted together.
    """
    refused: list[str] = []
    pending = [slots]
    for _ in range(MOST_TRIES):
        if not pending:
            break
        group = pending.pop()
        if not group or accepts(group):
            continue
        if len(group) == 1:
            refused += group
        else:
            half = len(group) // 2
            pending += [group[:half], group[half:]]
    return [*refused, *(name for group in pending for name in group)]
