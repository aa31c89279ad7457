"""A shelf: arrays that processes of one machine compute once and share, in memory without a name.

Which process fills a place first does not matter, for all of them compute the same bits. The memory
is gone with the processes that use it, however they end.
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
"""Bytes of a place beside its arrays: for its table, and for what alignment takes."""


@dataclass(frozen=True)
class SharedArrays:
    """Places of equal size, each for some arrays by name.

    A place begins with the length of its table, 0 while it is empty; the table says where each
    array stands; they follow on a page of their own.

    Attributes:
        path: Where any process of this machine finds the memory, while its maker lives.
        places: How many there are.
        size: Bytes of each. Memory is taken for those alone that are written.
        stream: In the process that made it: what keeps it.
    """

    path: str
    places: int
    size: int
    stream: BinaryIO | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[type["SharedArrays"], tuple[str, int, int]]:
        """Travels as a path."""
        return SharedArrays, (self.path, self.places, self.size)

    @cached_property
    def _file(self) -> int:
        return os.open(self.path, os.O_RDWR)

    @cached_property
    def _block(self) -> Bytes:
        """All of it, read-only. One mapping, for the system allows a process not too many."""
        return np.frombuffer(mmap.mmap(self._file, 0, access=mmap.ACCESS_READ), np.uint8)

    def find(self, place: int) -> Arrays | None:
        """What is in a place, read-only; None if nothing is yet."""
        start = place * self.size
        (length,) = _LENGTH.unpack(os.pread(self._file, _LENGTH.size, start))
        if not length:
            return None
        spans: dict[str, Span] = pickle.loads(os.pread(self._file, length, start + _LENGTH.size))
        block = self._block[start + _pages(_LENGTH.size + length) :]
        return {name: span.of(block) for name, span in spans.items()}

    def put(self, place: int, arrays: Arrays) -> None:
        """Put arrays where nothing is yet; nothing happens if there is no room for them."""
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
                self._write(table, start + _LENGTH.size)
                self._write(_LENGTH.pack(len(table)), start)
        except OSError:  # the system has no more memory: whoever needs the arrays keeps his own
            return

    def _write(self, content: bytes | memoryview, position: int) -> None:
        rest = memoryview(content).cast("B")
        while rest:
            written = os.pwrite(self._file, rest, position)
            rest, position = rest[written:], position + written

    @contextmanager
    def _lock(self, place: int) -> Iterator[None]:
        """One process at a time; the system unlocks what a dead one has locked."""
        where = (1, place * self.size, os.SEEK_SET)
        fcntl.lockf(self._file, fcntl.LOCK_EX, *where)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, *where)


def _pages(size: int) -> int:
    return -(-size // PAGE) * PAGE


def make_shelf(places: int, size: int) -> SharedArrays | None:
    """A new shelf, kept by its stream; None where the system has no such memory.

    Args:
        places: how many.
        size: bytes that the arrays of each take at most, together.
    """
    try:
        descriptor = os.memfd_create("relcheck-shelf")  # Linux alone has it
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
