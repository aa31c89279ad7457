"""Where each bit at risk stands in the live weights."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import StoredCodec
from analyzer.faults.space import FaultSpace, Indices, TensorSite
from analyzer.memory.array_file import Bytes
from analyzer.runtime.layout.decode import Place
from analyzer.runtime.layout.layout import Layout, Route
from analyzer.runtime.layout.position_tables import Positions
from analyzer.runtime.weights.memory import WeightMemory

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
    """(tensor, bit) -> (byte of the weight_memory, bit of that byte), vectorized."""

    def __init__(self, space: FaultSpace, layout: Layout, weight_memory: WeightMemory) -> None:
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
            self._bases[i] = weight_memory.starts[places[0].slot]
            if places[0].positions is not None:
                self._tables.add(i, places[0].positions)
        self._tables.join()
        self.worst = Reach(int(self.reach.max(initial=Reach.DIRECT)))

    def addresses(self, tensors: Indices, bits: Indices) -> tuple[Indices, Bytes]:
        """Bytes of the weight_memory, and in each a mask with one bit set.

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
