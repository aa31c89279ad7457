"""Live weights in a device's memory: the host works upsets out, the device follows word by word."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import onnx

from analyzer.answers import Feeds, Result
from analyzer.errors import DeviceFailed
from analyzer.faults.elements import Values
from analyzer.faults.space import Indices
from analyzer.runtime.device.io_binding import BoundSession
from analyzer.runtime.device.memory import WORD, DeviceMemory
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.layout.read_every_run import Runnable
from analyzer.runtime.layout.restrict import reload_all, reload_slots, reload_unread
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.optimized_graph import OptimizedModel
from analyzer.runtime.ort.shared_initializers import strip_initializers
from analyzer.runtime.weights.memory import build_weight_memory
from analyzer.runtime.weights.open_weights import OpenedLayout

NO_INPUT = "ONNX Runtime gives another answer, or none, if it is an input"
NO_GRAPH = "ONNX Runtime gives another answer, or none, from its own optimized graph on this device"
MOST_TRIES = 60
"""Sessions opened to find the weights that cannot be inputs."""


class OpenBound(Protocol):
    """Opens a session of a model without weights on a device's memory."""

    def __call__(self, stripped: onnx.ModelProto, memory: DeviceMemory) -> Runnable:
        """Open it.

        Args:
            stripped: the model without the data of its live weights.
            memory: where the weights are.
        """


class DeviceMirror:
    """A `Follower`: the device's copy of the live weights."""

    def __init__(self, memory: DeviceMemory) -> None:
        """Keep ``memory`` equal to the live weights on the host."""
        self.memory = memory

    def wrote(self, touched: Indices) -> None:
        """Send the words that run_keeping the bytes ``touched``, int64 (n,)."""
        self.memory.send(np.unique(touched // WORD))

    def restored(self, touched: Indices) -> None:
        """Send the same words again, which are golden now.

        Raises:
            NotRestored: afterwards the device holds something else.
        """
        self.memory.send(np.unique(touched // WORD))

    def check(self) -> None:
        """Compare all that the device holds with golden.

        Raises:
            NotRestored: a word differs.
        """
        self.memory.check()


class DeviceWeights:
    """The `WeightBackend` of a device with memory of its own."""

    mirror: DeviceMirror
    """The device's copy of the weights that were opened last."""

    def __init__(
        self,
        device: Device,
        oracle: Callable[[], Runnable],
        open_session: OpenBound = BoundSession,
        most_tries: int = MOST_TRIES,
    ) -> None:
        """Open nothing yet.

        Args:
            device: where the weights are.
            oracle: runs whole models where there can be no live session.
            open_session: opens a session of a whole graph.
            most_tries: sessions opened to find the weights that cannot be inputs.
        """
        self.device, self._oracle = device, oracle
        self._open_session, self._most_tries = open_session, most_tries

    def prove(self, layout: Layout, sample: Feeds, golden: Result) -> Layout:
        """As in `WeightBackend`."""
        optimized = layout.optimized
        slots = list(layout.slots)

        def accepts(group: Sequence[str]) -> bool:
            buffers = {name: optimized.slots[name] for name in group}
            try:
                return self._open_live(optimized, buffers).run(sample).same_as(golden)
            except DeviceFailed:
                raise
            except Exception:  # of ONNX Runtime: such an input it does not take
                return False

        if not accepts([]):
            return reload_all(layout, NO_GRAPH)
        refused = dict.fromkeys(refused_slots(slots, accepts, self._most_tries), NO_INPUT)
        return reload_unread(reload_slots(layout, refused), sample, self._open_live)

    def _open_live(
        self, optimized: OptimizedModel, buffers: dict[str, Values]
    ) -> "_MirroredSession":
        return _MirroredSession(optimized, buffers, self.device, self._open_session)

    def open(self, layout: Layout) -> OpenedLayout:
        """As in `WeightBackend`."""
        weight_memory = build_weight_memory(layout.slots)
        memory = DeviceMemory(weight_memory, self.device)
        self.mirror = DeviceMirror(memory)
        stripped = strip_initializers(layout.optimized, weight_memory.views)
        no_graph = NO_GRAPH in layout.reasons.values()
        session = self._oracle() if no_graph else self._open_session(stripped, memory)
        # A session that is bound to the device's memory is bound once: one thread uses it.
        return OpenedLayout(layout, weight_memory, stripped, {}, session, threaded=False)


class _MirroredSession:
    """A session whose weights follow some arrays of the host, all of them before every run."""

    def __init__(
        self,
        optimized: OptimizedModel,
        buffers: dict[str, Values],
        device: Device,
        open_session: OpenBound,
    ) -> None:
        self._buffers = buffers
        self._weight_memory = build_weight_memory(buffers)
        self._memory = DeviceMemory(self._weight_memory, device)
        self._session = open_session(strip_initializers(optimized, buffers), self._memory)

    def run(self, feeds: Feeds) -> Result:
        """Run once with the present contents of the arrays."""
        for name, values in self._buffers.items():
            self._weight_memory.views[name][...] = values
        self._memory.send_all()
        return self._session.run(feeds)


def refused_slots(
    slots: Sequence[str], accepts: Callable[[Sequence[str]], bool], most_tries: int
) -> list[str]:
    """Those of ``slots`` that are not accepted, found by halving; what is undecided is among them.

    Args:
        slots: names.
        accepts: true if some of them are accepted together.
        most_tries: how often it may be asked.
    """
    refused: list[str] = []
    pending: list[Sequence[str]] = [slots]
    for _ in range(most_tries):
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
