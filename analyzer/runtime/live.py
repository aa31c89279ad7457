"""Live weights: the model is optimized once, its weights are mutated where the session reads them.

Session creation, optimization and serialization happen once. A trial changes a few bytes of the
buffers that ONNX Runtime reads, runs, and puts the golden bytes back. Where golden values at cuts
of the graph are kept, it runs only what the change can reach.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.bits import Values
from analyzer.errors import NotRestored
from analyzer.faults import FaultKind, FaultModel, FaultPattern
from analyzer.model import Model
from analyzer.runtime.arena import (
    AddressBook,
    Arena,
    Reach,
    build_arena,
    map_arena,
    restore,
    write_upsets,
)
from analyzer.runtime.blocked import keep_blocked
from analyzer.runtime.borrowed import Borrowed, BorrowedSession, borrowing_session, hollow, lend
from analyzer.runtime.decode import Place
from analyzer.runtime.devices import CPU, Device
from analyzer.runtime.executor import Run, golden_proto, golden_values
from analyzer.runtime.layout import Layout, find_layout
from analyzer.runtime.liveness import Runs
from analyzer.runtime.optimized import OptimizedModel, optimize
from analyzer.runtime.packed_pieces import Packable
from analyzer.runtime.packed_weights import PackedWeights
from analyzer.runtime.pieces import LiveWeights
from analyzer.runtime.private_pages import PrivatePages
from analyzer.runtime.readers import Readers, find_readers
from analyzer.runtime.rewrite import RewriteExecutor
from analyzer.runtime.routes import all_reloaded, only_read
from analyzer.runtime.segments import (
    NO_CACHE,
    WHOLE,
    Cache,
    Start,
    find_segments,
)
from analyzer.runtime.session import Feeds, Result, loading, run_session
from analyzer.space import ElementMasks, FaultSpace, Indices, TensorSite


@dataclass(frozen=True, slots=True)
class Write:
    """A mutation of one buffer: which flat positions get which values."""

    slot: str
    positions: npt.NDArray[Any]
    values: Values


class LiveExecutor:
    """Runs fault patterns by mutating the weights of one session in place."""

    device: Device = CPU
    _packed: PackedWeights | None = None
    _private: PrivatePages | None = None

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
        golden, plain = self._load(sample)
        at_risk, values = self._model.inventory.at_risk, self._values
        exposed = [replace(t, values=values[t.name]) for t in at_risk if t.name in values]
        others = [t for t in at_risk if t.name not in values]
        layout = find_layout(self._model.proto, exposed, golden, others, self.device)
        layout = self._proven(layout, sample, plain)
        self._open(layout)
        if not self._session.run(sample).same_as(plain):
            self._open(all_reloaded(layout))

    def _proven(self, layout: Layout, sample: Feeds, golden: Result) -> Layout:
        """``layout``, with a reload for tensors whose mutation a run would not see."""
        return only_read(layout, sample, live_session)

    def _load(self, sample: Feeds) -> tuple[OptimizedModel, Result]:
        """What ONNX Runtime makes of the golden file, and what that answers."""
        content = golden_proto(self._model, self._values).SerializeToString()
        answers: list[Result] = []
        with loading():
            golden = optimize(
                content, self.device, use=lambda s: answers.append(run_session(s, sample))
            )
        return golden, answers[0]

    def _open(self, layout: Layout) -> None:
        layout = self.layout = layout.filed()
        self._arena = map_arena(layout.file) if layout.file else build_arena(layout.slots)
        self._private = PrivatePages(self._arena.live)
        self._book = AddressBook(self._space, layout, self._arena)
        self._lent = lend(self._arena.views)
        self._shell = keep_blocked(hollow(layout.optimized, self._lent))
        self._session: Runs = borrowing_session(self._shell, self._lent)

    def _find_segments(self, sample: Feeds, cache: Cache) -> None:
        self._first, self._last = find_readers(self._shell.graph, self._space, self.layout)
        direct = np.flatnonzero(self._last >= 0)
        bits = np.array([t.bits for t in self._space.tensors], np.int64)
        readers = Readers(self._first[direct], self._last[direct], bits[direct])
        weights = LiveWeights(self._lent, self._arena.views)
        packable = Packable(self._arena, self.layout.optimized.slots)
        self.segments = find_segments(self._shell, weights, readers, sample, cache, packable)
        pieces = self.segments.packed if self.segments else None
        self._packed = pieces.weights if pieces else None

    @property
    def lent(self) -> Borrowed:
        """The live weights by the name of their initializer in `layout.optimized`.

        Sessions of parts of that graph that read them run under the pattern in force.
        """
        return self._lent

    @cached_property
    def _oracle(self) -> RewriteExecutor:
        return RewriteExecutor(self._model, self._space, self.device)

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
        return Injection(self, pattern.fault.kind, start, addresses, masks, converted)

    def start_of(self, tensors: Indices) -> Start:
        """Where a run begins whose faults are in ``tensors``."""
        if self.segments is None or not len(tensors):
            return WHOLE
        first, last = int(self._first[tensors].min()), int(self._last[tensors].max())
        return self.segments.start(first, last)

    def run_under(self, injection: "Injection", feeds: Feeds) -> Result:
        """Run under ``injection``, which is in force.

        Golden values that it can begin from, and that are not known yet, are taken first: after
        that it is a short run.
        """
        if injection.start is not WHOLE and not self.knows(feeds):
            self.put_back(injection)
            try:
                self.run(feeds)
            finally:
                self.write(injection)
        return self.run_from(injection.start, feeds)

    @property
    def threaded(self) -> bool:
        """Whether several threads may run without faults at the same time: nothing is kept."""
        return self.segments is None

    def knows(self, feeds: Feeds) -> bool:
        """Whether golden values of ``feeds`` are kept, or none ever are."""
        return self.segments is None or self.segments.known(feeds) is not None

    def run_from(self, start: Start, feeds: Feeds) -> Result:
        """Run under the pattern in force, whose faults are not read before ``start``."""
        if self.segments is None:
            return self._session.run(feeds)
        golden = None if start is WHOLE else self.segments.known(feeds)
        if golden is not None:
            return self.segments.run(start, golden)
        found = self.segments.run_whole(feeds)
        return self._session.run(feeds) if found is None else found

    def write(self, injection: "Injection") -> None:
        """Put the faulty bits of ``injection`` into the live weights."""
        write_upsets(self._arena.live, injection.kind, injection.addresses, injection.masks)
        for write in injection.converted:
            _flat(self._arena.views[write.slot])[write.positions] = write.values
        if self._packed:
            self._packed.follow(_touched(injection, self._arena))

    def restore(self, injection: "Injection") -> None:
        """Put golden back where ``injection`` wrote.

        Raises:
            NotRestored: a touched weight is not golden.
        """
        self.put_back(injection)

    def put_back(self, injection: "Injection") -> None:
        """Put golden back where ``injection`` wrote, and nothing else.

        Raises:
            NotRestored: a touched weight is not golden.
        """
        restore(self._arena, injection.addresses)
        self._restore_values(injection.converted)
        if self._private is not None:
            written = sum(len(write.positions) for write in injection.converted)
            self._private.wrote(len(injection.addresses) + written)
        if self._packed:
            self._packed.restore()

    def _converted(self, pattern: FaultPattern) -> list[Write]:
        """Mutations of tensors that the optimized graph holds in another form than the file."""
        return [
            write
            for hit in self._space.masks(pattern)
            if self._book.reach[hit.tensor] == Reach.CONVERTED
            for write in self._writes(hit, pattern.fault)
        ]

    def _writes(self, hit: ElementMasks, fault: FaultModel) -> Iterator[Write]:
        site = self._space.tensors[hit.tensor]
        values = self._faulty_values(site, hit, fault)
        for place in self.layout.places[site.name]:
            positions, present = _positions(place, hit.elements)
            moved = place.conversion(values if present is None else values[present])
            yield Write(place.slot, positions, moved)

    def _faulty_values(self, site: TensorSite, hit: ElementMasks, fault: FaultModel) -> Values:
        golden = _flat(self._values[site.name])[hit.elements]
        codes = site.codec.encode(golden)
        return site.codec.decode(fault.apply(codes, hit.codes(codes.dtype)))

    def _restore_values(self, writes: list[Write]) -> None:
        for write in writes:
            clean = _flat(self.layout.optimized.slots[write.slot])[write.positions]
            live = _flat(self._arena.views[write.slot])
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
        if self._private is not None:
            self._private.look()


@dataclass(frozen=True, slots=True)
class Injection:
    """One pattern, resolved to bytes of the live weights: written on entry, undone on exit."""

    executor: LiveExecutor
    kind: FaultKind
    start: Start
    addresses: Indices
    masks: npt.NDArray[np.uint8]
    converted: list[Write]

    def __enter__(self) -> Run:
        self.executor.write(self)
        return partial(self.executor.run_under, self)

    def __exit__(self, *_: object) -> None:
        self.executor.restore(self)


def live_session(optimized: OptimizedModel, buffers: dict[str, Values]) -> BorrowedSession:
    """A session of the optimized graph that reads ``buffers`` at every run."""
    return borrowing_session(hollow(optimized, buffers), lend(buffers))


def _positions(
    place: Place, elements: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Flat positions of ``elements``, and which of them are present (None: all)."""
    if place.positions is None:
        return elements, None
    positions = place.positions.at(elements)
    present = positions >= 0
    if present.all():
        return positions, None
    return positions[present], present


def _flat(values: Values) -> Values:
    return values.reshape(-1)


def _touched(injection: Injection, live: Arena) -> Indices:
    """The bytes of the arena that ``injection`` changes."""
    parts = [injection.addresses]
    for write in injection.converted:
        size = live.views[write.slot].itemsize
        first = live.starts[write.slot] + write.positions.astype(np.int64) * size
        parts.append((first[:, None] + np.arange(size)).reshape(-1))
    return np.concatenate(parts) if injection.converted else injection.addresses
