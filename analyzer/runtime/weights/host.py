"""Live weights in the host's memory, which sessions borrow."""

from collections.abc import Callable

import onnx

from analyzer.answers import Feeds, Result
from analyzer.faults.elements import Values
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.layout.read_every_run import OpenLive, Runs
from analyzer.runtime.layout.restrict import only_read
from analyzer.runtime.ort.device import CPU
from analyzer.runtime.ort.optimized_graph import OptimizedModel
from analyzer.runtime.ort.shared_initializers import (
    Borrowed,
    BorrowedSession,
    borrowing_session,
    hollow,
    lend,
)
from analyzer.runtime.weights.memory import build_arena, map_arena
from analyzer.runtime.weights.open_weights import OpenedLayout

Rewrite = Callable[[onnx.ModelProto], onnx.ModelProto]
"""Another form of the optimized graph that computes the same values, bit for bit."""

OpenSession = Callable[[onnx.ModelProto, Borrowed], Runs]
"""Opens the session of a whole graph on live weights."""


def live_session(optimized: OptimizedModel, buffers: dict[str, Values]) -> BorrowedSession:
    """A session of the optimized graph that reads ``buffers`` at every run.

    Args:
        optimized: the optimized model.
        buffers: contents of its initializers, by name.
    """
    return borrowing_session(hollow(optimized, buffers), lend(buffers))


class HostWeights:
    """The `WeightBackend` of the host."""

    device = CPU

    def __init__(
        self,
        rewrite: Rewrite = lambda shell: shell,
        open_session: OpenSession = borrowing_session,
        open_live: OpenLive = live_session,
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
        return only_read(layout, sample, self._open_live)

    def open(self, layout: Layout) -> OpenedLayout:
        """As in `WeightBackend`."""
        layout = layout.filed()
        arena = map_arena(layout.file) if layout.file else build_arena(layout.slots)
        lent = lend(arena.views)
        plain = hollow(layout.optimized, lent)
        shell = self._rewrite(plain)
        self.rewritten = shell is not plain
        return OpenedLayout(layout, arena, shell, lent, self._open(shell, lent), threaded=True)
