"""Live weights: the model is optimized once, its weights are mutated where the session reads them.

Session creation, optimization and serialization happen once. A trial changes a few bytes of the
buffers that ONNX Runtime reads, runs, and puts the golden bytes back. Where golden values at cuts
of the graph are kept, it runs only what the change can reach.
"""

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property

import numpy as np

from analyzer.answers import Feeds, Result
from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace, Indices, Target
from analyzer.model import Model
from analyzer.runtime.executor import Run, few
from analyzer.runtime.layout.layout import Layout, find_layout
from analyzer.runtime.layout.read_every_run import Runs
from analyzer.runtime.layout.restrict import all_reloaded, only_read
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.golden_file import golden_file
from analyzer.runtime.ort.golden_model import golden_values
from analyzer.runtime.ort.optimized_graph import OptimizedModel, optimize
from analyzer.runtime.ort.session import loading, run_session
from analyzer.runtime.ort.shared_initializers import (
    Borrowed,
    BorrowedSession,
    LiveWeights,
    borrowing_session,
    hollow,
    lend,
)
from analyzer.runtime.partial.execution import find_segments
from analyzer.runtime.partial.golden_cache import NO_CACHE, Cache
from analyzer.runtime.prepacked_weights.copies import PackedWeights
from analyzer.runtime.prepacked_weights.strategy import Packable
from analyzer.runtime.recompile.route import LOADS_BEFORE_ROUTE, Bypass, DetourInjection
from analyzer.runtime.recompile.validation import Ground, find_detours
from analyzer.runtime.speculative_bounds.nchwc_layout import keep_blocked
from analyzer.runtime.stretches.golden_run import WHOLE, GoldenRun, Start
from analyzer.runtime.weights.address_book import AddressBook, Reach
from analyzer.runtime.weights.cow_pages import PrivatePages
from analyzer.runtime.weights.fixed import fixed_weights
from analyzer.runtime.weights.injection import Converter, Injection
from analyzer.runtime.weights.memory import build_arena, map_arena, restore, write_upsets
from analyzer.runtime.weights.reading_nodes import Readers, find_readers


class LiveExecutor:
    """Runs fault patterns by mutating the weights of one session in place."""

    device: Device = CPU
    patience: int = LOADS_BEFORE_ROUTE
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
            UnsupportedTarget: the space has bits that are not stored in the model.
        """
        space.check_served({Target.STORED}, "live weights")
        self._model, self._space = model, space
        self._sample = few(sample, model)
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
        content = golden_file(self._model, self._values)
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
    def _bypass(self) -> Bypass | None:
        """How patterns that reload tensors run, if not as a whole; the weights must be golden."""
        fixed = fixed_weights(self._space, self._book, self.layout, self._arena, self._lent)
        at = Ground(self._space, self._shell, self._lent, self.segments, fixed)
        reloaded = np.flatnonzero(self._book.reach == Reach.RELOAD)
        detours = find_detours(at, self._oracle, reloaded, self._sample)
        reads = self._first, self._last
        return Bypass(detours, self._oracle, self._book.reach, reads) if detours else None

    @cached_property
    def _oracle(self) -> RewriteExecutor:
        return RewriteExecutor(self._model, self._space, self.device)

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``; no pattern may be in force."""
        return self.segments.golden(feeds) if self.segments else self._session.run(feeds)

    def inject(self, pattern: FaultPattern) -> AbstractContextManager[Run]:
        """Within the context, runs happen under ``pattern``; leaving it restores golden.

        What can be computed beforehand is computed by this call, so that several injections can
        be prepared at once and entered one by one. Leaving the context raises `NotRestored` if a
        touched weight is not golden.
        """
        tensors, bits = self._space.bits_hit(pattern)
        if self._book.worst is Reach.DIRECT:
            start = self.start_of(tensors)
            addresses, masks = self._book.addresses(tensors, bits)
            return Injection(self, pattern.fault.kind, start, addresses, masks, [])
        reach = self._book.reach[tensors]
        if not np.any(reach == Reach.RELOAD):
            return self._injection(pattern, tensors, bits, self.start_of(tensors))
        self.reloads += 1
        if self.reloads > self.patience and self._bypass is not None:
            detour = self._bypass.detour(pattern, tensors)
            if detour is not None:
                live = self._injection(pattern, tensors, bits, WHOLE)
                return DetourInjection(self, live, self._bypass, detour)
        return self._oracle.inject(pattern)

    def _injection(
        self, pattern: FaultPattern, tensors: Indices, bits: Indices, start: Start
    ) -> Injection:
        """``pattern`` as a change of live weights, which are not all that it hits."""
        reach = self._book.reach[tensors]
        direct = reach == Reach.DIRECT
        addresses, masks = self._book.addresses(tensors[direct], bits[direct])
        converted = []
        if np.any(reach == Reach.CONVERTED):
            converter = Converter(self._space, self._values, self.layout.places)
            converted = converter.all_writes(pattern, self._book.reach == Reach.CONVERTED)
        return Injection(self, pattern.fault.kind, start, addresses, masks, converted)

    def start_of(self, tensors: Indices) -> Start:
        """Where a run begins whose faults are in ``tensors``."""
        if self.segments is None or not len(tensors):
            return WHOLE
        first, last = int(self._first[tensors].min()), int(self._last[tensors].max())
        return self.segments.start(first, last)

    def run_under(self, injection: Injection, feeds: Feeds) -> Result:
        """Run under ``injection``, which is in force.

        Golden values that it can begin from, and that are not known yet, are taken first: after
        that it is a short run.
        """
        if injection.start is not WHOLE:
            self.golden_under(injection, feeds)
        return self.run_from(injection.start, feeds)

    def golden_under(self, injection: Injection, feeds: Feeds) -> GoldenRun | None:
        """The golden run of ``feeds``, if any are kept, while ``injection`` is in force.

        If it is not known yet, golden weights are put back for as long as it takes.
        """
        if not self.knows(feeds):
            self.put_back(injection)
            try:
                self.run(feeds)
            finally:
                self.write(injection)
        return self.segments.known(feeds) if self.segments else None

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

    def write(self, injection: Injection) -> None:
        """Put the faulty bits of ``injection`` into the live weights."""
        write_upsets(self._arena.live, injection.kind, injection.addresses, injection.masks)
        for write in injection.converted:
            write.put(self._arena)
        if self._packed:
            self._packed.follow(injection.touched(self._arena))

    def restore(self, injection: Injection) -> None:
        """Put golden back where ``injection`` wrote.

        Raises:
            NotRestored: a touched weight is not golden.
        """
        self.put_back(injection)

    def put_back(self, injection: Injection) -> None:
        """Put golden back where ``injection`` wrote, and nothing else.

        Raises:
            NotRestored: a touched weight is not golden.
        """
        restore(self._arena, injection.addresses)
        for write in injection.converted:
            write.put_back(self._arena, self.layout.optimized.slots)
        if self._private is not None:
            written = sum(len(write.positions) for write in injection.converted)
            self._private.wrote(len(injection.addresses) + written)
        if self._packed:
            self._packed.restore()

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
        if "_bypass" in self.__dict__ and self._bypass:
            self._bypass.check()
        if self._private is not None:
            self._private.look()


def live_session(optimized: OptimizedModel, buffers: dict[str, Values]) -> BorrowedSession:
    """A session of the optimized graph that reads ``buffers`` at every run."""
    return borrowing_session(hollow(optimized, buffers), lend(buffers))
