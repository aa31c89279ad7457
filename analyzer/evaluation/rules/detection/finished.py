"""Final boxes, each output a column: torchvision, TensorFlow, TensorRT and MMDetection."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.evaluation.rules.detection.boxes import Detections
from analyzer.evaluation.rules.detection.convention import Convention, Values, above, detections
from analyzer.evaluation.rules.facts import OutputFacts, whole, within_unit
from analyzer.evaluation.rules.rule import Outputs

NO_OUTPUT = -1


@dataclass(frozen=True, slots=True)
class Columns:
    """Boxes, scores and classes in outputs of their own, padded to one length per image.

    Attributes:
        boxes: Position of the output with boxes, (images, boxes, 4) or with scores (.., 5).
        scores: Position of that with scores; `NO_OUTPUT`: the fifth number of a box.
        classes: Position of that with classes.
        count: Position of that with the number of boxes of each image; `NO_OUTPUT`: none.
        y_first: True for boxes y1, x1, y2, x2.
    """

    boxes: int
    scores: int
    classes: int
    count: int = NO_OUTPUT
    y_first: bool = False

    name = "detections"
    nms_in_graph = True

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `Convention`."""
        return {
            "boxes-output": self.boxes,
            "scores-output": self.scores,
            "classes-output": self.classes,
            "count-output": self.count,
            "y-first": self.y_first,
        }

    def unreadable(self, outputs: Outputs, images: int) -> str:
        """As in `Convention`."""
        boxes, scores, classes = self._columns(outputs)
        if boxes.ndim != 3 or boxes.shape[2] not in (4, 5) or len(boxes) < images:
            return "the output with boxes is not (images, boxes, 4)"
        if not boxes.shape[:2] == scores.shape == classes.shape:
            return "the outputs do not have as many scores and classes as boxes"
        if self.count != NO_OUTPUT and outputs[self.count].size < images:
            return "the number of boxes is not told for each image"
        return ""

    def candidates(self, outputs: Outputs, images: int, threshold: float) -> Detections:
        """As in `Convention`."""
        boxes, scores, classes = (column[:images] for column in self._columns(outputs))
        image, place = above(scores, threshold)
        if self.count != NO_OUTPUT:
            counts = outputs[self.count].reshape(-1)
            with np.errstate(invalid="ignore"):
                there = place < counts[image]
            image, place = image[there], place[there]
        order = [1, 0, 3, 2] if self.y_first else [0, 1, 2, 3]
        rows = boxes[image, place][:, order]
        return detections(image, rows, scores[image, place], classes[image, place])

    def _columns(self, outputs: Outputs) -> tuple[Values, Values, Values]:
        """Boxes (images, boxes, 4 or 5), scores and classes (images, boxes)."""
        boxes, classes = outputs[self.boxes], outputs[self.classes]
        scores = outputs[self.scores] if self.scores != NO_OUTPUT else boxes[..., -1]
        return boxes, scores, classes


def find_columns(facts: OutputFacts, asked: bool) -> Convention | str:
    """Boxes, scores, classes, and perhaps their number. See `ConventionFinder`."""
    boxes = [i for i, o in enumerate(facts.outputs) if _is_boxes(o, facts.images)]
    if len(boxes) != 1:
        return "there is not one output (images, boxes, 4)"
    length = facts.outputs[boxes[0]].shape[1]
    columns = [
        i
        for i, o in enumerate(facts.outputs)
        if o.ndim == 2 and o.shape[1] == length and i not in boxes
    ]
    if facts.outputs[boxes[0]].shape[2] == 5:
        columns = [NO_OUTPUT, *columns]
    roles = _roles(facts, columns, asked)
    if isinstance(roles, str):
        return roles
    y_first = facts.named(boxes[0], "detection_boxes", "tflite_detection")
    return Columns(boxes[0], *roles, _count(facts, {*boxes, *roles}), y_first)


def _is_boxes(values: Values, images: int) -> bool:
    """True for (images, boxes, 4), or 5 with a score."""
    fits = values.ndim == 3 and values.dtype.kind == "f" and len(values) >= images
    return fits and values.shape[2] in (4, 5)


def _roles(facts: OutputFacts, columns: list[int], asked: bool) -> tuple[int, int] | str:
    """The outputs with scores and with classes among these."""
    if len(columns) != 2:
        return "there are not two outputs with a score and a class per box"
    given = [i for i in columns if i != NO_OUTPUT]
    integers = [i for i in given if facts.outputs[i].dtype.kind in "iu"]
    named = [i for i in given if facts.named(i, "class", "label", "cls")]
    by_value = [i for i in given if whole(facts.outputs[i])]
    for classes in (integers, named, by_value):
        if len(classes) == 1:
            break
    else:
        return "scores and classes are not told from each other"
    (scores,) = (i for i in columns if i != classes[0])
    if not asked:
        if not whole(facts.outputs[classes[0]]):
            return "classes are not whole numbers"
        # Some models pad with a score of -1.
        if scores != NO_OUTPUT and not within_unit(np.maximum(facts.outputs[scores], 0)):
            return "scores are not all between 0 and 1"
    return scores, classes[0]


def _count(facts: OutputFacts, taken: set[int]) -> int:
    """The output with the number of boxes of each image, if there is one."""
    for i, values in enumerate(facts.outputs):
        one_each = values.shape in ((facts.images,), (facts.images, 1))
        if i not in taken and one_each and whole(values):
            return i
    return NO_OUTPUT
