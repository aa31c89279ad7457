"""Large arrays in a file without a name: memory that processes share and the system may take back.

The file is gone with the process that made it, however that process ends. While it lives, other
processes of this machine open the file through its list of open files.
"""

import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from analyzer.errors import UnwritableOutput
from analyzer.memory.scratch import SCRATCH

ALIGNMENT = 64
"""Bytes; ONNX Runtime aligns its own buffers to as many."""

Bytes = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]


PIECE = 2**20
"""Bytes that are compared at a time."""


def first_difference(one: Bytes, other: Bytes) -> int | None:
    """Position of the first difference of two blocks; None if they are equal.

    The blocks are compared piece by piece, because numpy takes memory of the size it compares.

    Args:
        one: uint8 (n,).
        other: uint8 (n,).

    >>> first_difference(np.array([1, 2, 3], np.uint8), np.array([1, 2, 4], np.uint8))
    2
    """
    for begin in range(0, len(one), PIECE):
        part = slice(begin, begin + PIECE)
        if not np.array_equal(one[part], other[part]):
            return begin + int(np.flatnonzero(one[part] != other[part])[0])
    return None


@dataclass(frozen=True, slots=True)
class Span:
    """The place of one array in a block of bytes.

    Attributes:
        start: Position of the first byte.
        dtype: Element type.
        shape: Shape.
    """

    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def of(self, block: Bytes) -> Array:
        """The array, as a view of ``block``, uint8 (n,)."""
        return block[self.start : self.start + self.size].view(self.dtype).reshape(self.shape)


def spans_of(arrays: Mapping[str, Array]) -> tuple[dict[str, Span], int]:
    """A place for each array, one behind the other.

    Args:
        arrays: by name.

    Returns:
        The places by name, each aligned to `ALIGNMENT`, and the bytes of all together.
    """
    spans, size = {}, 0
    for name, array in arrays.items():
        spans[name] = Span(size, array.dtype, array.shape)
        size += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    return spans, size


@dataclass(frozen=True)
class ArrayFile:
    """Arrays in one file.

    Attributes:
        path: Path at which any process of this machine opens the file.
        spans: Place of each array, by name.
        stream: In the process that made the file: the open file that keeps it.
    """

    path: str
    spans: dict[str, Span]
    stream: BinaryIO | None = field(default=None, compare=False, repr=False)

    @staticmethod
    def of(arrays: Mapping[str, Array], hot: bool = False) -> "ArrayFile":
        """A new file with these contents.

        Args:
            arrays: by name.
            hot: True for arrays that are read all the time, so that memory holds them anyway.

        Raises:
            UnwritableOutput: there is no room for the file.
        """
        spans, _ = spans_of(arrays)
        stream = nameless_file(list(_padded(arrays.values())), hot)
        return ArrayFile(path_of(stream), spans, stream)

    def __reduce__(self) -> tuple[type["ArrayFile"], tuple[str, dict[str, Span]]]:
        """Pickled as a path."""
        return ArrayFile, (self.path, self.spans)

    @property
    def size(self) -> int:
        """Bytes of the arrays."""
        return sum(span.size for span in self.spans.values())

    @cached_property
    def block(self) -> Bytes:
        """The whole file, read-only: uint8 (n,)."""
        return np.frombuffer(self._golden, np.uint8)

    @cached_property
    def _golden(self) -> mmap.mmap:
        return self._mapped(mmap.ACCESS_READ)

    def leave(self) -> None:
        """Give back the memory that `block` takes here; the file is read again where it is used."""
        leave(self.block)

    def private(self) -> Bytes:
        """A copy-on-write view of the whole file, uint8 (n,): changes stay in this process.

        Pages that are not written to are the file's, shared by all processes that map it.
        """
        return np.frombuffer(self._mapped(mmap.ACCESS_COPY), np.uint8)

    def _mapped(self, access: int) -> mmap.mmap:
        if self.stream is not None:
            return mmap.mmap(self.stream.fileno(), 0, access=access)
        with open(self.path, "rb") as stream:
            return mmap.mmap(stream.fileno(), 0, access=access)

    def arrays(self) -> dict[str, Array]:
        """The arrays, read-only."""
        return {name: span.of(self.block) for name, span in self.spans.items()}

    def place_of(self, content: memoryview) -> int | None:
        """Position of ``content`` in this file; None if it is no part of `block`."""
        if "block" not in self.__dict__ or not content.nbytes:
            return None
        start = np.frombuffer(content, np.uint8).ctypes.data - self.block.ctypes.data
        return start if 0 <= start <= len(self.block) - content.nbytes else None


def mapping_of(array: Array) -> mmap.mmap | None:
    """The mapping of a file of which ``array`` is a view; None if it is a view of no file."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) else None


def leave(array: Array) -> None:
    """Give back the memory of the file of which ``array`` is a view, if it is a view of a file.

    The system reads the file again where the array is used. Changes in a private mapping are lost
    on Linux; other systems keep them.
    """
    mapping = mapping_of(array)
    if mapping is not None and hasattr(mapping, "madvise"):
        mapping.madvise(mmap.MADV_DONTNEED)


def _padded(arrays: Iterable[Array]) -> Iterator[bytes | memoryview]:
    for array in arrays:
        yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        yield bytes(-array.nbytes % ALIGNMENT)
    yield bytes(ALIGNMENT)  # no file is empty: that could not be mapped


def nameless_file(parts: Sequence[bytes | memoryview], hot: bool = False) -> BinaryIO:
    """A new file without a name: it is gone when it is closed, or with this process.

    Args:
        parts: contents, one behind the other.
        hot: True if the file may lie in memory, which the system then cannot take back.

    Raises:
        UnwritableOutput: there is no room for the file.
    """
    folder = SCRATCH.folder_for(sum(map(len, parts))) if hot else None
    try:
        stream: BinaryIO = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115  # the caller closes it
        for part in parts:
            rest = memoryview(part)
            while rest:  # one call may write less, where it is much or the disk is nearly full
                rest = rest[stream.write(rest) :]
    except OSError as error:
        raise UnwritableOutput(
            f"the folder for temporary files, {tempfile.gettempdir()}, cannot take the "
            f"{sum(map(len, parts)):,} bytes of model and data ({error.strerror}); set TMPDIR "
            "to another"
        ) from error
    return stream


def path_of(stream: BinaryIO) -> str:
    """Path at which any process of this machine opens an open file of this process."""
    return f"/proc/{os.getpid()}/fd/{stream.fileno()}"
