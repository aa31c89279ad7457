"""The protocol of conventions: a way in which detectors lay boxes out in their outputs."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from analyzer.evaluation.rules.detection.boxes import Bools, Boxes, Detections, Floats, Ints
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.rule import Outputs

Values = npt.NDArray[Any]


class Convention(Protocol):
    """A way to lay boxes, scores and classes out. Members are immutable and can be pickled."""

    @property
    def name(self) -> str:
        """Name in flags and JSON: small letters, digits and dashes."""

    @property
    def nms_in_graph(self) -> bool:
        """True if the model answers with final boxes, of which none is suppressed any more."""

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """Everything that decides how outputs are read, by names that no rule uses otherwise."""

    def unreadable(self, outputs: Outputs, images: int) -> str:
        """The reason why outputs are not of this form; empty if they are.

        Args:
            outputs: every output that is judged.
            images: how many images the run answered.
        """

    def candidates(self, outputs: Outputs, images: int, threshold: float) -> Detections:
        """Boxes with a score above the threshold, those of an image together.

        Args:
            outputs: as `unreadable` takes them, and found readable.
            images: how many images the run answered.
            threshold: from 0 to 1.
        """


ConventionFinder = Callable[[OutputFacts, bool], Convention | str]
"""Takes the facts, and True if a user chose the convention: then its form must fit, and what the
values say is not asked for. Returns the convention as the model has it, or why it does not fit."""


def detections(image: Ints, boxes: Values, scores: Values, classes: Values) -> Detections:
    """A table of boxes from columns of any type.

    Args:
        image: int64 (n,), ascending.
        boxes: numbers (n, 4), corners.
        scores: numbers (n,).
        classes: numbers (n,); NaN and infinity become class -1.
    """
    with np.errstate(invalid="ignore"):
        numbers = classes.astype(np.float64)
        known = np.abs(numbers) < 2**31
    labels = np.where(known, numbers, -1).astype(np.int64)
    found: Boxes = boxes.astype(np.float64)
    strength: Floats = scores.astype(np.float64)
    return Detections(image.astype(np.int64), found, strength, labels)


def sigmoid(logits: Values) -> Floats:
    """Logistic function, without overflow: float64 of any shape.

    >>> sigmoid(np.array([0.0, -np.inf])).tolist()
    [0.5, 0.0]
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64))))


def softmax(logits: Values) -> Floats:
    """Probabilities along the last axis: float64 of the same shape; NaN where a logit is NaN.

    >>> softmax(np.array([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    with np.errstate(invalid="ignore"):
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True).astype(np.float64))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def above(scores: Values, threshold: float) -> tuple[Ints, Ints]:
    """Image and place of each score above a threshold; NaN is above none.

    Args:
        scores: numbers (images, places).
        threshold: in the same unit.

    Returns:
        int64 (n,) twice, images ascending.
    """
    with np.errstate(invalid="ignore"):
        passed: Bools = scores > threshold
    image, place = np.nonzero(passed)
    return image, place


def mostly(flags: Bools, share: float = 0.5) -> bool:
    """True if more than a share of the flags holds; of no flags, False."""
    return bool(flags.size and flags.mean() > share)
