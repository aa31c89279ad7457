"""Boxes in one output, scores of classes in another, a row of each per anchor or query."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analyzer.evaluation.rules.detection.boxes import Detections, Ints, corners
from analyzer.evaluation.rules.detection.convention import (
    Convention,
    Values,
    above,
    detections,
    mostly,
    sigmoid,
    softmax,
)
from analyzer.evaluation.rules.facts import OutputFacts, sums_to_one, within_unit
from analyzer.evaluation.rules.rule import Outputs


class Form(StrEnum):
    """The four numbers of a box."""

    CORNERS = "corners"
    CENTER = "center"


class Activation(StrEnum):
    """The function that makes scores from the second output."""

    NONE = "none"
    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"


class Background(StrEnum):
    """The class that means that there is no object."""

    NONE = "none"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Pair:
    """Boxes (images, anchors, 4) and scores (images, anchors, classes).

    A box belongs to its highest class, without the background; that class's score is its own.

    Attributes:
        name: ``boxes-scores``, ``detr`` or ``rt-detr``.
        nms_in_graph: True if queries answer, of which no two mean one object.
        boxes: Position of the output with boxes.
        scores: Position of that with scores.
        form: Of boxes.
        activation: Of scores.
        background: Its place among the classes; others keep their numbers.
    """

    name: str
    nms_in_graph: bool
    boxes: int
    scores: int
    form: Form
    activation: Activation
    background: Background

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `Convention`."""
        return {
            "boxes-output": self.boxes,
            "scores-output": self.scores,
            "boxes-by": str(self.form),
            "activation": str(self.activation),
            "background": str(self.background),
        }

    def unreadable(self, outputs: Outputs, images: int) -> str:
        """As in `Convention`."""
        boxes, scores = _per_anchor(outputs[self.boxes]), outputs[self.scores]
        if boxes.ndim != 3 or boxes.shape[2] != 4 or len(boxes) < images:
            return "the output with boxes is not (images, anchors, 4)"
        if scores.ndim != 3 or scores.shape[1] != boxes.shape[1] or len(scores) < images:
            return "the output with scores is not (images, anchors, classes)"
        if scores.shape[2] < (1 if self.background is Background.NONE else 2):
            return "no class is scored"
        return ""

    def candidates(self, outputs: Outputs, images: int, threshold: float) -> Detections:
        """As in `Convention`."""
        boxes, logits = _per_anchor(outputs[self.boxes])[:images], outputs[self.scores][:images]
        low = int(self.background is Background.FIRST)
        high = logits.shape[2] - (self.background is Background.LAST)
        if self.activation is Activation.SOFTMAX:
            logits = softmax(logits)
        logits = logits[..., low:high]
        best = logits.max(axis=2)
        scores = sigmoid(best) if self.activation is Activation.SIGMOID else best
        image, anchor = above(scores, threshold)
        rows = boxes[image, anchor]
        if self.form is Form.CENTER:
            rows = corners(rows)
        classes = logits[image, anchor].argmax(axis=1) + low
        return detections(image, rows, scores[image, anchor], classes)


def find_pair(facts: OutputFacts, asked: bool) -> Convention | str:
    """Boxes and scores before NMS: SSD, YOLOv4, face detectors. See `ConventionFinder`."""
    places = _places(facts)
    if isinstance(places, str):
        return places
    boxes, scores = _values(facts, places)
    if not asked and not within_unit(scores):
        return "scores are not all between 0 and 1"
    form = _form(boxes)
    if form is None:
        if not asked:
            return "boxes are neither corners nor centers; they may be relative to anchors"
        form = Form.CENTER
    where = _background(scores) if sums_to_one(scores, 2) else Background.NONE
    return Pair("boxes-scores", False, *places, form, Activation.NONE, where)


def find_detr(facts: OutputFacts, asked: bool) -> Convention | str:
    """DETR: queries with logits of which the last is "no object". See `ConventionFinder`."""
    found = _queries(facts, asked)
    if isinstance(found, str):
        return found
    places, logits = found
    highest: Ints = logits.argmax(axis=2).reshape(-1)
    if not asked and not mostly(highest == logits.shape[2] - 1):
        return "the last class is seldom the highest, so that it is not the background"
    return Pair("detr", True, *places, Form.CENTER, Activation.SOFTMAX, Background.LAST)


def find_rt_detr(facts: OutputFacts, asked: bool) -> Convention | str:
    """RT-DETR, deformable DETR and kin: queries with a logit per class. See `ConventionFinder`."""
    found = _queries(facts, asked)
    if isinstance(found, str):
        return found
    places, _ = found
    return Pair("rt-detr", True, *places, Form.CENTER, Activation.SIGMOID, Background.NONE)


def _per_anchor(boxes: Values) -> Values:
    """(images, anchors, 4), also of boxes (images, anchors, 1, 4)."""
    return boxes[:, :, 0] if boxes.ndim == 4 and boxes.shape[2] == 1 else boxes


def _places(facts: OutputFacts) -> tuple[int, int] | str:
    """Positions of the outputs with boxes and with scores."""
    shaped = [_per_anchor(o) for o in facts.outputs]
    rows = [
        i
        for i, o in enumerate(shaped)
        if o.ndim == 3 and o.dtype.kind == "f" and len(o) >= facts.images
    ]
    boxes = [i for i in rows if shaped[i].shape[2] == 4]
    if len(boxes) > 1:
        named = [i for i in boxes if facts.named(i, "box", "loc", "dets", "bbox")]
        boxes = named or boxes
    if len(boxes) != 1:
        return "there is not one output (images, anchors, 4)"
    partners = [
        i for i in rows if i not in boxes and shaped[i].shape[1] == shaped[boxes[0]].shape[1]
    ]
    if len(partners) > 1:
        partners = [i for i in partners if facts.named(i, "score", "conf", "cls", "logit", "label")]
    if len(partners) != 1:
        return "there is not one output (images, anchors, classes) beside the boxes"
    return boxes[0], partners[0]


def _values(facts: OutputFacts, places: tuple[int, int]) -> tuple[Values, Values]:
    """Golden's boxes and scores."""
    boxes, scores = (facts.outputs[place] for place in places)
    return _per_anchor(boxes)[: facts.images], scores[: facts.images]


def _queries(facts: OutputFacts, asked: bool) -> tuple[tuple[int, int], Values] | str:
    """Positions of boxes and logits of a transformer's queries, and the logits."""
    places = _places(facts)
    if isinstance(places, str):
        return places
    boxes, logits = _values(facts, places)
    if not asked:
        if not within_unit(boxes):
            return "boxes are not all between 0 and 1"
        if within_unit(logits):
            return "scores are no logits, all are between 0 and 1"
    return places, logits


def _form(boxes: Values) -> Form | None:
    """The form of boxes that suits all but few of them: (images, anchors, 4)."""
    sides = (boxes[..., 2:] - boxes[..., :2]).reshape(-1, 2)
    if mostly(np.asarray((sides >= 0).all(axis=1)), 0.99):
        return Form.CORNERS
    sides = boxes[..., 2:].reshape(-1, 2)
    return Form.CENTER if mostly(np.asarray((sides >= 0).all(axis=1)), 0.99) else None


def _background(probabilities: Values) -> Background:
    """The end of the classes that wins for most anchors: (images, anchors, classes)."""
    if probabilities.shape[2] < 2:
        return Background.NONE
    last = probabilities.shape[2] - 1
    highest: Ints = probabilities.argmax(axis=2).reshape(-1)
    if mostly(highest == 0):
        return Background.FIRST
    return Background.LAST if mostly(highest == last) else Background.NONE
