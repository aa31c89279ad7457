"""Live weights in the host's memory, which sessions borrow."""

from collections.abc import Callable

import onnx

from analyzer.answers import Feeds, Result
from analyzer.faults.elements import Values
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.layout.read_every_run import Runnable, SessionOpener
from analyzer.runtime.layout.restrict import reload_unread
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.optimized_graph import OptimizedModel
from analyzer.runtime.ort.shared_initializers import (
    SharedInitializers,
    SharedSession,
    as_ort_values,
    open_shared_session,
    strip_initializers,
)
from analyzer.runtime.weights.memory import build_weight_memory, map_weight_memory
from analyzer.runtime.weights.open_weights import OpenedLayout

Rewrite = Callable[[onnx.ModelProto], onnx.ModelProto]
"""Another form of the optimized graph that computes the same values, bit for bit."""

OpenSession = Callable[[onnx.ModelProto, SharedInitializers], Runnable]
"""Opens the session of a whole graph on live weights."""


def live_session(optimized: OptimizedModel, buffers: dict[str, Values]) -> SharedSession:
    """A session of the optimized graph that reads ``buffers`` at every run.

    Args:
        optimized: the optimized model.
        buffers: contents of its initializers, by name.
    """
    return open_shared_session(strip_initializers(optimized, buffers), as_ort_values(buffers))


class HostWeights:
    """The `WeightBackend` of the host."""

    device: Device = CPU

    def __init__(
        self,
        rewrite: Rewrite = lambda stripped: stripped,
        open_session: OpenSession = open_shared_session,
        open_live: SessionOpener = live_session,
    ) -> None:
        """Remember how sessions are opened.

        Args:
            rewrite: the form of the optimized graph in which it runs.
            open_session: opens the live session.
            open_live: opens the sessions on which it is tried out if buffers are read at each run.
        """
        self._rewrite, self._open, self._open_live = rewrite, open_session, open_live
        self.rewritten = False
        """True if the graph that was opened last runs in another form."""

    def prove(self, layout: Layout, sample: Feeds, golden: Result) -> Layout:
        """As in `WeightBackend`."""
        return reload_unread(layout, sample, self._open_live)

    def open(self, layout: Layout) -> OpenedLayout:
        """As in `WeightBackend`."""
        layout = layout.filed()
        weight_memory = (
            map_weight_memory(layout.file) if layout.file else build_weight_memory(layout.slots)
        )
        ort_values = as_ort_values(weight_memory.views)
        plain = strip_initializers(layout.optimized, ort_values)
        stripped = self._rewrite(plain)
        self.rewritten = stripped is not plain
        # Nothing is live where every tensor is reloaded: then kernels may pack, as by default.
        session = (
            self._open(stripped, ort_values)
            if ort_values
            else open_shared_session(stripped, ort_values, pack=True)
        )
        return OpenedLayout(layout, weight_memory, stripped, ort_values, session, threaded=True)
