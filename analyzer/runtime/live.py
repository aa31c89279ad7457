"""Live weights: the model is optimized once, its weights are mutated where the session reads them.

Session creation, optimization and serialization happen once. A trial XORs a few elements of the
buffers that ONNX Runtime reads (`OrtValue`s given by ``add_initializer``), runs, and puts the
golden elements back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from analyzer.bits import Values
from analyzer.errors import NotRestored
from analyzer.faults import FaultModel, FaultPattern
from analyzer.model import Model
from analyzer.runtime.executor import Run, golden_proto, golden_values
from analyzer.runtime.layout import Layout, Place, Route, find_layout
from analyzer.runtime.liveness import unread_slots
from analyzer.runtime.optimized import OptimizedModel
from analyzer.runtime.rewrite import RewriteExecutor
from analyzer.runtime.session import (
    Feeds,
    Result,
    new_session,
    open_session,
    run_session,
    session_options,
)
from analyzer.space import ElementMasks, FaultSpace, TensorSite


@dataclass(frozen=True, slots=True)
class Write:
    """One mutation of one buffer: which flat positions get which values."""

    slot: str
    positions: npt.NDArray[Any]
    values: Values


class LiveExecutor:
    """Runs fault patterns by mutating the weights of one session in place."""

    def __init__(self, model: Model, space: FaultSpace, sample: Feeds) -> None:
        """Optimize, probe the layout, and open the live session.

        Args:
            model: the model.
            space: its bits at risk.
            sample: one batch; used to check that ONNX Runtime reads every buffer at each run.

        Raises:
            UnsupportedModel: ONNX Runtime cannot load the model.
        """
        self._space = space
        self._golden = golden_values(model, space)
        proto = golden_proto(model, self._golden)
        plain = open_session(proto, session_options())
        exposed = [t for t in model.inventory.at_risk if t.name in self._golden]
        risky = [type(t)(t.name, t.kind, t.element, self._golden[t.name]) for t in exposed]
        self.layout = _only_read(find_layout(proto, risky), sample)
        slots = {p.slot for places in self.layout.places.values() for p in places}
        golden = self.layout.optimized.slots
        self._clean = {name: golden[name] for name in sorted(slots)}
        self._buffers = {name: v.copy() for name, v in self._clean.items()}
        self._session = live_session(self.layout.optimized, self._buffers)
        self._load_oracle = lambda: RewriteExecutor(model, space)
        self.reloads = 0
        self._answers_differ = False
        self._trust_only_if_equal(run_session(plain, sample), sample)

    @cached_property
    def _oracle(self) -> RewriteExecutor:
        return self._load_oracle()

    def _trust_only_if_equal(self, expected: Result, sample: Feeds) -> None:
        """Without the very answers of the loaded file, nothing is faulted in place."""
        if self._session.run(sample).same_as(expected):
            return
        names = list(self.layout.routes)
        reason = "the live session's golden answer differs from that of the loaded file"
        self.layout = Layout(
            self.layout.optimized,
            dict.fromkeys(names, Route.RELOAD),
            dict.fromkeys(names, reason),
            {},
        )
        self._answers_differ = True

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``."""
        return self._oracle.run(feeds) if self._answers_differ else self._session.run(feeds)

    @contextmanager
    def inject(self, pattern: FaultPattern) -> Iterator[Run]:
        """Within the context, runs happen under ``pattern``.

        Raises:
            NotRestored: afterwards a touched weight is not golden.
        """
        hits = list(self._space.masks(pattern))
        if any(self._route(hit) is Route.RELOAD for hit in hits):
            self.reloads += 1
            with self._oracle.inject(pattern) as run:
                yield run
            return
        writes = [w for hit in hits for w in self._writes(hit, pattern.fault)]
        for write in writes:
            _flat(self._buffers[write.slot])[write.positions] = write.values
        try:
            yield self.run
        finally:
            self._restore(writes)

    def _route(self, hit: ElementMasks) -> Route:
        return self.layout.routes[self._space.tensors[hit.tensor].name]

    def _writes(self, hit: ElementMasks, fault: FaultModel) -> Iterator[Write]:
        site = self._space.tensors[hit.tensor]
        places = self.layout.places.get(site.name, ())
        if not places:
            return
        values = self._faulty_values(site, hit, fault)
        for place in places:
            positions, present = _positions(place, hit.elements)
            moved = place.conversion(values if present is None else values[present])
            yield Write(place.slot, positions, moved)

    def _faulty_values(self, site: TensorSite, hit: ElementMasks, fault: FaultModel) -> Values:
        golden = _flat(self._golden[site.name])[hit.elements]
        codes = site.codec.encode(golden)
        return site.codec.decode(fault.apply(codes, hit.codes(codes.dtype)))

    def _restore(self, writes: list[Write]) -> None:
        for write in writes:
            clean = _flat(self._clean[write.slot])[write.positions]
            buffer = _flat(self._buffers[write.slot])
            buffer[write.positions] = clean
            if buffer[write.positions].tobytes() != clean.tobytes():
                raise NotRestored(f"weights in {write.slot!r} differ from golden after a trial")

    def check_golden(self) -> None:
        """Compare every live weight with golden, bit for bit.

        Raises:
            NotRestored: one differs.
        """
        for name, clean in self._clean.items():
            if not np.array_equal(_bytes(self._buffers[name]), _bytes(clean)):
                raise NotRestored(f"weights in {name!r} differ from golden after the campaign")


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session, and what it reads: ONNX Runtime borrows both, so they must live as long."""

    session: ort.InferenceSession
    values: list[ort.OrtValue]

    def run(self, feeds: Feeds) -> Result:
        """Run once with the present contents of the buffers."""
        return run_session(self.session, feeds)


def live_session(optimized: OptimizedModel, buffers: dict[str, Values]) -> LiveSession:
    """A session of the optimized graph that reads ``buffers`` at every run.

    Prepacking would copy weights when the session is created, so it is off.
    """
    options = session_options(optimize=False)
    options.add_session_config_entry("session.disable_prepacking", "1")
    values = []
    for name, buffer in buffers.items():
        values.append(ort.OrtValue.ortvalue_from_numpy(buffer))
        options.add_initializer(name, values[-1])
    return LiveSession(new_session(optimized.proto, options), values)


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


def _positions(
    place: Place, elements: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Flat positions of ``elements``, and which of them are present (None: all)."""
    if place.positions is None:
        return elements, None
    positions = place.positions[elements]
    present = positions >= 0
    if present.all():
        return positions, None
    return positions[present], present


def _flat(values: Values) -> Values:
    return values.reshape(-1)


def _bytes(values: Values) -> Values:
    return _flat(values).view(np.uint8)
