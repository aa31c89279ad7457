"""Live weights: the model is optimized once, its weights are mutated where the session reads them.

Session creation, optimization and serialization happen once. A trial changes a few bytes of the
buffers that ONNX Runtime reads, runs, and puts the golden bytes back. Where golden values at cuts
of the graph are kept, it runs only what the change can reach.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from analyzer.bits import Values
from analyzer.errors import NotRestored
from analyzer.faults import FaultKind, FaultPattern
from analyzer.model import Model
from analyzer.runtime.arena import AddressBook, Reach, build_arena, restore, write_upsets
from analyzer.runtime.blocked import keep_blocked
from analyzer.runtime.borrowed import Borrowed, BorrowedSession, borrowing_session, hollow, lend
from analyzer.runtime.converted import Write, flat, touched_bytes, writes_of
from analyzer.runtime.executor import Run, golden_proto, golden_values
from analyzer.runtime.layout import Layout, Route, find_layout
from analyzer.runtime.liveness import unread_slots
from analyzer.runtime.optimized import OptimizedModel
from analyzer.runtime.packed_pieces import Packable
from analyzer.runtime.pieces import LiveWeights
from analyzer.runtime.readers import Readers, find_readers
from analyzer.runtime.rewrite import RewriteExecutor
from analyzer.runtime.segments import (
    NO_CACHE,
    WHOLE,
    Cache,
    Start,
    find_segments,
)
from analyzer.runtime.session import Feeds, Result, open_session, run_session, session_options
from analyzer.space import FaultSpace, Indices


class LiveExecutor:
    """Runs fault patterns by mutating the weights of one session in place."""

    def __init__(
        self,
        model: Model,
        space: FaultSpace,
        sample: Feeds,
        cache: Cache = NO_CACHE,
        layout: Layout | None = None,
    ) -> None:
        """Optimize, probe the layout, and open the live session.

        Args:
            model: the model.
            space: its bits at risk.
            sample: one batch; used to check that ONNX Runtime reads every buffer at each run.
            cache: what golden values at cuts of the graph may take. Arrays that are fed must not
                change afterwards: the same arrays are taken to give the same golden values.
            layout: what another executor of this machine found out about this very model and
                space; None: find out.

        Raises:
            UnsupportedModel: ONNX Runtime cannot load the model.
        """
        self._model, self._space = model, space
        self.reloads = 0
        if layout is None:
            self._find_layout(sample)
        else:
            self._open(layout)
        self._find_segments(sample, cache)

    @cached_property
    def _values(self) -> dict[str, Values]:
        return golden_values(self._model, self._space)

    def _find_layout(self, sample: Feeds) -> None:
        proto = golden_proto(self._model, self._values)
        plain = open_session(proto, session_options())
        exposed = [
            replace(t, values=self._values[t.name])
            for t in self._model.inventory.at_risk
            if t.name in self._values
        ]
        layout = _only_read(find_layout(proto, exposed), sample)
        self._open(layout)
        if not self._session.run(sample).same_as(run_session(plain, sample)):
            self._open(_all_reloaded(layout))

    def _open(self, layout: Layout) -> None:
        self.layout = layout
        slots = {p.slot for places in layout.places.values() for p in places}
        golden = layout.optimized.slots
        self._arena = build_arena({name: golden[name] for name in sorted(slots)})
        self._book = AddressBook(self._space, layout, self._arena)
        self._lent = lend(self._arena.views)
        self._shell = keep_blocked(hollow(layout.optimized, self._lent))
        self._session = borrowing_session(self._shell, self._lent)

    def _find_segments(self, sample: Feeds, cache: Cache) -> None:
        self._first, self._last = find_readers(self._shell.graph, self._space, self.layout)
        direct = np.flatnonzero(self._last >= 0)
        bits = np.array([t.bits for t in self._space.tensors], np.int64)
        readers = Readers(self._first[direct], self._last[direct], bits[direct])
        weights = LiveWeights(self._lent, self._arena.views)
        packable = Packable(self._arena, self.layout.optimized.slots)
        self.segments = find_segments(self._shell, weights, readers, sample, cache, packable)
        self._packed = (
            self.segments.packed.weights if self.segments and self.segments.packed else None
        )
        self._missed: list[Feeds] = []

    @property
    def lent(self) -> Borrowed:
        """The live weights by the name of their initializer in `layout.optimized`.

        Sessions of parts of that graph that read them run under the pattern in force.
        """
        return self._lent

    @cached_property
    def _oracle(self) -> RewriteExecutor:
        return RewriteExecutor(self._model, self._space)

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``; no pattern may be in force."""
        return self.segments.golden(feeds) if self.segments else self._session.run(feeds)

    def inject(self, pattern: FaultPattern) -> AbstractContextManager[Run]:
        """Within the context, runs happen under ``pattern``; leaving it restores golden.

        Everything that can be computed beforehand is computed by this call, so that several
        injections can be prepared at once and entered one by one. Leaving the context raises
        `NotRestored` if a touched weight is not golden.
        """
        tensors, bits = self._space.bits_hit(pattern)
        start = self.start_of(tensors)
        worst = Reach.DIRECT
        if self._book.worst is not Reach.DIRECT:
            reach = self._book.reach[tensors]
            worst = Reach(int(reach.max(initial=Reach.DIRECT)))
        if worst is Reach.RELOAD:
            self.reloads += 1
            return self._oracle.inject(pattern)
        if worst is not Reach.DIRECT:
            tensors, bits = tensors[reach == Reach.DIRECT], bits[reach == Reach.DIRECT]
        addresses, masks = self._book.addresses(tensors, bits)
        converted = self._converted(pattern) if worst is Reach.CONVERTED else []
        return _Injection(self, pattern.fault.kind, start, addresses, masks, converted)

    def start_of(self, tensors: Indices) -> Start:
        """Where a run begins whose faults are in ``tensors``."""
        if self.segments is None or not len(tensors):
            return WHOLE
        first, last = int(self._first[tensors].min()), int(self._last[tensors].max())
        return self.segments.start(first, last)

    def run_from(self, start: Start, feeds: Feeds) -> Result:
        """Run under the pattern in force, whose faults are not read before ``start``."""
        if self.segments is None:
            return self._session.run(feeds)
        if start is not WHOLE:
            golden = self.segments.known(feeds)
            if golden is not None:
                return self.segments.run(start, golden)
            self._missed.append(feeds)
        found = self.segments.run_whole(feeds)
        return self._session.run(feeds) if found is None else found

    def write(self, injection: "_Injection") -> None:
        """Put the faulty bits of ``injection`` into the live weights."""
        write_upsets(self._arena.live, injection.kind, injection.addresses, injection.masks)
        for write in injection.converted:
            flat(self._arena.views[write.slot])[write.positions] = write.values
        if self._packed:
            touched = touched_bytes(injection.addresses, injection.converted, self._arena)
            self._packed.follow(touched)

    def restore(self, injection: "_Injection") -> None:
        """Put golden back where ``injection`` wrote.

        Raises:
            NotRestored: a touched weight is not golden.
        """
        restore(self._arena, injection.addresses)
        self._restore_values(injection.converted)
        if self._packed:
            self._packed.restore()
        while self._missed:  # now that weights are golden again
            self.run(self._missed.pop())

    def _converted(self, pattern: FaultPattern) -> list[Write]:
        """Mutations of tensors that the optimized graph holds in another form than the file."""
        hits = [
            hit
            for hit in self._space.masks(pattern)
            if self._book.reach[hit.tensor] == Reach.CONVERTED
        ]
        sites = self._space.tensors
        return [
            write
            for hit in hits
            for write in writes_of(
                self._values[sites[hit.tensor].name],
                sites[hit.tensor],
                hit,
                pattern.fault,
                self.layout.places[sites[hit.tensor].name],
            )
        ]

    def _restore_values(self, writes: list[Write]) -> None:
        for write in writes:
            clean = flat(self.layout.optimized.slots[write.slot])[write.positions]
            live = flat(self._arena.views[write.slot])
            live[write.positions] = clean
            if live[write.positions].tobytes() != clean.tobytes():
                raise NotRestored(f"weights in {write.slot!r} differ from golden after a trial")

    def release(self) -> None:
        """Give back all memory that runs need; what was found out about the layout stays.

        For a process that has others run its trials. Nothing can be run afterwards.
        """
        layout = self.layout
        self.__dict__.clear()
        self.layout = layout

    def check_golden(self) -> None:
        """Compare every live weight with golden, bit for bit.

        Raises:
            NotRestored: one differs.
        """
        self._arena.check()
        if self._packed:
            self._packed.check()


