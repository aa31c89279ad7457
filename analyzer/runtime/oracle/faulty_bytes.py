"""Faulty contents of the file, bit by bit from the definition of a fault.

Live weights are checked against this module, so it shares no arithmetic with them: no masks, no
bitwise function of whole codes, no footprints spread over many upsets at once. It reads two
definitions, `FaultKind.becomes` and `Footprint.positions`, and follows them one bit at a time.
"""

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from analyzer.faults.elements import StoredCodec, Values
from analyzer.faults.models import FaultModel, FaultPattern
from analyzer.faults.space import FaultSpace


class FaultyBytes:
    """Faulty contents of the tensors at risk, as the file stores them."""

    def __init__(
        self, space: FaultSpace, golden: Mapping[str, Values], stored: Mapping[str, bytes]
    ) -> None:
        """Keep references to the golden contents; nothing is copied.

        Args:
            space: the bits at risk.
            golden: fault-free values by tensor, in the tensor's dtype and shape.
            stored: the same values as little-endian bytes of the file.
        """
        self._space, self._golden, self._stored = space, golden, stored

    def of(self, pattern: FaultPattern, among: Collection[int] | None = None) -> dict[str, bytes]:
        """Faulty bytes of the tensors that a pattern hits, by name.

        Args:
            pattern: the upsets.
            among: indices of `FaultSpace.every` of the tensors to return, if the pattern hits them;
                None: all.
        """
        sites, numbers = pattern.sites, np.arange(len(pattern))
        hit = self._space.offsets.searchsorted(sites, side="right") - 1
        if among is not None:
            wanted = np.zeros(len(self._space.tensors), np.bool_)
            wanted[[self._space.counted_in(index) for index in among]] = True
            numbers = numbers[wanted[hit]]
            sites, hit = sites[wanted[hit]], hit[wanted[hit]]
        edited: dict[int, bytearray] = {}
        firsts = sites - self._space.offsets[hit]
        widths, sizes = self._space.widths[hit], np.diff(self._space.offsets)[hit]
        columns = (column.tolist() for column in (numbers, hit, firsts, widths, sizes))
        for number, index, first, width, size in zip(*columns, strict=True):
            fault = pattern.fault_of(number)
            for position in fault.footprint.positions(first, width, size):
                for holder, place in self._holders(index, position):
                    if holder not in edited:
                        edited[holder] = self._memory(holder)
                    _hit(edited[holder], place, fault)
        return {
            self._space.every[index].name: self._raw(index, memory)
            for index, memory in edited.items()
            if among is None or index in among
        }

    def _holders(self, index: int, position: int) -> Iterator[tuple[int, int]]:
        """The tensors that hold one bit, and the bit's position in each."""
        if not self._space.tensors[index].parts:
            yield index, position
        for number, alias in enumerate(self._space.aliases, len(self._space.tensors)):
            if alias.owner == index and 0 <= position - alias.shift < alias.site.bits:
                yield number, position - alias.shift

    def _memory(self, index: int) -> bytearray:
        """The bytes of a tensor whose bits flip: the file's, or those of the fixed-point memory."""
        site = self._space.every[index]
        if isinstance(site.codec, StoredCodec):
            return bytearray(self._stored[site.name])
        return bytearray(site.codec.encode(self._golden[site.name]).tobytes())

    def _raw(self, index: int, memory: bytearray) -> bytes:
        """The file's bytes for memory contents: the inverse of `_memory`."""
        site = self._space.every[index]
        if isinstance(site.codec, StoredCodec):
            return bytes(memory)
        return site.codec.decode(np.frombuffer(memory, np.uint32)).tobytes()


def _hit(memory: bytearray, position: int, fault: FaultModel) -> None:
    """Read the bit at ``position``, look up what it becomes, and write that.

    Positions count from the lowest bit of the first byte.
    """
    byte, place = divmod(position, 8)
    held = memory[byte] >> place & 1
    wanted = fault.kind.becomes.one if held else fault.kind.becomes.zero
    memory[byte] += (wanted - held) << place
