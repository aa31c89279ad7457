"""Scores of class maps by labels: pixel accuracy, and mean intersection over union (mIoU).

The mIoU of a data set is usually *pooled*: intersections and unions are summed over all images
before they are divided, which no sum over images can give. A campaign needs a score per image; that
of `iou_scores` is the mean over the classes that the image's label shows, and their mean over
images is the mIoU^I of Wang et al., "Revisiting Evaluation Metrics for Semantic Segmentation:
Optimization and Evaluation of Fine-grained Intersection over Union" (NeurIPS 2023). It gives small
objects and images with few classes more weight than the pooled figure does. `PixelCounts` gives
the pooled figure, and adds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

UNITS = 1_000_000
"""Scores are whole numbers of 1 / UNITS."""
IGNORED = 255
"""Label of pixels that do not count."""

Maps = npt.NDArray[Any]
Scores = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class PixelCounts:
    """Pixels of each class, summed over images; additive.

    Attributes:
        both: int64 (classes,), pixels of the class in label and answer.
        either: int64 (classes,), those in label or answer.
    """

    both: Counts
    either: Counts

    def __add__(self, other: "PixelCounts") -> "PixelCounts":
        """Sums over the images of both; they are of as many classes."""
        return PixelCounts(self.both + other.both, self.either + other.either)

    @property
    def class_iou(self) -> npt.NDArray[np.float64]:
        """float64 (classes,); NaN for a class that neither labels nor answers show."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.both / self.either)

    @property
    def mean_iou(self) -> float:
        """The pooled mIoU: mean over the classes that labels or answers show; NaN of none."""
        shown = self.either > 0
        return float(self.class_iou[shown].mean()) if shown.any() else float("nan")

    @property
    def worst_class(self) -> int | None:
        """The class with the lowest IoU, the first of equal ones; None if no class is shown."""
        return int(np.nanargmin(self.class_iou)) if (self.either > 0).any() else None


def pixel_counts(answers: Maps, labels: Maps, classes: int, ignored: int = IGNORED) -> PixelCounts:
    """Counts over all images of a batch.

    Args:
        answers: integers (images, height, width); those beyond ``classes`` are of no class.
        labels: integers of the same shape.
        classes: number of classes.
        ignored: label of pixels that do not count.
    """
    both, label, answer = _by_image(answers, labels, classes, ignored)
    total = both.sum(axis=0)
    return PixelCounts(total, (label + answer).sum(axis=0) - total)


def accuracy_scores(answers: Maps, labels: Maps, ignored: int = IGNORED) -> Scores:
    """Share of right pixels of each image; 1 for an image of which no pixel counts.

    Args:
        answers: integers (images, height, width).
        labels: integers of the same shape.
        ignored: label of pixels that do not count.

    Returns:
        int64 (images,), in units of 1 / `UNITS`, rounded.
    """
    counts = (labels != ignored).reshape(len(labels), -1)
    right = (answers == labels).reshape(len(labels), -1) & counts
    return _units(right.sum(axis=1), counts.sum(axis=1))


def iou_scores(answers: Maps, labels: Maps, classes: int, ignored: int = IGNORED) -> Scores:
    """Mean IoU of each image over the classes that its label shows; 1 if it shows none.

    A class that the answer shows and the label does not is no term of its own; its pixels are
    missing from the classes that the label has there.

    Args:
        answers: integers (images, height, width); those beyond ``classes`` are of no class.
        labels: integers of the same shape.
        classes: number of classes.
        ignored: label of pixels that do not count.

    Returns:
        int64 (images,), in units of 1 / `UNITS`, rounded.
    """
    both, label, answer = _by_image(answers, labels, classes, ignored)
    shown = label > 0
    iou = np.where(shown, both / np.maximum(label + answer - both, 1), 0.0)
    return _units(iou.sum(axis=1), shown.sum(axis=1))


def class_scores(
    answers: Maps, labels: Maps, classes: int, ignored: int = IGNORED
) -> tuple[npt.NDArray[np.bool_], Scores]:
    """IoU of each class in each image whose label shows it.

    Args:
        answers: integers (images, height, width); those beyond ``classes`` are of no class.
        labels: integers of the same shape.
        classes: number of classes.
        ignored: label of pixels that do not count.

    Returns:
        bool (images, classes), where a label shows a class; int64 (images, classes), its IoU in
        units of 1 / `UNITS`, rounded, 0 where it is not shown.
    """
    both, label, answer = _by_image(answers, labels, classes, ignored)
    shown = label > 0
    return shown, np.where(shown, _units(both, label + answer - both), 0)


def _units(parts: npt.NDArray[Any], wholes: npt.NDArray[Any]) -> Scores:
    """Quotients in units of 1 / `UNITS`; 1 where the whole is 0."""
    share = np.where(wholes > 0, parts / np.maximum(wholes, 1), 1.0)
    scores: Scores = np.rint(share * UNITS).astype(np.int64)
    return scores


def _by_image(
    answers: Maps, labels: Maps, classes: int, ignored: int
) -> tuple[Counts, Counts, Counts]:
    """Pixels of each image and class in label and answer, in the label, in the answer."""
    images = len(labels)
    counts = (labels != ignored) & (labels >= 0) & (labels < classes)
    known = (answers >= 0) & (answers < classes)
    # A row of the histogram per image.
    row = np.arange(images).reshape(-1, 1, 1) * classes

    def histogram(maps: Maps, taken: npt.NDArray[np.bool_]) -> Counts:
        places = (maps.astype(np.int64) + row)[taken]
        return np.bincount(places, minlength=images * classes).reshape(images, classes)

    both = histogram(labels, counts & (answers == labels))
    return both, histogram(labels, counts), histogram(answers, counts & known)
