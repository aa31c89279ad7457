"""Many booleans, packed eight to a byte, of which the n-th true one is found at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

CHUNK = 64
"""Bytes between two running totals: what one look-up unpacks."""

BITS = 8 * CHUNK


@dataclass(frozen=True)
class Bitmap:
    """A row of booleans.

    Attributes:
        size: How many there are.
        packed: uint8 (chunks, `CHUNK`); the first boolean is the highest bit of the first byte,
            what is left of the last chunk is false.
        ends: int64 (chunks,), running totals of the true ones.
    """

    size: int
    packed: npt.NDArray[np.uint8]
    ends: Numbers

    @staticmethod
    def of(parts: Iterable[Bools]) -> "Bitmap":
        """Pack ``parts``, one behind the other; each may be dropped once it has been given.

        >>> bitmap = Bitmap.of([np.array([True, False]), np.array([True])])
        >>> bitmap.size, bitmap.count, bitmap.nth(np.array([0, 1]), True)
        (3, 2, array([0, 2]))
        """
        sizes: list[int] = []
        packed = np.concatenate([np.zeros(0, np.uint8), *_packed(parts, sizes)])
        whole = np.pad(packed, (0, -len(packed) % CHUNK)).reshape(-1, CHUNK)
        ends = np.cumsum(np.bitwise_count(whole).sum(axis=1, dtype=np.int64), dtype=np.int64)
        return Bitmap(sum(sizes), whole, ends)

    @property
    def count(self) -> int:
        """Number of true ones."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def at(self, places: Numbers) -> Bools:
        """The booleans at ``places``, int64 (n,): bool (n,)."""
        return np.asarray(self.packed.reshape(-1)[places >> 3] << (places & 7) & 128 != 0)

    def before(self, places: Numbers) -> Numbers:
        """Number of true ones before each of some places.

        Args:
            places: int64 (n,), each from 0 to `size`.

        >>> Bitmap.of([np.array([True, False, True])]).before(np.array([0, 1, 3])).tolist()
        [0, 1, 2]
        """
        chunks, left = np.divmod(places, BITS)
        found = np.concatenate(([0], self.ends))[chunks]
        within = np.flatnonzero(left)
        bits = np.unpackbits(self.packed[chunks[within]], axis=1).astype(bool)
        found[within] += (bits & (np.arange(BITS) < left[within, None])).sum(axis=1)
        return np.asarray(found, np.int64)

    @cached_property
    def _false_ends(self) -> Numbers:
        """int64 (chunks,), running totals of the false ones."""
        return np.asarray(np.arange(1, len(self.ends) + 1) * BITS - self.ends, np.int64)

    def nth(self, ranks: Numbers, value: bool) -> Numbers:
        """Places of the true ones, or of the false ones, by their rank.

        Args:
            ranks: int64 (n,), counted from 0, each below the number of those that are ``value``.
            value: whether true ones are counted, or false ones.

        Returns:
            int64 (n,) places.
        """
        ends = self.ends if value else self._false_ends
        chunks = ends.searchsorted(ranks, side="right")
        left = ranks - np.where(chunks > 0, ends[chunks - 1], 0)
        bits = np.unpackbits(self.packed[chunks], axis=1) == value
        found = bits.cumsum(axis=1, dtype=np.int16) > left[:, None]
        return np.asarray(chunks * BITS + found.argmax(axis=1), np.int64)


def _packed(parts: Iterable[Bools], sizes: list[int]) -> Iterator[npt.NDArray[np.uint8]]:
    """The bytes of ``parts``; the length of each is appended to ``sizes``."""
    left = np.zeros(0, bool)
    for part in parts:
        sizes.append(len(part))
        joined = np.concatenate([left, part])
        whole = len(joined) & -8
        left = joined[whole:]
        yield np.packbits(joined[:whole])
    yield np.packbits(left)
