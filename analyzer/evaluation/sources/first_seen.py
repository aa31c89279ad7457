"""Marks of the files of a data set as they were when they were first read, for training.

Plain numbers in arrays: a million images take some ten megabytes.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData
from analyzer.evaluation.rows import Stamp

Numbers = npt.NDArray[np.int64]
NEVER = -1


@dataclass(slots=True)
class FirstSeen:
    """Sizes and times of change by image and file, and sizes in pixels; empty until one is kept."""

    _files: dict[int, Numbers] = field(default_factory=dict)
    _shapes: Numbers | None = None

    def keep(
        self, index: int, stamps: tuple[Stamp, ...], shape: tuple[int, int], images: int, name: str
    ) -> None:
        """Remember an image's files, or compare them with what is remembered.

        Args:
            index: of the image.
            stamps: of its files.
            shape: rows and columns of its pixels.
            images: of the data set.
            name: of the image, for messages.

        Raises:
            BadData: a file is no longer what it was.
        """
        for place, stamp in enumerate(stamps):
            self._compare(place, index, stamp, images, name)
        if self._shapes is None:
            self._shapes = np.full((images, 2), NEVER, np.int64)
        self._shapes[index] = shape

    def keep_mask(self, index: int, stamp: Stamp, images: int, name: str) -> None:
        """The same for its mask.

        Args:
            index: of the image.
            stamp: of the mask's file.
            images: of the data set.
            name: of the mask, for messages.

        Raises:
            BadData: it is no longer what it was.
        """
        self._compare(NEVER, index, stamp, images, name)

    def shape(self, index: int) -> tuple[int, int] | None:
        """Rows and columns of an image that was looked at; None: it was not."""
        if self._shapes is None or self._shapes[index, 0] == NEVER:
            return None
        rows, columns = self._shapes[index].tolist()
        return rows, columns

    def _compare(self, place: int, index: int, stamp: Stamp, images: int, name: str) -> None:
        if place not in self._files:
            self._files[place] = np.full((images, 2), NEVER, np.int64)
        known = self._files[place][index]
        if known[0] == NEVER:
            self._files[place][index] = stamp.size, stamp.changed
        elif known.tolist() != [stamp.size, stamp.changed]:
            raise BadData(
                f"{name} was changed while it was in use; leave a data set alone until the run is "
                "finished"
            )