@dataclass(frozen=True, slots=True)
class _Injection:
    """One pattern, resolved to bytes of the live weights: written on entry, undone on exit."""

    executor: LiveExecutor
    kind: FaultKind
    start: Start
    addresses: Indices
    masks: npt.NDArray[np.uint8]
    converted: list[Write]

    def __enter__(self) -> Run:
        self.executor.write(self)
        return partial(self.executor.run_from, self.start)

    def __exit__(self, *_: object) -> None:
        self.executor.restore(self)


def live_session(optimized: OptimizedModel, buffers: dict[str, Values]) -> BorrowedSession:
    """A session of the optimized graph that reads ``buffers`` at every run."""
    return borrowing_session(hollow(optimized, buffers), lend(buffers))


def _all_reloaded(layout: Layout) -> Layout:
    """Without the very answers of the loaded file, nothing is faulted in place."""
    names = list(layout.routes)
    reason = "the live session's golden answer differs from that of the loaded file"
    return Layout(
        layout.optimized, dict.fromkeys(names, Route.RELOAD), dict.fromkeys(names, reason), {}
    )


def _only_read(layout: Layout, sample: Feeds) -> Layout:
    """Send tensors through a reload where ONNX Runtime does not read the buffer at each run."""
    slots = {p.slot for places in layout.places.values() for p in places}
    unread = unread_slots(layout.optimized, slots, sample, live_session)
    if not unread:
        return layout
    routes, reasons = dict(layout.routes), dict(layout.reasons)
    places = dict(layout.places)
    for name, found in layout.places.items():
        hidden = [p.slot for p in found if p.slot in unread]
        if hidden:
            routes[name], reasons[name] = Route.RELOAD, unread[hidden[0]]
            del places[name]
    return Layout(layout.optimized, routes, reasons, places)
