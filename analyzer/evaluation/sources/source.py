"""Labelled images as they are stored, each decoded when it is asked for.

A source knows no model: training takes images from it, in any order and as often as it likes; a
reader (`analyzer.evaluation.readers`) prepares them for an ONNX model. So a data set of any size
needs the memory of the images that are in use.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]
"""(rows, columns, channels): uint8 for pictures; uint8, uint16 or float32 for bands of a sensor."""
Mask = npt.NDArray[np.uint8]
"""(rows, columns): the class of each pixel, 255 for none."""


class ImageSource(Protocol):
    """Images with a class each, or with none."""

    @property
    def name(self) -> str:
        """The name in messages and reports."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their numbers; empty: they have no names."""

    @property
    def labels(self) -> npt.NDArray[np.int64] | None:
        """int64 (n,), the class of each image; None: they have no class each."""

    @property
    def sha256(self) -> str:
        """Digest of the images and labels, or of names, sizes and labels of large sets of files."""

    def __len__(self) -> int:
        """Number of images."""

    def image(self, index: int, /) -> Image:
        """One image as it is stored; sizes may differ from image to image.

        Raises:
            BadData: it cannot be read, or its file is no longer what it was.
        """


class MaskedSource(ImageSource, Protocol):
    """Images with a class for each pixel."""

    def mask(self, index: int, /) -> Mask:
        """The classes of one image's pixels, as large as the image.

        Raises:
            BadData: it cannot be read, or is of another size, or holds an unknown class.
        """


@dataclass(frozen=True, slots=True)
class ArraySource:
    """Images that are in memory.

    Attributes:
        name: In messages and reports.
        images: (n, rows, columns, channels).
        labels: int64 (n,); None: they have no class each.
        sha256: Digest of both.
        classes: Names of the classes; empty: they have none.
        masks: uint8 (n, rows, columns); None: there are none.
        note: How it came about.
    """

    name: str
    images: Image
    labels: npt.NDArray[np.int64] | None
    sha256: str
    classes: tuple[str, ...] = ()
    masks: npt.NDArray[np.uint8] | None = None
    note: str = ""

    @property
    def masked(self) -> bool:
        """True if each image has a mask."""
        return self.masks is not None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def image(self, index: int) -> Image:
        """One image.

        Args:
            index: from 0.
        """
        return np.asarray(self.images[index])

    def mask(self, index: int) -> Mask:
        """The classes of one image's pixels.

        Args:
            index: from 0.

        Raises:
            ValueError: the images have none.
        """
        if self.masks is None:
            raise ValueError(f"the images of {self.name} have no masks")
        return np.asarray(self.masks[index])


@dataclass(frozen=True, slots=True)
class ChosenImages:
    """Some images of another source.

    Attributes:
        source: All of them.
        rows: int64 (m,), which of them, in order.
    """

    source: ImageSource
    rows: npt.NDArray[np.int64]

    @property
    def name(self) -> str:
        """That of the source."""
        return self.source.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the source."""
        return self.source.classes

    @property
    def labels(self) -> npt.NDArray[np.int64] | None:
        """int64 (m,), or None."""
        labels = self.source.labels
        return None if labels is None else labels[self.rows]

    @property
    def sha256(self) -> str:
        """Digest of that of the source and of the rows."""
        rows = np.ascontiguousarray(self.rows, "<i8").tobytes()
        return hashlib.sha256(self.source.sha256.encode() + rows).hexdigest()

    def __len__(self) -> int:
        """Number of images."""
        return len(self.rows)

    def image(self, index: int) -> Image:
        """One image.

        Args:
            index: from 0, among those that were chosen.
        """
        return self.source.image(int(self.rows[index]))

    def mask(self, index: int) -> Mask:
        """The classes of one image's pixels, of a source that has them.

        Args:
            index: from 0, among those that were chosen.
        """
        return cast(MaskedSource, self.source).mask(int(self.rows[index]))
