"""Boxes of a batch: those of all images in one table, and how much they overlap."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]
"""float64 (n, 4): x1, y1, x2, y2, in units of the model's own."""
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes found in a batch of images, in one table.

    Attributes:
        image: int64 (n,), number of the image within the batch, ascending.
        boxes: float64 (n, 4), corners x1, y1, x2, y2.
        scores: float64 (n,), descending within an image.
        classes: int64 (n,).
    """

    image: Ints
    boxes: Boxes
    scores: Floats
    classes: Ints

    def __len__(self) -> int:
        """Number of boxes of all images."""
        return len(self.image)

    def chosen(self, places: Ints | Bools) -> "Detections":
        """Those at some places, in their order."""
        return Detections(
            self.image[places], self.boxes[places], self.scores[places], self.classes[places]
        )

    def ordered(self) -> "Detections":
        """The same by image and falling score; of equal scores the first stays first."""
        return self.chosen(np.lexsort((-self.scores, self.image)))

    def best(self, limit: int) -> "Detections":
        """The first ``limit`` boxes of each image; `ordered` comes before."""
        return self.chosen(rank_in_image(self.image) < limit)

    def of(self, image: int) -> "Detections":
        """The boxes of one image."""
        first, last = np.searchsorted(self.image, [image, image + 1])
        return self.chosen(np.arange(first, last))

    def counts(self, images: int) -> Ints:
        """Boxes of each image: int64 (images,)."""
        return np.bincount(self.image, minlength=images).astype(np.int64)


def rank_in_image(image: Ints) -> Ints:
    """The place of each row among those of its image.

    >>> rank_in_image(np.array([0, 0, 2, 2, 2])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(len(image)) - np.searchsorted(image, image)


def corners(boxes: npt.NDArray[Any]) -> Boxes:
    """Corners of boxes that are given by center, width and height.

    Args:
        boxes: numbers (n, 4): center x, center y, width, height.

    >>> corners(np.array([[5.0, 5.0, 4.0, 2.0]])).tolist()
    [[3.0, 4.0, 7.0, 6.0]]
    """
    middle, half = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64) / 2
    with np.errstate(invalid="ignore", over="ignore"):
        return np.hstack((middle - half, middle + half))


def overlap(first: Boxes, second: Boxes) -> Floats:
    """Intersection over union (IoU) of boxes, pair by pair.

    Equal boxes overlap by 1 even if they have no area. A box with NaN overlaps with none, nor does
    one whose corners are swapped unless it is equal.

    Args:
        first: float64 (..., 4), corners.
        second: float64 (..., 4), broadcast against the first.

    Returns:
        float64 (...,), from 0 to 1.

    >>> a = np.array([0.0, 0.0, 2.0, 2.0])
    >>> float(overlap(a, np.array([1.0, 0.0, 3.0, 2.0]))), float(overlap(a, a))
    (0.3333333333333333, 1.0)
    """
    with np.errstate(all="ignore"):
        low = np.maximum(first[..., :2], second[..., :2])
        high = np.minimum(first[..., 2:], second[..., 2:])
        common = _area(high - low)
        union = _area(first[..., 2:] - first[..., :2]) + _area(second[..., 2:] - second[..., :2])
        share = common / (union - common)
    share = np.where(share > 0, np.minimum(share, 1), 0.0)  # NaN is not greater than 0
    return np.where((first == second).all(axis=-1), 1.0, share)


def _area(sides: Floats) -> Floats:
    positive = np.maximum(sides, 0)
    return np.asarray(positive[..., 0] * positive[..., 1])
