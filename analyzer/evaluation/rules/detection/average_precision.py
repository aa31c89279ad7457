"""Scores of boxes by labels, image by image: average precision (AP) and F1.

The AP of a data set pools the boxes of all images before it ranks them by score, which no sum over
images can give. A campaign needs a score per image. That of `precision_scores` is the AP that
COCO's protocol gives to a data set of this image alone, at one IoU: the mean over the classes that
the image's label shows of the precision, made monotone, at recalls 0, 0.01, ..., 1 (Lin et al.,
"Microsoft COCO", 2014; `pycocotools`). Only boxes that the decision rule counts are ranked.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.evaluation.rules.detection.boxes import Bools, Detections, Floats, Ints, overlap
from analyzer.evaluation.rules.pixel_scores import UNITS, Scores

PAD = -1
"""Class of a row of labels that holds no box."""
RECALLS = np.linspace(0, 1, 101)
BOXES_PER_CLASS = 100
"""Of an image, the highest scores first; as COCO has it."""

BoxLabels = npt.NDArray[Any]
"""Numbers (images, boxes, 5): x1, y1, x2, y2, class; `PAD` as the class of no box."""


def precision_scores(found: Detections, labels: BoxLabels, iou: float = 0.5) -> Scores:
    """Average precision of each image.

    An image without a labelled box scores 1 if no box is found in it, else 0. A found box of a
    class that the label does not show costs nothing otherwise, as in COCO's protocol.

    Args:
        found: boxes of a batch, in the order of `Detections.ordered`.
        labels: numbers (images, boxes, 5); see `BoxLabels`.
        iou: overlap from which on a found box is a labelled one.

    Returns:
        int64 (images,), in units of 1 / `UNITS`, rounded.
    """
    return _units(
        [_image_precision(found.of(i), _boxes(rows), iou) for i, rows in enumerate(labels)]
    )


def f1_scores(found: Detections, labels: BoxLabels, iou: float = 0.5) -> Scores:
    """F1 of each image: twice its true boxes over its found and labelled ones.

    An image without any box, found or labelled, scores 1.

    Args:
        found: boxes of a batch, in the order of `Detections.ordered`.
        labels: numbers (images, boxes, 5); see `BoxLabels`.
        iou: overlap from which on a found box is a labelled one.

    Returns:
        int64 (images,), in units of 1 / `UNITS`, rounded.
    """
    shares = []
    for image, rows in enumerate(labels):
        boxes, truth = found.of(image), _boxes(rows)
        hits = sum(int(hit.sum()) for _, hit in _hits(boxes, truth, iou))
        both = len(boxes) + len(truth)
        shares.append(2 * hits / both if both else 1.0)
    return _units(shares)


def _boxes(rows: npt.NDArray[Any]) -> Floats:
    """Labelled boxes without padding: float64 (boxes, 5)."""
    boxes: Floats = rows[rows[:, 4] != PAD].astype(np.float64)
    return boxes


def _hits(found: Detections, truth: Floats, iou: float) -> list[tuple[int, Bools]]:
    """For each labelled class how many boxes are labelled, and which of the found ones are true.

    From the highest score on each found box takes the labelled box of its class that it overlaps
    most, of those that are free; of equal overlaps the last, as COCO's code does.
    """
    result = []
    for number in np.unique(truth[:, 4]):
        labelled = truth[truth[:, 4] == number, :4]
        mine = found.chosen(np.flatnonzero(found.classes == number)[:BOXES_PER_CLASS])
        overlaps = overlap(mine.boxes[:, None], labelled)
        hit = np.zeros(len(mine), bool)
        for place, row in enumerate(overlaps):
            last = len(row) - 1 - int(row[::-1].argmax())
            if row[last] >= min(iou, 1 - 1e-10):
                hit[place] = True
                overlaps[:, last] = -1
        result.append((len(labelled), hit))
    return result


def _image_precision(found: Detections, truth: Floats, iou: float) -> float:
    if not len(truth):
        return float(not len(found))
    each = [_class_precision(hit, labelled) for labelled, hit in _hits(found, truth, iou)]
    return float(np.mean(each))


def _class_precision(hit: Bools, labelled: int) -> float:
    """Precision at each of `RECALLS`, the highest at this recall or a higher one; their mean."""
    true: Ints = np.cumsum(hit)
    precision = true / np.arange(1, len(hit) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(true / labelled, RECALLS, side="left")
    return float(np.r_[envelope, 0.0][places].mean())


def _units(shares: list[float]) -> Scores:
    scores: Scores = np.rint(np.array(shares, np.float64) * UNITS).astype(np.int64)
    return scores
