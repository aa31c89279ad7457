"""One block of memory that holds every live weight, and the address of every bit in it.

All buffers that ONNX Runtime reads are views of one byte array, so that a whole pattern - many
bits in many tensors - is one vectorized write.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.array_file import ALIGNMENT, ArrayFile, Bytes, Span, spans_of
from analyzer.bits import StoredCodec, Values
from analyzer.errors import NotRestored
from analyzer.faults import FaultKind
from analyzer.runtime.decode import Place
from analyzer.runtime.layout import Layout, Route
from analyzer.runtime.positions import Positions
from analyzer.space import FaultSpace, Indices, TensorSite

LARGE = 2**20
"""Bytes of weights from which on they are kept in a file that processes share."""


@dataclass(frozen=True)
class Arena:
    """The live weights and their golden copy.

    Attributes:
        live: uint8 (n,), what ONNX Runtime reads.
        golden: uint8 (n,), what it must be between trials.
        starts: First byte of each slot.
        views: Each slot of ``live`` in its own dtype and shape.
    """

    live: Bytes
    golden: Bytes
    starts: dict[str, int]
    views: dict[str, Values]

    def check(self) -> None:
        """Compare every live byte with golden.

        Raises:
            NotRestored: one differs.
        """
        if not np.array_equal(self.live, self.golden):
            first = int(np.flatnonzero(self.live != self.golden)[0])
            slot = max((s for s in self.starts if self.starts[s] <= first), key=self.starts.get)  # type: ignore[arg-type]  # every key is in the dict
            raise NotRestored(f"live weights in {slot!r} differ from golden")


def build_arena(slots: dict[str, Values]) -> Arena:
    """Copy ``slots`` into one aligned block."""
    spans, size = spans_of(slots)
    block = np.zeros(size + ALIGNMENT, np.uint8)
    shift = -block.ctypes.data % ALIGNMENT
    live = block[shift : shift + size]
    for name, values in slots.items():
        spans[name].of(live)[...] = values
    return _arena(live, live.copy(), spans)


def map_arena(file: ArrayFile) -> Arena:
    """The slots in ``file``; what is written to them stays in this process."""
    return _arena(file.private(), file.block, file.spans)


def _arena(live: Bytes, golden: Bytes, spans: dict[str, Span]) -> Arena:
    starts = {name: span.start for name, span in spans.items()}
    return Arena(live, golden, starts, {name: span.of(live) for name, span in spans.items()})


_IN_ORDER = -(2**62)
BIT_MASKS = np.left_shift(1, np.arange(8)).astype(np.uint8)


class Reach(IntEnum):
    """How a tensor's bits are reached."""

    DIRECT = 0
    NOWHERE = 1
    CONVERTED = 2
    RELOAD = 3


class _Tables:
    """Positions of the elements of many tensors, looked up together."""

    def __init__(self, count: int) -> None:
        self._rows = np.full(count, _IN_ORDER, np.int64)
        self._columns = np.zeros(count, np.int64)
        self._widths = np.ones(count, np.int64)
        self._parts: list[npt.NDArray[np.int32]] = []
        self._used = 0
        self._split = False
        self.drops = False

    def add(self, tensor: int, positions: Positions) -> None:
        """Those of one tensor; elements of the others stand in order."""
        self._rows[tensor] = self._take(positions.rows)
        self._columns[tensor] = self._take(positions.columns)
        self._widths[tensor] = len(positions.columns)
        self._split |= len(positions.columns) > 1
        self.drops |= positions.drops

    def _take(self, table: npt.NDArray[np.int32]) -> int:
        start = self._used
        self._parts.append(table)
        self._used += len(table)
        return start

    def join(self) -> None:
        """Be ready: no more are added."""
        self._entries = np.concatenate(self._parts) if self._parts else np.zeros(1, np.int32)
        self._parts.clear()

    def positions(self, tensors: Indices, elements: Indices) -> Indices:
        """Where ``elements`` of ``tensors`` stand; -1: nowhere."""
        rows = self._rows[tensors]
        # Tensors whose elements stand in order have no table: entry 0 is read and ignored.
        if not self._split:
            found: Indices = self._entries[np.maximum(rows + elements, 0)]
        else:
            row, column = np.divmod(elements, self._widths[tensors])
            found = self._entries[np.maximum(rows + row, 0)].astype(np.int64)
            found += self._entries[self._columns[tensors] + column]
        return np.where(rows == _IN_ORDER, elements, found)


