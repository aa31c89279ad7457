"""Images of files as rows of a model's inputs: in memory, or decoded whenever a batch is run."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, DataMismatch, TooLarge
from analyzer.evaluation.lookahead import map_ahead
from analyzer.evaluation.preprocess import final_size, is_stretched, prepare, prepare_mask
from analyzer.evaluation.readers.feeds import Feed
from analyzer.evaluation.rows import Indices, InputRows, Stamp
from analyzer.evaluation.sources.file_images import ImageFiles, Seen
from analyzer.evaluation.sources.folder_tree import name_some
from analyzer.evaluation.sources.pictures import Remark, UnreadablePicture
from analyzer.model import limits

THREADS = 4
"""Images that are decoded at the same time."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class SourceRows:
    """Images that are decoded and prepared when they are asked for.

    Attributes:
        source: All of them, with paths that are right anywhere.
        kept: Which of them are rows.
        stamps: What the files of each row were when they were decoded first.
        feed: The input, and what goes to it.
        item: Shape of one row.
    """

    source: ImageFiles
    kept: tuple[int, ...]
    stamps: tuple[tuple[Stamp, ...], ...]
    feed: Feed
    item: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, channels, rows, columns) or (n, rows, columns, channels)."""
        return len(self.kept), *self.item

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the model's input."""
        return np.dtype(self.feed.target.dtype)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.kept)

    def __getitem__(self, rows: Indices) -> Array:
        found = [self._prepared(row) for row in np.asarray(rows, np.int64).tolist()]
        return np.concatenate(found) if found else np.empty((0, *self.item), self.dtype)

    def _prepared(self, row: int) -> Array:
        index = self.kept[row]
        self.source.check(index, self.stamps[row])
        try:
            seen = self.source.look(index)
        except UnreadablePicture as error:
            place = self.source.place(index)
            raise BadData(f"image {place} cannot be read: {error}") from error
        return _fed(seen, self.feed)


def _fed(seen: Seen, feed: Feed) -> Array:
    """One row of an input: (1, ...)."""
    parts = [seen.parts[place] for place in feed.layers]
    image = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
    return prepare(image[None], feed.target, feed.preprocessing)


@dataclass
class ImagesRead:
    """The outcome of reading images.

    Attributes:
        rows: Of each input, of those that can be read.
        masks: uint8 (n, rows, columns); None: the images have no masks.
        kept: int64 (n,), which of the images these are.
        sha: Over path and content of each of their files.
        stretched: Whether some are brought to the model's size by stretching.
        remarks: What was done to how many.
        unreadable: Paths of the others, and why.
    """

    rows: tuple[InputRows, ...]
    masks: npt.NDArray[np.uint8] | None
    kept: npt.NDArray[np.int64]
    sha: "hashlib._Hash"
    stretched: bool
    remarks: Counter[Remark] = field(default_factory=Counter)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def notes(self) -> list[str]:
        """Remarks on the images, in half sentences."""
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


def read_images(
    source: ImageFiles, rows: npt.NDArray[np.int64], feeds: Sequence[Feed]
) -> ImagesRead:
    """Read every image once: decode, digest, and prepare it if all find room in memory.

    Args:
        source: the images.
        rows: int64 (m,), those that are wanted, one or more.
        feeds: the inputs, and what goes to each.

    Raises:
        BadData: none of them can be read, or a mask is not as it must be.
        TooLarge: one has more pixels than an image may have, or the masks more than memory.
        DataMismatch: they end up in different sizes, or are too small for the crop.
    """
    reading = _Reading(source, len(rows), feeds)
    indices = rows.tolist()
    found = map_ahead(reading.look, indices, THREADS, "relcheck-decode")
    for index, seen in zip(indices, found, strict=True):
        reading.take(index, seen)
    return reading.finish(int(indices[0]))


class _Reading:
    """Images that have been read so far."""

    def __init__(self, source: ImageFiles, count: int, feeds: Sequence[Feed]) -> None:
        self._source, self._count, self._feeds = source, count, feeds
        self._items: list[tuple[int, int, int]] = []
        self._prepared: list[list[Array]] = [[] for _ in feeds]
        self._masks: list[npt.NDArray[np.uint8]] = []
        self._stamps: list[tuple[Stamp, ...]] = []
        self._kept: list[int] = []
        self._found = ImagesRead((), None, np.empty(0, np.int64), hashlib.sha256(), False)

    def look(self, index: int) -> Seen | str:
        """One image, or why it cannot be read."""
        try:
            return self._source.look(index)
        except UnreadablePicture as error:
            return str(error)

    def take(self, index: int, found: Seen | str) -> None:
        """Take in one image."""
        if isinstance(found, str):
            self._found.unreadable.append((self._source.layers[0].files[index], found))
            return
        self._check_size(index, found.shape)
        for file, content in found.contents:
            self._found.sha.update(file.encode("utf-8", "surrogateescape") + b"\0")
            self._found.sha.update(content)
        self._found.remarks.update(found.remarks)
        self._kept.append(index)
        self._stamps.append(found.stamps)
        if found.mask is not None:
            self._take_mask(found)
        if self._held:
            for prepared, feed in zip(self._prepared, self._feeds, strict=True):
                prepared.append(_fed(found, feed))

    @property
    def _held(self) -> bool:
        """True if all images find room in memory."""
        each = sum(
            int(np.prod(item, dtype=np.int64)) * np.dtype(feed.target.dtype).itemsize
            for item, feed in zip(self._items, self._feeds, strict=True)
        )
        return each * self._count <= limits.HELD_BYTES

    def _take_mask(self, found: Seen) -> None:
        assert found.mask is not None, "who asks has looked"
        feed = self._feeds[0]
        self._masks.append(prepare_mask(found.mask, feed.target, feed.preprocessing))
        if self._masks[0].nbytes * self._count > limits.DATA_BYTES:
            raise TooLarge(
                f"the masks of {self._count:,} images take more than {limits.DATA_BYTES:,} bytes; "
                "use fewer --images"
            )

    def _check_size(self, index: int, size: tuple[int, int]) -> None:
        hows = [(feed.target, feed.preprocessing) for feed in self._feeds]
        items = [target.item(*final_size(*size, target, how)) for target, how in hows]
        self._found.stretched |= any(is_stretched(*size, target, how) for target, how in hows)
        if self._items not in ([], items):
            raise DataMismatch(
                f"images up to {self._source.place(index)} end up in different sizes and the model "
                "fixes none; set --resize and --crop"
            )
        self._items = items

    def finish(self, first: int) -> ImagesRead:
        """All of them; ``first`` is named where none can be read."""
        found = self._found
        if not self._items:
            _, why = found.unreadable[0]
            raise BadData(f"image {self._source.place(first)} cannot be read: {why}")
        found.kept = np.array(self._kept, np.int64)
        found.masks = np.stack(self._masks) if self._masks else None
        if self._held:
            found.rows = tuple(np.concatenate(prepared) for prepared in self._prepared)
        else:
            source, kept, stamps = (
                self._source.anywhere(),
                tuple(self._kept),
                tuple(self._stamps),
            )
            found.rows = tuple(
                SourceRows(source, kept, stamps, feed, item)
                for feed, item in zip(self._feeds, self._items, strict=True)
            )
        return found
