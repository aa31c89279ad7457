"""The definition of a fault: the bytes of the file under a fault pattern.

Written bit by bit on purpose: the fast path (`weights`) writes whole patterns at once, and shares
no arithmetic with this file, so that a mistake in either of them shows as a difference.
"""

from collections.abc import Collection, Mapping

import numpy as np

from analyzer.faults.elements import StoredCodec, Values
from analyzer.faults.models import FaultKind, FaultModel, FaultPattern
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
            among: indices of the tensors to return, if the pattern hits them; None: all.
        """
        sites = pattern.sites
        hit = self._space.offsets.searchsorted(sites, side="right") - 1
        if among is not None:
            wanted = np.zeros(len(self._space.tensors), np.bool_)
            wanted[list(among)] = True
            sites, hit = sites[wanted[hit]], hit[wanted[hit]]
        edited: dict[int, bytearray] = {}
        starts, ends = self._space.offsets[hit], self._space.offsets[hit + 1]
        for index, first, end in zip(
            hit.tolist(), (sites - starts).tolist(), (ends - starts).tolist(), strict=True
        ):
            if index not in edited:
                edited[index] = self._memory(index)
            for position in range(first, min(first + pattern.fault.length, end)):
                _hit(edited[index], position, pattern.fault)
        return {
            self._space.tensors[index].name: self._raw(index, memory)
            for index, memory in edited.items()
        }

    def _memory(self, index: int) -> bytearray:
        """The bytes of a tensor whose bits flip: the file's, or those of the fixed-point memory."""
        site = self._space.tensors[index]
        if isinstance(site.codec, StoredCodec):
            return bytearray(self._stored[site.name])
        return bytearray(site.codec.encode(self._golden[site.name]).tobytes())

    def _raw(self, index: int, memory: bytearray) -> bytes:
        """The file's bytes for memory contents: the inverse of `_memory`."""
        site = self._space.tensors[index]
        if isinstance(site.codec, StoredCodec):
            return bytes(memory)
        return site.codec.decode(np.frombuffer(memory, np.uint32)).tobytes()


def _hit(memory: bytearray, position: int, fault: FaultModel) -> None:
    """Apply one upset to the bit at ``position``, counted from the lowest bit of the first byte."""
    byte, bit = position // 8, 1 << position % 8
    match fault.kind:
        case FaultKind.FLIP | FaultKind.BURST:
            memory[byte] ^= bit
        case FaultKind.STUCK0:
            memory[byte] &= 0xFF ^ bit
        case FaultKind.STUCK1:
            memory[byte] |= bit
