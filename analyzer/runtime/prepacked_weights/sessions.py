"""Live weights in packed form: quantized convolutions at the speed of an ordinary session.

Integer kernels take half the time on weights that ONNX Runtime packed when the session was created,
and then read that copy, not our buffer. So the copy is looked for in the memory of the process: the
session is created from random contents, which stand in packed form in one place only. From then on
what a trial writes into the live weights is written there as well.

Packed and plain kernels answer alike, for integers add up to the same in any order; all the same
both are asked before the packed ones are used. Where a copy is not found, or the answers differ,
the plain session does the work.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import onnx

from analyzer.answers import Answer, Feeds
from analyzer.faults.elements import Values
from analyzer.graph.walk import sub_graphs
from analyzer.runtime.ort.shared_initializers import (
    SharedInitializers,
    SharedSession,
    open_shared_session,
)
from analyzer.runtime.prepacked_weights.copies import PackedCopy, PackedWeights
from analyzer.runtime.prepacked_weights.memory_scan import AddressRange, Bytes, find_once
from analyzer.runtime.prepacked_weights.symmetric_conv import SymmetricConv, find_symmetric_convs
from analyzer.runtime.weights.memory import WeightMemory

ATTEMPTS = 2
"""Sessions created at most: the second leaves plain what the first did not pack as thought."""

_FRESH = count(1)
"""Keys of random contents, none used twice: what an earlier session left behind is not found."""

IDENTIFIED = 4096
"""Bytes by which packed weights are recognized."""


@dataclass(frozen=True, slots=True)
class PackingCandidate:
    """A stretch of the optimized graph.

    Attributes:
        stripped: It as a model, strip_initializers.
        plain: A session of it that reads the live weights at every run.
        feeds: Golden values of its inputs, on which packed and plain kernels must answer alike.
    """

    stripped: onnx.ModelProto
    plain: SharedSession
    feeds: Feeds


def open_packed(
    parts: Sequence[PackingCandidate],
    ort_values: SharedInitializers,
    weight_memory: WeightMemory,
    stored: Mapping[str, Values],
    search: "MemorySearch | None" = None,
) -> tuple[list[SharedSession | None], PackedWeights]:
    """Sessions with packed weights for as many parts as possible.

    The live weights must be golden, and are so afterwards. Nothing else may run meanwhile.

    Args:
        parts: of one graph; they share no weights.
        ort_values: the live weights, as they are handed over.
        weight_memory: where they are.
        stored: golden values of all initializers of the graph.
        search: how copies are found, and tried out; None: in this process's memory.

    Returns:
        By part: its session, or None where there is nothing to pack, or it does not work. And the
        packed copies of the live weights, which must follow every write; a part that is
        `PackedWeights.lost` must be run on plain weights meanwhile.
    """
    search = search or MemorySearch()
    packing = _Packing(parts, ort_values, weight_memory, stored, search.find)
    for _ in range(ATTEMPTS):
        packing.create()
    if not packing.copies:
        return [None] * len(parts), PackedWeights(weight_memory, stored, [])
    alike = search.alike(
        packing.sessions, parts, weight_memory, PackedWeights(weight_memory, stored, packing.copies)
    )
    weights = PackedWeights(weight_memory, stored, [c for c in packing.copies if alike[c.part]])
    sessions = [s if same else None for s, same in zip(packing.sessions, alike, strict=True)]
    return sessions, weights


class _Packing:
    """Creates sessions, and finds where each keeps its copies."""

    def __init__(
        self,
        parts: Sequence[PackingCandidate],
        ort_values: SharedInitializers,
        weight_memory: WeightMemory,
        stored: Mapping[str, Values],
        find: "Find",
    ) -> None:
        self._find = find
        self._parts, self._ort_values, self._weight_memory, self._stored = (
            parts,
            ort_values,
            weight_memory,
            stored,
        )
        self._convs = [self._worth_packing(part.stripped.graph) for part in parts]
        self.sessions: list[SharedSession | None] = [None] * len(parts)
        self.copies: list[PackedCopy] = []

    def _worth_packing(self, graph: onnx.GraphProto) -> list[SymmetricConv]:
        simple = not graph.sparse_initializer and not any(
            node.op_type == "Constant" or any(sub_graphs(node)) for node in graph.node
        )
        convs = find_symmetric_convs(graph, self._stored) if simple else []
        views = self._weight_memory.views
        return convs if any(c.weights in views or c.bias in views for c in convs) else []

    def create(self) -> None:
        """Create the sessions that are still to be created, and look for their copies."""
        todo = [i for i, s in enumerate(self.sessions) if s is None and self._convs[i]]
        if not todo:
            return
        created: dict[int, SharedSession] = {}
        inverted: dict[tuple[str, str], Bytes] = {}
        refused: list[int] = []
        try:
            for i in todo:
                for conv in self._convs[i]:
                    inverted |= self._write_noise(conv)
                stripped = _packable(self._parts[i].stripped, self._convs[i])
                try:
                    created[i] = open_shared_session(stripped, self._ort_values, pack=True)
                except Exception:  # whatever ONNX Runtime objects to: the plain session is there
                    refused.append(i)
            live = self._weight_memory.live
            ours = live.ctypes.data, live.ctypes.data + live.nbytes
            found = dict(zip(inverted, self._find(list(inverted.values()), [ours]), strict=True))
        finally:
            _put_back(
                self._weight_memory, (n for i in todo for c in self._convs[i] for n in _names(c))
            )
        for i in refused:
            self._convs[i] = []
        for i, session in created.items():
            self._settle(i, session, found)

    def _settle(
        self, i: int, session: SharedSession, found: Mapping[tuple[str, str], int | None]
    ) -> None:
        """Keep a session of whose copies all were found; have it created anew otherwise."""
        missing = {name for (name, _), address in found.items() if address is None}
        kept = [conv for conv in self._convs[i] if conv.weights not in missing]
        if len(kept) == len(self._convs[i]):
            self.sessions[i] = session
            for conv in kept:
                weights, sums = (found.get((conv.weights, kind)) for kind in ("weights", "sums"))
                self.copies.append(PackedCopy(conv, weights, sums, i, session))
        self._convs[i] = kept

    def _write_noise(self, conv: SymmetricConv) -> dict[tuple[str, str], Bytes]:
        """Random contents of the live weights; what stands packed then, every bit inverted.

        Nothing here holds the packed contents themselves, not even for a moment: they would be
        found in what is left of that memory.
        """
        rng = np.random.Generator(np.random.Philox(key=next(_FRESH)))
        views, inverted = self._weight_memory.views, {}
        weights = self._stored[conv.weights]
        if conv.weights in views:
            noise = rng.integers(-128, 128, weights.shape, np.int8)
            weights = np.invert(noise, out=views[conv.weights])
            packed = conv.pack(noise, padding=-1)[:IDENTIFIED].copy()
            inverted[conv.weights, "weights"] = packed.view(np.uint8)
        below = -1 - conv.offsets(weights)
        if conv.bias in views:
            random = rng.integers(-(2**31), 2**31, conv.outputs).astype(np.int32)
            np.subtract(below, random, out=views[conv.bias].reshape(-1))
            inverted[conv.weights, "sums"] = random.view(np.uint8)
        elif conv.shift and conv.weights in views:
            fixed = self._stored[conv.bias].reshape(-1) if conv.bias else np.int32(0)
            inverted[conv.weights, "sums"] = (below - fixed).view(np.uint8)
        return inverted


def _packable(stripped: onnx.ModelProto, convs: Sequence[SymmetricConv]) -> onnx.ModelProto:
    """A copy of ``stripped`` of which nothing is packed but ``convs``.

    Initializers that are inputs as well may be overridden, so that no kernel packs them.
    """
    model = onnx.ModelProto()
    model.CopyFrom(stripped)
    model.ir_version = max(model.ir_version, 4)  # before, initializers had to be inputs
    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    del graph.input[:]
    graph.input.extend(inputs)
    packed = {name for conv in convs for name in (conv.weights, conv.bias, conv.zeros)}
    for tensor in graph.initializer:
        if tensor.name not in packed and math.prod(tensor.dims) != 1:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            graph.input.append(value)
    return model


def _names(conv: SymmetricConv) -> tuple[str, str]:
    return conv.weights, conv.bias


def _put_back(weight_memory: WeightMemory, slots: Iterable[str]) -> None:
    """Make those of ``slots`` golden that are live weights, and touch no other memory."""
    for name in slots:
        if name in weight_memory.starts:
            place = slice(
                weight_memory.starts[name],
                weight_memory.starts[name] + weight_memory.views[name].nbytes,
            )
            weight_memory.live[place] = weight_memory.golden[place]


def _alike(
    sessions: Sequence[SharedSession | None],
    parts: Sequence[PackingCandidate],
    weight_memory: WeightMemory,
    weights: PackedWeights,
) -> list[bool]:
    """By part: whether both sessions answer alike, with golden weights and with random ones.

    Random weights use the whole range: kernels that saturate between steps would show.
    """
    golden = _same_answers(sessions, parts)
    try:
        for name in weights.names():
            view = weight_memory.views[name]
            rng = np.random.Generator(np.random.Philox(key=next(_FRESH)))
            view[...] = rng.integers(-128, 128, view.shape, np.int8)
        weights.write_all()
        noisy = _same_answers(sessions, parts)
    finally:
        _put_back(weight_memory, weights.names())
        weights.write_all()
    return [a and b for a, b in zip(golden, noisy, strict=True)]


def _same_answers(
    sessions: Sequence[SharedSession | None], parts: Sequence[PackingCandidate]
) -> list[bool]:
    found = []
    for session, part in zip(sessions, parts, strict=True):
        answer = session.run(part.feeds) if session else None
        same = isinstance(answer, Answer) and answer.same_as(part.plain.run(part.feeds))
        found.append(same)
    return found


Find = Callable[[Sequence[Bytes], Sequence[AddressRange]], Sequence[int | None]]
"""Finds contents in memory; takes the arguments of `find_once`."""


@dataclass(frozen=True, slots=True)
class MemorySearch:
    """The search for packed copies, and their trial.

    Attributes:
        find: finds contents in the memory of this process.
        alike: by part: true if both sessions answer alike.
    """

    find: Find = find_once
    alike: Callable[..., list[bool]] = _alike
