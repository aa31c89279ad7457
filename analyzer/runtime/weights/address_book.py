"""The address book: for each bit at risk, the byte and the bit of the live weights that hold it."""

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
"""In place of a tensor's first table entry: the tensor has no table, its elements are in order."""

_BIT_MASKS = np.left_shift(1, np.arange(8)).astype(np.uint8)


class Reach(IntEnum):
    """Ways to fault a tensor's bits, from the quickest to the slowest.

    Attributes:
        DIRECT: An upset of a stored bit is the same upset of one bit of the live weights.
        NOWHERE: The tensor has no influence on the optimized graph.
        CONVERTED: Elements are expressed otherwise in the live weights, so new values are computed.
        RECOMPUTED: The live weights hold what is computed from the tensor and others.
        RELOAD: The pattern must be loaded anew.
    """

    DIRECT = 0
    NOWHERE = 1
    CONVERTED = 2
    RECOMPUTED = 3
    RELOAD = 4


class _Tables:
    """Positions of the elements of many tensors in one array, so that one lookup finds them all."""

    def __init__(self, count: int) -> None:
        self._rows = np.full(count, _IN_ORDER, np.int64)
        self._columns = np.zeros(count, np.int64)
        self._widths = np.ones(count, np.int64)
        self._parts: list[npt.NDArray[np.int32]] = []
        self._used = 0
        self._split = False
        self.drops = False

    def add(self, tensor: int, positions: Positions) -> None:
        """Add the positions of one tensor; elements of tensors never added stand in order.

        Args:
            tensor: the tensor's index.
            positions: where its elements stand.
        """
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
        """Join all tables into one array. Called once, after the last `add`."""
        self._entries = np.concatenate(self._parts) if self._parts else np.zeros(1, np.int32)
        self._parts.clear()

    def positions(self, tensors: Indices, elements: Indices) -> Indices:
        """Positions of elements: int64 (n,), -1 where the optimizer dropped the element.

        Args:
            tensors: int64 (n,), indices of tensors.
            elements: int64 (n,), flat indices within each tensor.
        """
        rows = self._rows[tensors]
        # Tensors without a table read entry 0, and the last line ignores it: one path for all is
        # quicker than to tell them apart first.
        if not self._split:
            found: Indices = self._entries[np.maximum(rows + elements, 0)]
        else:
            row, column = np.divmod(elements, self._widths[tensors])
            found = self._entries[np.maximum(rows + row, 0)].astype(np.int64)
            found += self._entries[self._columns[tensors] + column]
        return np.where(rows == _IN_ORDER, elements, found)


class AddressBook:
    """(tensor, bit) -> (byte of the weight memory, bit of that byte), vectorized.

    Attributes:
        reach: int8 (tensors,), the `Reach` of each tensor.
        worst: The slowest `Reach` of any tensor.
    """

    def __init__(self, space: FaultSpace, layout: Layout, weight_memory: WeightMemory) -> None:
        """Look up where each tensor begins and how its elements are ordered.

        Args:
            space: the bits at risk.
            layout: where the elements of its tensors stand.
            weight_memory: the memory that holds the slots of ``layout``.
        """
        count = len(space.every)
        self.reach = np.zeros(count, np.int8)
        # log2 of the bytes of one element; only whole-byte elements are addressed here.
        self._sizes = np.array([(max(t.codec.bits, 8) // 8).bit_length() - 1 for t in space.every])
        self._bases = np.zeros(count, np.int64)
        self._tables = _Tables(count)
        for i, tensor in enumerate(space.every):
            if tensor.parts:  # no tensor of its own: the tensors that share the bytes are hit
                self.reach[i] = Reach.NOWHERE
                continue
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
        """Addresses of bits, and for each address a mask with one bit set.

        Args:
            tensors: int64 (n,), indices of tensors whose reach is `Reach.DIRECT`.
            bits: int64 (n,), bits counted within the tensor.

        Returns:
            int64 (m,), indices of bytes of the weight memory, and uint8 (m,); m < n where the
            optimizer dropped elements.
        """
        stored = bits >> 3
        masks = _BIT_MASKS[bits & 7]
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
    if route is Route.RECOMPUTED:
        return Reach.RECOMPUTED
    if route is Route.NO_EFFECT:
        return Reach.NOWHERE
    codec = tensor.codec
    whole_bytes = isinstance(codec, StoredCodec) and codec.bits >= 8
    return Reach.DIRECT if whole_bytes and _keeps_bits(places) else Reach.CONVERTED


def _keeps_bits(places: tuple[Place, ...]) -> bool:
    """True if every stored bit stands in one place, as the same bit of an equal element.

    It does not where ONNX Runtime shifts int8 to uint8: a stored sign bit stuck at 0 is a 1 there.
    """
    conversion = places[0].conversion
    return len(places) == 1 and conversion.target == conversion.source.dtype
