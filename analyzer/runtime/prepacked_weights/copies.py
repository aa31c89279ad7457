"""Copies of live weights that ONNX Runtime packed, kept equal to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.errors import NotRestored
from analyzer.faults.elements import Values
from analyzer.faults.space import Indices
from analyzer.runtime.ort.shared_initializers import SharedSession
from analyzer.runtime.prepacked_weights.memory_scan import bytes_at
from analyzer.runtime.prepacked_weights.symmetric_conv import BLOCK, GROUP, SymmetricConv
from analyzer.runtime.weights.memory import WeightMemory


@dataclass(frozen=True, slots=True)
class PackedCopy:
    """The packed weights of one convolution in ONNX Runtime's memory.

    Attributes:
        conv: The convolution.
        weights: Address of the packed weights; None: they never change.
        sums: Address of what is added to each output channel, int32; None: it never changes.
        part: Number of the part of the graph that reads them.
        owner: The session whose memory it is.
    """

    conv: SymmetricConv
    weights: int | None
    sums: int | None
    part: int
    owner: SharedSession


_OTHER, _WEIGHTS, _BIAS, _ZEROS = range(4)
"""What a slot of the weight memory is to a packed convolution."""


_Before = tuple[Values, Indices | int, Any]
"""An array, places in it or a single one, and what stood there."""


@dataclass(frozen=True, slots=True)
class _Undo:
    """The former contents of written places, and the parts that could not follow before."""

    before: list[_Before]
    lost: frozenset[int]


class PackedWeights:
    """The packed copies of the weights in one allocator."""

    def __init__(
        self,
        weight_memory: WeightMemory,
        stored: Mapping[str, Values],
        copies: Sequence[PackedCopy],
    ) -> None:
        """Fill the copies with what is live.

        Args:
            weight_memory: the live weights.
            stored: golden values of all initializers of the graph.
            copies: what follows the live weights.
        """
        self.lost: frozenset[int] = frozenset()
        """Parts whose packed kernels do not follow the pattern in force."""
        self._weight_memory, self._stored, self._copies = weight_memory, stored, copies
        self._undo: list[_Undo] = []
        self._live, self._golden = (
            weight_memory.live.view(np.int8),
            weight_memory.golden.view(np.int8),
        )
        self._live32, self._golden32 = self._live.view(np.int32), self._golden.view(np.int32)
        self._names = list(weight_memory.starts)
        self._starts = np.array(list(weight_memory.starts.values()), np.int64)
        self._index()
        self.write_all()

    def _index(self) -> None:
        """By slot: its role, the copies, and the numbers that lead to places there."""
        slots = {name: i for i, name in enumerate(self._names)}
        self._role = np.full(len(slots), _OTHER, np.int8)
        self._strides = np.zeros((len(slots), 6), np.int64)
        self._packed: dict[int, Values] = {}
        self._sums: dict[int, Values] = {}
        self._shift: dict[int, int] = {}
        self._users: dict[int, set[int]] = {}
        for copy in self._copies:
            conv = copy.conv
            if conv.zeros in slots:  # the kernel was chosen because they are 0
                self._role[slots[conv.zeros]] = _ZEROS
                self._users.setdefault(slots[conv.zeros], set()).add(copy.part)
            sums = None
            if copy.sums is not None:
                sums = bytes_at(copy.sums, 4 * conv.outputs).view(np.int32)
            if copy.weights is not None:
                slot = slots[conv.weights]
                self._role[slot] = _WEIGHTS
                self._strides[slot] = (conv.inputs, conv.taps, *conv.strides())
                self._packed[slot] = bytes_at(copy.weights, conv.size).view(np.int8)
                if sums is not None:
                    self._sums[slot], self._shift[slot] = sums, conv.shift
            if conv.bias in slots and sums is not None:
                self._role[slots[conv.bias]] = _BIAS
                self._sums[slots[conv.bias]] = sums

    def names(self) -> list[str]:
        """The live weights that are packed somewhere, biases not counted."""
        return [copy.conv.weights for copy in self._copies if copy.weights is not None]

    def write_all(self) -> None:
        """Make the copies what the live weights are."""
        for copy, packed, sums in self._expected():
            if copy.weights is not None:
                bytes_at(copy.weights, packed.nbytes)[...] = packed.view(np.uint8)
            if copy.sums is not None:
                bytes_at(copy.sums, sums.nbytes)[...] = sums.view(np.uint8)

    def check(self) -> None:
        """Compare the copies with the live weights, bit for bit.

        Raises:
            NotRestored: one differs.
        """
        for copy, packed, sums in self._expected():
            for address, expected in ((copy.weights, packed), (copy.sums, sums)):
                if address is not None and not np.array_equal(
                    bytes_at(address, expected.nbytes), expected.view(np.uint8)
                ):
                    raise NotRestored(f"packed weights of {copy.conv.weights!r} differ from golden")

    def _expected(self) -> Iterator[tuple[PackedCopy, Values, Values]]:
        for copy in self._copies:
            conv = copy.conv
            weights = self._present(conv.weights)
            sums = conv.offsets(weights)
            if conv.bias:
                sums = sums + self._present(conv.bias)
            yield copy, conv.pack(weights), sums

    def _present(self, name: str) -> Values:
        return (
            self._weight_memory.views[name]
            if name in self._weight_memory.views
            else self._stored[name]
        )

    def wrote(self, touched: Indices) -> None:
        """Write into the copies what a pattern has changed in the live weights.

        Args:
            touched: int64 (n,), the bytes of the weight memory that were written, in any order and
                perhaps several times.
        """
        if not self._copies:
            return
        written = np.unique(touched)
        slots = np.searchsorted(self._starts, written, side="right") - 1
        role = self._role[slots]
        undo = _Undo([], self.lost)
        self._undo.append(undo)
        found = role == _WEIGHTS
        self._follow_weights(written[found], slots[found], undo.before)
        found = role == _BIAS
        if found.any():
            self._follow_biases(written[found], slots[found], undo.before)
        found = role == _ZEROS
        if found.any():
            self.lost = self.lost.union(*(self._users[slot] for slot in slots[found].tolist()))

    def restored(self, _: Indices) -> None:
        """Undo the last `wrote`, if there was one.

        Raises:
            NotRestored: a copy is not what it was.
        """
        if not self._undo:
            return
        undo = self._undo.pop()
        self.lost = undo.lost
        for copy, places, before in reversed(undo.before):
            copy[places] = before
            if copy[places].tobytes() != before.tobytes():  # of arrays and of single numbers alike
                raise NotRestored("packed weights differ from golden after a trial")

    def _follow_weights(self, source: Indices, slots: Indices, before: list[_Before]) -> None:
        inputs, taps, by_block, by_tap, by_lane, block = self._strides[slots].T
        output, rest = np.divmod(source - self._starts[slots], inputs * taps)
        channel, tap = np.divmod(rest, taps)
        whole, lane = np.divmod(output, block)
        group, within = np.divmod(channel, GROUP)
        places = whole * by_block + tap * by_tap + lane * by_lane
        places += group * (BLOCK * GROUP) + within
        values = self._live[source]
        change = values.astype(np.int32) - self._golden[source]
        for slot, part in _runs(slots):
            _write(self._packed[slot], places[part], values[part], before)
            if self._shift.get(slot):
                _add(self._sums[slot], output[part], -self._shift[slot] * change[part], before)

    def _follow_biases(self, source: Indices, slots: Indices, before: list[_Before]) -> None:
        elements, first = np.unique(source >> 2, return_index=True)
        slots = slots[first]
        outputs = elements - (self._starts[slots] >> 2)
        change = self._live32[elements] - self._golden32[elements]  # modulo 2**32, as kernels add
        for slot, part in _runs(slots):
            _add(self._sums[slot], outputs[part], change[part], before)


def _runs(slots: Indices) -> Iterator[tuple[int, slice]]:
    """Stretches of equal numbers in ascending ``slots``."""
    ends = [*(np.flatnonzero(slots[1:] != slots[:-1]) + 1).tolist(), len(slots)]
    start = 0
    for end in ends:
        if end > start:
            yield int(slots[start]), slice(start, end)
        start = end


def _write(copy: Values, places: Indices, values: Values, before: list[_Before]) -> None:
    if len(places) == 1:  # mostly; four times as fast
        place = int(places[0])
        before.append((copy, place, copy[place]))
        copy[place] = values[0]
    else:
        before.append((copy, places, copy[places]))
        copy[places] = values


def _add(sums: Values, places: Indices, change: Values, before: list[_Before]) -> None:
    """Add to ``sums``; a place may occur several times."""
    if len(places) == 1:
        place = places[:1]
        _write(sums, place, sums[place] + change, before)
    else:
        before.append((sums, places, sums[places]))
        np.add.at(sums, places, change)
