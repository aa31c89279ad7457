"""Large arrays in a file without a name: memory that processes share and the system may take back.

The file is gone with the process that made it, however that ends. Other processes of this machine
reach it through that one while it lives.
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
"""Bytes; what ONNX Runtime aligns its own buffers to."""

Bytes = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]


PIECE = 2**20
"""Bytes that are compared at a time."""


def first_difference(one: Bytes, other: Bytes) -> int | None:
    """Where two blocks of equal size first differ; None if nowhere.

    Piece by piece, for a comparison takes as much memory as it compares.
    """
    for begin in range(0, len(one), PIECE):
        part = slice(begin, begin + PIECE)
        if not np.array_equal(one[part], other[part]):
            return begin + int(np.flatnonzero(one[part] != other[part])[0])
    return None


@dataclass(frozen=True, slots=True)
class Span:
    """Where one array stands.

    Attributes:
        start: Its first byte.
        dtype: Its element type.
        shape: Its shape.
    """

    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def of(self, block: Bytes) -> Array:
        """The array, as a view of ``block``."""
        return block[self.start : self.start + self.size].view(self.dtype).reshape(self.shape)


def spans_of(arrays: Mapping[str, Array]) -> tuple[dict[str, Span], int]:
    """A place for each array, aligned, one behind the other; and the bytes of all."""
    spans, size = {}, 0
    for name, array in arrays.items():
        spans[name] = Span(size, array.dtype, array.shape)
        size += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    return spans, size


@dataclass(frozen=True)
class ArrayFile:
    """Arrays in one file.

    Attributes:
        path: Where any process of this machine finds it.
        spans: Where each array stands.
        stream: In the process that made it: what keeps it.
    """

    path: str
    spans: dict[str, Span]
    stream: BinaryIO | None = field(default=None, compare=False, repr=False)

    @staticmethod
    def of(arrays: Mapping[str, Array], hot: bool = False) -> "ArrayFile":
        """A new file with these contents.

        Args:
            arrays: by name.
            hot: whether they are looked at all the time, so that memory holds them anyway.

        Raises:
            UnwritableOutput: there is no room for it.
        """
        spans, _ = spans_of(arrays)
        stream = nameless_file(list(_padded(arrays.values())), hot)
        return ArrayFile(path_of(stream), spans, stream)

    def __reduce__(self) -> tuple[type["ArrayFile"], tuple[str, dict[str, Span]]]:
        """Travels as a path."""
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
        """Give back what memory `block` takes here; it is read again where it is looked at."""
        leave(self.block)

    def private(self) -> Bytes:
        """The whole file, to be written to: what is written stays here. uint8 (n,).

        Pages that are not written to are the file's, and shared by all who map it.
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
        """Where ``content`` begins in this file, if it is a part of `block`."""
        if "block" not in self.__dict__ or not content.nbytes:
            return None
        start = np.frombuffer(content, np.uint8).ctypes.data - self.block.ctypes.data
        return start if 0 <= start <= len(self.block) - content.nbytes else None


def mapping_of(array: Array) -> mmap.mmap | None:
    """The mapping of a file of which ``array`` is a view; None if it is none."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) else None


def leave(array: Array) -> None:
    """Give back the memory of the file of which ``array`` is a view, if it is one.

    Where it is looked at it is read again. Of a private mapping, what was written there is lost,
    or not: other systems than Linux keep it.
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
    """A file that is gone with this process, or when it is closed, with these contents.

    Args:
        parts: one behind the other.
        hot: whether memory may hold it, which the system then cannot take back.

    Raises:
        UnwritableOutput: there is no room for it.
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
    """Where any process of this machine finds an open file of this one."""
    return f"/proc/{os.getpid()}/fd/{stream.fileno()}"