class AddressBook:
    """(tensor, bit) -> (byte of the arena, bit of that byte), vectorized."""

    def __init__(self, space: FaultSpace, layout: Layout, arena: Arena) -> None:
        count = len(space.tensors)
        self.reach = np.zeros(count, np.int8)
        # log2 of the bytes of one element; only whole-byte elements are addressed here.
        self._sizes = np.array(
            [(max(t.codec.bits, 8) // 8).bit_length() - 1 for t in space.tensors]
        )
        self._bases = np.zeros(count, np.int64)
        self._tables = _Tables(count)
        for i, tensor in enumerate(space.tensors):
            places = layout.places.get(tensor.name, ())
            self.reach[i] = _reach(tensor, layout.routes[tensor.name], places)
            if self.reach[i] != Reach.DIRECT:
                continue
            self._bases[i] = arena.starts[places[0].slot]
            if places[0].positions is not None:
                self._tables.add(i, places[0].positions)
        self._tables.join()
        self.worst = Reach(int(self.reach.max(initial=Reach.DIRECT)))

    def addresses(self, tensors: Indices, bits: Indices) -> tuple[Indices, Bytes]:
        """Bytes of the arena, and in each a mask with one bit set.

        Args:
            tensors: int64 (n,), each reached `Reach.DIRECT`.
            bits: int64 (n,), counted within the tensor.

        Returns:
            int64 (m,) and uint8 (m,); m < n where the optimizer dropped elements.
        """
        stored = bits >> 3
        masks = BIT_MASKS[bits & 7]
        size = self._sizes[tensors]
        elements = stored >> size
        positions = self._tables.positions(tensors, elements)
        addresses = self._bases[tensors] + stored + (positions - elements << size)
        if not self._tables.drops:
            return addresses, masks
        present = positions >= 0
        return addresses[present], masks[present]


def _reach(tensor: TensorSite, route: Route, places: tuple[Place, ...]) -> Reach:
    if route is Route.RELOAD:
        return Reach.RELOAD
    if route is Route.NO_EFFECT:
        return Reach.NOWHERE
    codec = tensor.codec
    whole_bytes = isinstance(codec, StoredCodec) and codec.bits >= 8
    return Reach.DIRECT if whole_bytes and _same_bits(places) else Reach.CONVERTED


def _same_bits(places: tuple[Place, ...]) -> bool:
    """Whether every upset of a stored bit is the same upset of the same bit in one place.

    Not so where int8 is shifted to uint8: a stored sign bit stuck at 0 is a 1 there.
    """
    conversion = places[0].conversion
    return len(places) == 1 and conversion.target == conversion.source.dtype


def write_upsets(live: Bytes, kind: FaultKind, addresses: Indices, masks: Bytes) -> None:
    """Apply single-bit upsets; an address may occur several times."""
    if kind in (FaultKind.FLIP, FaultKind.BURST):
        np.bitwise_xor.at(live, addresses, masks)
    elif kind is FaultKind.STUCK0:
        np.bitwise_and.at(live, addresses, ~masks)
    else:
        np.bitwise_or.at(live, addresses, masks)


def restore(arena: Arena, addresses: npt.NDArray[Any]) -> None:
    """Put golden bytes back.

    Raises:
        NotRestored: they did not arrive.
    """
    clean = arena.golden[addresses]
    arena.live[addresses] = clean
    if not np.array_equal(arena.live[addresses], clean):
        raise NotRestored("live weights differ from golden after a trial")
