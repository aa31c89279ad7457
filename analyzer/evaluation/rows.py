"""Rows of an input that are made when they are asked for: of data sets larger than memory.

An array in memory has rows, too: whoever takes rows by index need not know which it is.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData
from analyzer.evaluation.preprocess import Target, as_nhwc, final_size, prepare
from analyzer.model import Preprocessing

Array = npt.NDArray[Any]
Indices = Sequence[int] | npt.NDArray[np.int64]


class InputRows(Protocol):
    """Rows of one input: an array, or what makes one of them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, ...) of all rows together."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type of the rows."""

    def __len__(self) -> int:
        """Number of rows."""

    def __getitem__(self, rows: Any, /) -> Any:
        """The rows of these indices: an array (len(rows), ...) of `dtype`."""


def size_of(rows: InputRows) -> int:
    """Bytes that all rows together take in memory."""
    return int(np.prod(rows.shape, dtype=np.int64)) * rows.dtype.itemsize


def whole(rows: InputRows) -> Array:
    """All rows, in memory."""
    return rows if isinstance(rows, np.ndarray) else np.asarray(rows[np.arange(len(rows))])


def chosen(rows: InputRows, indices: Indices) -> InputRows:
    """Some rows, which stay where they are unless they are in memory.

    Args:
        rows: all of them.
        indices: of those that are wanted, in order.
    """
    wanted = np.asarray(indices, np.int64)
    return rows[wanted] if isinstance(rows, np.ndarray) else ChosenRows(rows, wanted)


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """Some rows of others."""

    source: InputRows
    indices: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, ...)."""
        return len(self.indices), *self.source.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""
        return self.source.dtype

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.indices)

    def __getitem__(self, rows: Indices) -> Array:
        return np.asarray(self.source[self.indices[np.asarray(rows, np.int64)]])


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """uint8 images that become inputs when they are asked for.

    Attributes:
        images: uint8 (n, ...).
        order: Of their axes, as `order_of` finds it.
        target: What they become.
        preprocessing: How.
    """

    images: InputRows
    order: str
    target: Target
    preprocessing: Preprocessing

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, channels, rows, columns) or (n, rows, columns, channels)."""
        size = final_size(*self.size, self.target, self.preprocessing)
        return len(self), *self.target.item(*size)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the images as they are stored."""
        first = 2 if self.order == "NCHW" else 1
        rows, columns = self.images.shape[first : first + 2]
        return rows, columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the model's input."""
        return np.dtype(self.target.dtype)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def __getitem__(self, rows: Indices) -> Array:
        images = np.asarray(self.images[np.asarray(rows, np.int64)])
        return prepare(as_nhwc(images, self.order), self.target, self.preprocessing)


@dataclass(frozen=True, slots=True)
class CastRows:
    """Numbers that take the element type of the input when they are asked for."""

    source: InputRows
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, ...)."""
        return self.source.shape

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.source)

    def __getitem__(self, rows: Indices) -> Array:
        with np.errstate(over="ignore"):  # infinity, as the model would make of it
            return np.asarray(self.source[np.asarray(rows, np.int64)]).astype(self.dtype)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Marks by which a file is known to be the one that was read at first."""

    size: int
    changed: int

    @staticmethod
    def of(path: Path | str) -> "Stamp":
        """That of a file now.

        Raises:
            OSError: it cannot be looked at.
        """
        found = os.stat(path)
        return Stamp(found.st_size, found.st_mtime_ns)


def check_unchanged(path: Path | str, name: str, stamp: Stamp) -> None:
    """Refuse a file that is no longer what was digested and judged at first.

    Args:
        path: of the file.
        name: what a message calls it.
        stamp: what it was at first.

    Raises:
        BadData: it is another, or gone.
    """
    try:
        same = Stamp.of(path) == stamp
    except OSError:
        same = False
    if not same:
        raise BadData(
            f"{name} was changed or removed while it was in use; leave a data set alone until the "
            "run is finished, and have every worker find it under the same path"
        )


@dataclass(frozen=True)
class StoredRows:
    """An array that stands in a file, row behind row.

    Rows are read, not mapped: the address space of a process is limited (`analyzer.cli.guard`).

    Attributes:
        path: Of the file.
        name: What messages call it.
        start: Where the first row begins, in bytes.
        shape: (n, ...).
        dtype: Element type, in the file's byte order.
        stamp: What the file was when it was opened first; None: no one else can change it.
        stream: In the process that made the file: what keeps it.
    """

    path: str
    name: str
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stamp: Stamp | None
    stream: BinaryIO | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[type["StoredRows"], tuple[Any, ...]]:
        """Travels as a path."""
        every = (self.path, self.name, self.start, self.shape, self.dtype, self.stamp)
        return StoredRows, every

    def __len__(self) -> int:
        """Number of rows."""
        return self.shape[0]

    def __getitem__(self, rows: Indices) -> Array:
        wanted = np.asarray(rows, np.int64)
        found = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        places = found.reshape(len(wanted), -1).view(np.uint8)
        each = places.shape[1]
        if self.stamp is not None:
            check_unchanged(self.path, self.name, self.stamp)
        try:
            with open(self.path, "rb", buffering=0) as stream:
                for place, row in zip(places, wanted.tolist(), strict=True):
                    self._fill(stream.fileno(), place, self.start + row * each)
        except OSError as error:
            raise BadData(f"{self.name} cannot be read: {error.strerror}") from error
        return found

    def _fill(self, file: int, place: npt.NDArray[np.uint8], position: int) -> None:
        rest = place.data
        while rest:
            count = os.preadv(file, [rest], position)
            if not count:
                raise BadData(f"{self.name} is cut short")
            rest, position = rest[count:], position + count
