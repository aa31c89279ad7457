"""One output with a row of numbers per anchor: YOLO in its versions, before NMS."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.evaluation.rules.detection.boxes import Detections, corners
from analyzer.evaluation.rules.detection.convention import (
    Convention,
    Values,
    above,
    detections,
    mostly,
)
from analyzer.evaluation.rules.detection.grids import cell_count, cells
from analyzer.evaluation.rules.facts import OutputFacts, within_unit
from analyzer.evaluation.rules.rule import Outputs

BOX = 4
STRIDES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Dense:
    """Rows of center x, center y, width, height, objectness where there is one, class scores.

    A box belongs to its highest class; its score is that of the class, times objectness.

    Attributes:
        name: ``yolov5`` (objectness), ``yolov8`` (none) or ``yolox`` (boxes relative to cells).
        classes: How many class scores follow; what comes after them (masks, key points) is
            not judged.
        channels_first: True: (images, numbers, anchors), else (images, anchors, numbers).
        objectness: True if a fifth number says how likely there is an object at all.
        height: Of the images, for boxes relative to cells; 0: boxes are in pixels.
        width: Likewise.
    """

    name: str
    classes: int
    channels_first: bool
    objectness: bool
    height: int = 0
    width: int = 0

    nms_in_graph = False

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `Convention`."""
        canvas = {"height": self.height, "width": self.width} if self.height else {}
        return {
            "class-scores": self.classes,
            "channels-first": self.channels_first,
            "objectness": self.objectness,
            **canvas,
        }

    def unreadable(self, outputs: Outputs, images: int) -> str:
        """As in `Convention`."""
        rows = outputs[0]
        if rows.ndim != 3 or rows.dtype.kind != "f" or len(rows) < images:
            return "the first output is not (images, anchors, numbers)"
        numbers, anchors = _numbers_first(rows, self.channels_first).shape[1:]
        if numbers < self._first_class + self.classes:
            return f"{numbers} numbers per anchor are fewer than a box and {self.classes} classes"
        if self.height and anchors != cell_count(self.height, self.width, STRIDES):
            return f"{anchors} anchors are not the cells of {self.height}x{self.width} pixels"
        return ""

    def candidates(self, outputs: Outputs, images: int, threshold: float) -> Detections:
        """As in `Convention`."""
        rows = _numbers_first(outputs[0][:images], self.channels_first)
        start = self._first_class
        classes = rows[:, start : start + self.classes]
        with np.errstate(invalid="ignore", over="ignore"):
            scores = classes.max(axis=1)
            if self.objectness:
                scores = scores * rows[:, BOX]
        image, anchor = above(scores, threshold)
        boxes = rows[image, :BOX, anchor]
        if self.height:
            boxes = _from_cells(boxes, anchor, self.height, self.width)
        best = classes[image, :, anchor].argmax(axis=1)
        return detections(image, corners(boxes), scores[image, anchor], best)

    @property
    def _first_class(self) -> int:
        return BOX + self.objectness


def find_yolox(facts: OutputFacts, asked: bool) -> Convention | str:
    """YOLOX without its decoding: boxes relative to cells. See `ConventionFinder`."""
    rows = _rows(facts)
    if isinstance(rows, str):
        return rows
    canvas, numbers = facts.canvas(), rows.shape[2]
    if rows.shape[1] < numbers or numbers < BOX + 2:
        return "not (images, anchors, 5 + classes)"
    height, width = canvas or _square(rows.shape[1])
    if rows.shape[1] != cell_count(height, width, STRIDES):
        return "the anchors are not the cells of strides 8, 16 and 32"
    if not asked and not (within_unit(rows[..., BOX:]) and (rows[..., 2:BOX] < 0).any()):
        return "widths and heights are not logarithms"
    return Dense("yolox", numbers - BOX - 1, False, True, height, width)


