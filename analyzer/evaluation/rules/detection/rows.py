"""Final boxes, each a row of one output with box, score and class in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.evaluation.rules.detection.boxes import Detections
from analyzer.evaluation.rules.detection.convention import Convention, Values, above, detections
from analyzer.evaluation.rules.facts import OutputFacts, whole, within_unit
from analyzer.evaluation.rules.rule import Outputs


@dataclass(frozen=True, slots=True)
class Rows:
    """One table of final boxes per image: x1, y1, x2, y2, score, class (YOLOv10 and kin)."""

    name = "yolov10"
    nms_in_graph = True

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `Convention`."""
        return {}

    def unreadable(self, outputs: Outputs, images: int) -> str:
        """As in `Convention`."""
        rows = outputs[0]
        fits = rows.ndim == 3 and rows.shape[2] >= 6 and len(rows) >= images
        return "" if fits else "the first output is not (images, boxes, 6)"

    def candidates(self, outputs: Outputs, images: int, threshold: float) -> Detections:
        """As in `Convention`."""
        rows = outputs[0][:images]
        image, place = above(rows[..., 4], threshold)
        found = rows[image, place]
        return detections(image, found[:, :4], found[:, 4], found[:, 5])


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the final boxes of all images.

    Attributes:
        name: ``end-to-end``: image, x1, y1, x2, y2, class, score (YOLOv7's export with NMS).
            ``paddle``: class, score, x1, y1, x2, y2, and the number of boxes of each image in a
            second output (PaddleDetection).
    """

    name: str

    nms_in_graph = True

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `Convention`."""
        return {}

    def unreadable(self, outputs: Outputs, images: int) -> str:
        """As in `Convention`."""
        rows, numbers = _table(outputs[0]), 7 if self.name == "end-to-end" else 6
        if rows.ndim != 2 or rows.shape[1] != numbers:
            return f"the first output is not (boxes, {numbers})"
        if self.name == "paddle" and not _adds_up(outputs[1], len(rows), images):
            return "the second output does not tell how many boxes each image has"
        return ""

    def candidates(self, outputs: Outputs, images: int, threshold: float) -> Detections:
        """As in `Convention`."""
        rows = _table(outputs[0])
        if self.name == "paddle":
            image = np.repeat(np.arange(outputs[1].size), outputs[1].reshape(-1).astype(np.int64))
            classes, scores, boxes = rows[:, 0], rows[:, 1], rows[:, 2:]
        else:
            with np.errstate(invalid="ignore"):
                known = (rows[:, 0] >= 0) & (rows[:, 0] < images)
            image = np.where(known, rows[:, 0], -1).astype(np.int64)
            boxes, classes, scores = rows[:, 1:5], rows[:, 5], rows[:, 6]
        (row,), (_, place) = (
            np.nonzero((image >= 0) & (image < images)),
            above(scores[None], threshold),
        )
        row = np.intersect1d(row, place)
        row = row[np.argsort(image[row], kind="stable")]
        return detections(image[row], boxes[row], scores[row], classes[row])


def find_rows(facts: OutputFacts, asked: bool) -> Convention | str:
    """Final boxes (images, boxes, 6). See `ConventionFinder`."""
    rows = facts.outputs[0]
    if rows.ndim != 3 or rows.shape[2] != 6 or rows.dtype.kind != "f" or len(rows) < facts.images:
        return "the first output is not (images, boxes, 6)"
    rows = rows[: facts.images]
    if not asked:
        if not rows.size or not (whole(rows[..., 5]) and within_unit(rows[..., 4])):
            return "the fifth number is no score or the sixth no class"
        if (rows[..., 2:4] < rows[..., :2]).any():
            return "the first numbers are not the corners of boxes"
    return Rows()


def find_end_to_end(facts: OutputFacts, asked: bool) -> Convention | str:
    """Final boxes (boxes, 7) with the number of their image. See `ConventionFinder`."""
    rows = _table(facts.outputs[0])
    if rows.ndim != 2 or rows.shape[1] != 7 or rows.dtype.kind != "f":
        return "the first output is not (boxes, 7)"
    if not asked:
        if not len(rows):
            return "no box is found, so that the meaning of its numbers cannot be told"
        image = rows[:, 0]
        if not whole(rows[:, [0, 5]]) or image.min() < 0 or image.max() >= max(1, facts.images):
            return "the first number is no image or the sixth no class"
        if not within_unit(rows[:, 6]) or (rows[:, 3:5] < rows[:, 1:3]).any():
            return "the numbers are no corners and scores"
    return Table("end-to-end")


def find_paddle(facts: OutputFacts, asked: bool) -> Convention | str:
    """Final boxes (boxes, 6), and how many each image has. See `ConventionFinder`."""
    if len(facts.outputs) < 2:
        return "there is no second output with the number of boxes"
    rows, counts = _table(facts.outputs[0]), facts.outputs[1]
    if rows.ndim != 2 or rows.shape[1] != 6 or not _adds_up(counts, len(rows), facts.images):
        return "the outputs are not (boxes, 6) and the number of boxes of each image"
    if not asked and not (whole(rows[:, 0]) and within_unit(np.maximum(rows[:, 1], 0))):
        return "the first number is no class or the second no score"
    return Table("paddle")


def _table(rows: Values) -> Values:
    """The table, also where it is the answer to one image and has an axis for that."""
    return rows[0] if rows.ndim == 3 and len(rows) == 1 else rows


def _adds_up(counts: Values, rows: int, images: int) -> bool:
    """True if these whole numbers, one per image, sum to the number of rows."""
    if counts.dtype.kind not in "iu" or counts.size < images or (counts < 0).any():
        return False
    return int(counts.sum()) == rows
