"""Live weights: the model is optimized once, its weights are mutated where the session reads them.

Session creation, optimization and serialization happen once. A trial changes a few bytes of the
buffers that ONNX Runtime reads, runs, and puts the golden bytes back. Where golden values at cuts
of the graph are kept, it runs only what the change can reach.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property

import numpy as np

from analyzer.bits import Values
from analyzer.faults import FaultPattern
from analyzer.model import Model
from analyzer.runtime.arena import (
    AddressBook,
    Reach,
    build_arena,
    map_arena,
    restore,
    write_upsets,
)
from analyzer.runtime.blocked import keep_blocked
from analyzer.runtime.borrowed import Borrowed, BorrowedSession, borrowing_session, hollow, lend
from analyzer.runtime.detours import Detour, Detours
from analyzer.runtime.devices import CPU, Device
from analyzer.runtime.executor import Run, golden_proto, golden_values
from analyzer.runtime.injections import Converter, DetourInjection, Injection, Write
from analyzer.runtime.layout import Layout, find_layout
from analyzer.runtime.liveness import Runs
from analyzer.runtime.optimized import OptimizedModel, optimize
from analyzer.runtime.packed_pieces import Packable
from analyzer.runtime.packed_weights import PackedWeights
from analyzer.runtime.parts import Link
from analyzer.runtime.pieces import LiveWeights
from analyzer.runtime.proving import Ground, find_detours
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
from analyzer.runtime.session import Failure, Feeds, Result, loading, run_session
from analyzer.runtime.variants import Fixed
from analyzer.space import FaultSpace, Indices


class LiveExecutor:
    """Runs fault patterns by mutating the weights of one session in place."""

    device: Device = CPU
    _packed: PackedWeights | None = None

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
    def _detours(self) -> Detours | None:
        return self._find_detours()

    def _find_detours(self) -> Detours | None:
        """The stretches that can be loaded by themselves; the weights must be golden."""
        reloaded = np.flatnonzero(self._book.reach == Reach.RELOAD)
        fixed = self._fixed()
        at = Ground(self._space, self._shell, self._lent, self.segments, fixed)
        return find_detours(at, self._oracle, reloaded, self._sample)

    def _fixed(self) -> Fixed:
        """The live weights that are as the file has them."""
        found = {}
        for index in np.flatnonzero(self._book.reach == Reach.DIRECT).tolist():
            tensor = self._space.tensors[index]
            place = self.layout.places[tensor.name][0]
            if place.slot == tensor.name and place.positions is None:
                found[tensor.name] = self._arena.views[tensor.name]
        return Fixed({name: self._lent[name] for name in found}, found)

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
            return self._injection(pattern, tensors, bits, Reach.DIRECT)
        reach = self._book.reach[tensors]
        worst = Reach(int(reach.max(initial=Reach.DIRECT)))
        if worst is not Reach.RELOAD:
            direct = reach == Reach.DIRECT
            return self._injection(pattern, tensors[direct], bits[direct], worst)
        self.reloads += 1
        return self._around(pattern) or self._oracle.inject(pattern)

    def _injection(
        self, pattern: FaultPattern, tensors: Indices, bits: Indices, worst: Reach
    ) -> Injection:
        """``pattern`` as a change of weights: ``bits`` of ``tensors``, and what is converted."""
        start = self.start_of(tensors)
        addresses, masks = self._book.addresses(tensors, bits)
        converted = self._converted(pattern) if worst is Reach.CONVERTED else []
        return Injection(self, pattern.fault.kind, start, addresses, masks, converted)

    def _around(self, pattern: FaultPattern) -> AbstractContextManager[Run] | None:
        """``pattern`` with some stretches loaded anew; None: the whole model must be."""
        if self._detours is None:
            return None
        tensors, bits = self._space.bits_hit(pattern)
        reach = self._book.reach[tensors]
        direct = reach == Reach.DIRECT
        again = np.unique(tensors[reach == Reach.RELOAD]).tolist()
        others = tensors[reach != Reach.RELOAD]
        worst = Reach(int(reach[reach != Reach.RELOAD].max(initial=Reach.DIRECT)))
        first = int(self._first[others].min(initial=len(self._shell.graph.node)))
        last = int(self._last[others].max(initial=-1))
        detour = self._detours.detour(pattern, again, first, last)
        if detour is None:
            return None
        live = self._injection(pattern, tensors[direct], bits[direct], worst)
        return DetourInjection(self, live, detour)

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
            self._know(injection, feeds)
        return self.run_from(injection.start, feeds)

    def _know(self, injection: Injection, feeds: Feeds) -> None:
        """Take golden values of ``feeds``, if they are not known, while ``injection`` is off."""
        if not self.knows(feeds):
            self.put_back(injection)
            try:
                self.run(feeds)
            finally:
                self.write(injection)

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

    def load(self, detour: Detour) -> list[Link] | None:
        """The stretches of ``detour`` with their faulty contents; None: they cannot be loaded."""
        assert self._detours is not None
        try:
            return self._detours.load(detour)
        except Exception:  # ONNX Runtime's exceptions share no narrower base class
            return None

    def leave(self) -> None:
        """Put golden contents back where `load` put faulty ones.

        Raises:
            NotRestored: they did not arrive.
        """
        assert self._detours is not None
        self._detours.leave()

    def run_around(
        self, injection: DetourInjection, loaded: Sequence[Link] | None, feeds: Feeds
    ) -> Result:
        """Run under ``injection``, which is in force; what fails is left to the oracle."""
        assert self._detours is not None
        if loaded is not None:
            self._know(injection.live, feeds)
            golden = self.segments.known(feeds) if self.segments else None
            values = golden.values if golden else feeds
            found = self._detours.run(injection.detour, loaded, values, golden)
            if not isinstance(found, Failure):
                return found
        with self._oracle.inject(injection.detour.pattern) as run:
            return run(feeds)

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
        if self._packed:
            self._packed.restore()

    def _converted(self, pattern: FaultPattern) -> list[Write]:
        """Mutations of tensors that the optimized graph holds in another form than the file."""
        converter = Converter(self._space, self._values, self.layout.places)
        return converter.all_writes(pattern, self._book.reach == Reach.CONVERTED)

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
        if "_detours" in self.__dict__ and self._detours:
            self._detours.contents.check()


def few(sample: Feeds, model: Model) -> Feeds:
    """The first example of ``sample`` alone, if the model takes any number of them."""
    first = {i.name: i.type.tensor_type.shape.dim[:1] for i in model.proto.graph.input}
    if any(d.dim_value for dims in first.values() for d in dims):
        return sample
    return {name: array[:1].copy() for name, array in sample.items()}


def live_session(optimized: OptimizedModel, buffers: dict[str, Values]) -> BorrowedSession:
    """A session of the optimized graph that reads ``buffers`` at every run."""
    return borrowing_session(hollow(optimized, buffers), lend(buffers))