def find_yolov5(facts: OutputFacts, asked: bool) -> Convention | str:
    """YOLOv3, v5, v6, v7, and YOLOX with its decoding. See `ConventionFinder`."""
    rows = _rows(facts)
    if isinstance(rows, str):
        return rows
    first = rows.shape[1] < rows.shape[2]
    rows = _numbers_first(rows, first)
    classes = rows.shape[1] - BOX - 1 - _mask_numbers(facts)
    if classes < 1:
        return "too few numbers per anchor for a box, objectness and a class"
    if not asked:
        end = BOX + 1 + classes
        if not _objectness_is_likely(rows[:, :end], default=not first):
            return "the fifth number is the score of a class"
        if reason := _implausible(facts, rows, end):
            return reason
    return Dense("yolov5", classes, first, True)


def find_yolov8(facts: OutputFacts, asked: bool) -> Convention | str:
    """YOLOv8, v9, v11 and v12, as exported or transposed. See `ConventionFinder`."""
    rows = _rows(facts)
    if isinstance(rows, str):
        return rows
    first = rows.shape[1] < rows.shape[2]
    rows = _numbers_first(rows, first)
    classes = rows.shape[1] - BOX - _mask_numbers(facts)
    if classes < 1:
        return "too few numbers per anchor for a box and a class"
    if not asked:
        classes = min(classes, _unit_columns(rows[:, BOX:]))
        if reason := _implausible(facts, rows, BOX + max(1, classes)):
            return reason
    return Dense("yolov8", classes, first, False)


def _rows(facts: OutputFacts) -> Values | str:
    """The first output, if it may be rows of anchors."""
    rows = facts.outputs[0]
    if rows.ndim != 3 or rows.dtype.kind != "f" or len(rows) < facts.images:
        return "the first output is not (images, anchors, numbers) or (images, numbers, anchors)"
    if min(rows.shape[1:]) <= BOX or rows.shape[1] == rows.shape[2]:
        return "the numbers per anchor are not told from the anchors"
    return rows[: facts.images]


def _numbers_first(rows: Values, channels_first: bool) -> Values:
    """(images, numbers, anchors), as a view."""
    return rows if channels_first else rows.transpose(0, 2, 1)


def _mask_numbers(facts: OutputFacts) -> int:
    """Coefficients per anchor of the mask prototypes (images, coefficients, height, width)."""
    prototypes = [o for o in facts.outputs[1:] if o.ndim == 4 and o.shape[2] > 4]
    return prototypes[0].shape[1] if len(prototypes) == 1 else 0


def _unit_columns(scores: Values) -> int:
    """Columns between 0 and 1 before the first that is not: (images, columns, anchors)."""
    inside = [within_unit(scores[:, column]) for column in range(scores.shape[1])]
    return inside.index(False) if False in inside else len(inside)


def _objectness_is_likely(rows: Values, default: bool) -> bool:
    """Tell if the fifth number is objectness, by the rows where it is high.

    A class is then likely too. Were it the score of the first class, the others would be unlikely.
    Numbers before anchors are usual without objectness, which takes more evidence there.
    """
    fifth, others = rows[:, BOX], rows[:, BOX + 1 :]
    high = fifth > 0.5
    if not high.any() or not others.shape[1]:
        return default
    return mostly(others.max(axis=1)[high] > 0.5, 0.5 if default else 0.9)


def _implausible(facts: OutputFacts, rows: Values, end: int) -> str:
    """The reason why (images, numbers, anchors) are no boxes and scores; empty if they are."""
    if not within_unit(rows[:, BOX:end]):
        return "the numbers after a box are not all between 0 and 1"
    if (rows[:, 2:BOX] < 0).any():
        return "widths or heights are negative"
    canvas = facts.canvas()
    if within_unit(rows[:, :BOX]) and (
        canvas is None or rows.shape[2] % cell_count(*canvas, STRIDES)
    ):
        return "boxes cannot be told from scores, and the anchors are not the cells of an image"
    return ""


def _square(anchors: int) -> tuple[int, int]:
    """Height and width of a square image that has as many cells."""
    side = 32 * round((anchors / 21) ** 0.5)
    return side, side


def _from_cells(boxes: Values, anchor: Values, height: int, width: int) -> Values:
    """Boxes in pixels from boxes relative to cells: (n, 4), as YOLOX decodes them."""
    corner, stride = cells(height, width, STRIDES)
    unit = stride[anchor][:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        middle = (boxes[:, :2].astype(np.float64) + corner[anchor]) * unit
        return np.hstack((middle, np.exp(boxes[:, 2:].astype(np.float64)) * unit))
