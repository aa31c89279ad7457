"""Pictures of a folder as rows of an input: in memory, or decoded whenever a batch is run."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, DataMismatch
from analyzer.evaluation.lookahead import map_ahead
from analyzer.evaluation.preprocess import Target, final_size, is_stretched, prepare
from analyzer.evaluation.readers.folder_tree import name_some
from analyzer.evaluation.readers.pictures import (
    Picture,
    Remark,
    UnreadablePicture,
    decode,
    read_bytes,
)
from analyzer.evaluation.rows import Indices, InputRows, Stamp, check_unchanged
from analyzer.model import Preprocessing, limits

THREADS = 4
"""Pictures that are decoded at the same time."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class PictureRows:
    """Pictures that are decoded and prepared when they are asked for.

    Attributes:
        root: The folder, from anywhere.
        files: Their paths in it.
        stamps: What each file was when it was decoded first.
        target: What they become.
        preprocessing: How.
        item: Shape of one of them, prepared.
    """

    root: Path
    files: tuple[str, ...]
    stamps: tuple[Stamp, ...]
    target: Target
    preprocessing: Preprocessing
    item: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, channels, rows, columns) or (n, rows, columns, channels)."""
        return len(self.files), *self.item

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the model's input."""
        return np.dtype(self.target.dtype)

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.files)

    def __getitem__(self, rows: Indices) -> Array:
        found = [self._prepared(row) for row in np.asarray(rows, np.int64).tolist()]
        return np.concatenate(found) if found else np.empty((0, *self.item), self.dtype)

    def _prepared(self, row: int) -> Array:
        name = self.files[row]
        check_unchanged(self.root / name, f"image {name}", self.stamps[row])
        try:
            content = read_bytes(self.root / name)
            picture = decode(content, self.root / name, self.target.channels)
        except UnreadablePicture as error:
            raise BadData(f"image {self.root / name} cannot be read: {error}") from error
        return prepare(picture.pixels[None], self.target, self.preprocessing)


@dataclass
class PicturesRead:
    """The outcome of reading the pictures of a folder.

    Attributes:
        rows: Of those that can be read.
        kept: int64 (n,), which of the files these are.
        sha: Over path and content of each of them.
        stretched: Whether some are brought to the model's size by stretching.
        remarks: What was done to how many.
        unreadable: Paths of the others, and why.
    """

    rows: InputRows
    kept: npt.NDArray[np.int64]
    sha: "hashlib._Hash"
    stretched: bool
    remarks: Counter[Remark] = field(default_factory=Counter)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def notes(self) -> list[str]:
        """Remarks on the pictures, in half sentences."""
        told = []
        if self.unreadable:
            files = [file for file, _ in self.unreadable]
            told.append(
                f"{len(files):,} image{'s' * (len(files) > 1)} cannot be read "
                f"({self.unreadable[0][1]}) and are left out: {name_some(files)}"
            )
        for remark in Remark:
            if count := self.remarks[remark]:
                told.append(f"{count:,} image{'s' * (count > 1)} {remark}")
        return told


def read_pictures(
    root: Path, files: Sequence[str], target: Target, preprocessing: Preprocessing
) -> PicturesRead:
    """Read every picture once: decode, digest, and prepare it if all find room in memory.

    Args:
        root: the folder.
        files: paths of pictures in it, one or more.
        target: what they become.
        preprocessing: how.

    Raises:
        BadData: none of them can be read.
        TooLarge: one has more pixels than an image may have.
        DataMismatch: they end up in different sizes, or are too small for the crop.
    """
    reading = _Reading(root, files, target, preprocessing)
    for index, (file, found) in enumerate(
        zip(files, map_ahead(reading.look, files, THREADS, "relcheck-decode"), strict=True)
    ):
        reading.take(index, file, found)
    return reading.finish()


@dataclass(frozen=True, slots=True)
class _Seen:
    """One picture, decoded, with the bytes and the stamp of its file."""

    picture: Picture
    content: bytes
    stamp: Stamp


class _Reading:
    """Pictures that have been read so far."""

    def __init__(
        self, root: Path, files: Sequence[str], target: Target, preprocessing: Preprocessing
    ) -> None:
        self._root, self._files, self._target, self._how = root, files, target, preprocessing
        self._item: tuple[int, ...] | None = None
        self._prepared: list[Array] = []
        self._stamps: list[Stamp] = []
        self._kept: list[int] = []
        self._found = PicturesRead(np.empty(0), np.empty(0, np.int64), hashlib.sha256(), False)

    def look(self, file: str) -> _Seen | str:
        """One picture, or why it cannot be read."""
        path = self._root / file
        try:
            stamp, content = Stamp.of(path), read_bytes(path)
            return _Seen(decode(content, path, self._target.channels), content, stamp)
        except OSError as error:
            return error.strerror or "it cannot be opened"
        except UnreadablePicture as error:
            return str(error)

    def take(self, index: int, file: str, found: _Seen | str) -> None:
        """Take in one picture."""
        if isinstance(found, str):
            self._found.unreadable.append((file, found))
            return
        self._check_size(file, found.picture)
        self._found.sha.update(file.encode("utf-8", "surrogateescape") + b"\0")
        self._found.sha.update(found.content)
        self._found.remarks.update(found.picture.remarks)
        self._kept.append(index)
        self._stamps.append(found.stamp)
        if self._held:
            self._prepared.append(prepare(found.picture.pixels[None], self._target, self._how))

    @property
    def _held(self) -> bool:
        """True if all pictures find room in memory."""
        each = int(np.prod(self._item or (), dtype=np.int64))
        return each * np.dtype(self._target.dtype).itemsize * len(self._files) <= limits.HELD_BYTES

    def _check_size(self, file: str, picture: Picture) -> None:
        size = picture.pixels.shape[0], picture.pixels.shape[1]
        item = self._target.item(*final_size(*size, self._target, self._how))
        self._found.stretched |= is_stretched(*size, self._target, self._how)
        if self._item not in (None, item):
            raise DataMismatch(
                f"images up to {self._root / file} end up in different sizes and the model fixes "
                "none; set --resize and --crop"
            )
        self._item = item

    def finish(self) -> PicturesRead:
        """All of them."""
        found = self._found
        if self._item is None:
            file, why = found.unreadable[0]
            raise BadData(f"image {self._root / file} cannot be read: {why}")
        found.kept = np.array(self._kept, np.int64)
        if self._held:
            found.rows = np.concatenate(self._prepared)
        else:
            files = tuple(self._files[index] for index in self._kept)
            rest = (tuple(self._stamps), self._target, self._how, self._item)
            found.rows = PictureRows(self._root.absolute(), files, *rest)
        return found
