"""Arrays that processes of one machine compute once and share, in memory without a name.

It does not matter which process fills a place first: all of them compute the same bits. The system
frees the memory with the last process that uses it, however that process ends.
"""

import fcntl
import mmap
import os
import pickle
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from analyzer.memory.array_file import Bytes, Span, path_of, spans_of

Arrays = Mapping[str, npt.NDArray[Any]]

_LENGTH = struct.Struct("<Q")
PAGE = mmap.PAGESIZE
TABLE = 16 << 10
"""Bytes of a place beside its arrays: for the table, and for what alignment takes."""


@dataclass(frozen=True)
class SharedArrays:
    """Places of equal size, each for some arrays by name.

    A place begins with the length of its table, 0 while the place is empty. The table says where
    each array begins; the arrays follow on a page of their own.

    Attributes:
        path: Path at which any process of this machine opens the memory, while its maker lives.
        places: Number of places.
        size: Bytes of each place. The system gives memory only to places that are written.
        stream: In the process that made the memory: the open file that keeps it.
    """

    path: str
    places: int
    size: int
    stream: BinaryIO | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[type["SharedArrays"], tuple[str, int, int]]:
        """Pickled as a path."""
        return SharedArrays, (self.path, self.places, self.size)

    @cached_property
    def _file(self) -> int:
        return os.open(self.path, os.O_RDWR)

    @cached_property
    def _block(self) -> Bytes:
        """uint8 (places x size,), read-only. One mapping: the system limits their number."""
        return np.frombuffer(mmap.mmap(self._file, 0, access=mmap.ACCESS_READ), np.uint8)

    def find(self, place: int) -> Arrays | None:
        """The arrays in a place, read-only; None while the place is empty."""
        start = place * self.size
        (length,) = _LENGTH.unpack(os.pread(self._file, _LENGTH.size, start))
        if not length:
            return None
        spans: dict[str, Span] = pickle.loads(os.pread(self._file, length, start + _LENGTH.size))
        block = self._block[start + _pages(_LENGTH.size + length) :]
        return {name: span.of(block) for name, span in spans.items()}

    def put(self, place: int, arrays: Arrays) -> None:
        """Fill an empty place. Nothing happens if the place is filled, or too small.

        Args:
            place: index of the place, below ``places``.
            arrays: by name, of any dtype but object.
        """
        arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        if any(array.dtype.hasobject for array in arrays.values()):
            return
        spans, size = spans_of(arrays)
        table = pickle.dumps(spans)
        begin = _pages(_LENGTH.size + len(table))
        if begin + size > self.size:
            return
        start = place * self.size
        try:
            with self._lock(place):
                if any(os.pread(self._file, _LENGTH.size, start)):
                    return
                for name, span in spans.items():
                    self._write(
                        arrays[name].reshape(-1).view(np.uint8).data, start + begin + span.start
                    )
                # The length comes last: it tells readers, who take no lock, that all is there.
                self._write(table, start + _LENGTH.size)
                self._write(_LENGTH.pack(len(table)), start)
        except OSError:  # the system has no more memory: every process then keeps arrays of its own
            return

    def _write(self, content: bytes | memoryview, position: int) -> None:
        rest = memoryview(content).cast("B")
        while rest:
            written = os.pwrite(self._file, rest, position)
            rest, position = rest[written:], position + written

    @contextmanager
    def _lock(self, place: int) -> Iterator[None]:
        """One process at a time; the system frees the lock of a process that dies."""
        where = (1, place * self.size, os.SEEK_SET)
        fcntl.lockf(self._file, fcntl.LOCK_EX, *where)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, *where)


def _pages(size: int) -> int:
    return -(-size // PAGE) * PAGE


def make_shared_arrays(places: int, size: int) -> SharedArrays | None:
    """New empty places, kept by their stream; None where the system has no such memory.

    Args:
        places: number of places, 1 or more.
        size: bytes that the arrays of one place take at most, together.
    """
    try:
        descriptor = os.memfd_create("relcheck-shared-arrays")  # Linux alone has this call
    except (AttributeError, OSError):
        return None
    stream = os.fdopen(descriptor, "r+b", buffering=0)
    each = _pages(size) + TABLE
    try:
        stream.truncate(places * each)
    except OSError:
        stream.close()
        return None
    return SharedArrays(path_of(stream), places, each, stream)
