"""Classification: the highest of several scores per image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.rules.remarks import images_of, one_answer
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Ints, Outputs


@dataclass(frozen=True, slots=True)
class ClassDecisions:
    """The classes of a batch.

    Attributes:
        chosen: int64 (images, top), ascending.
        classes: How many classes were scored.
    """

    chosen: Ints
    classes: int


@dataclass(frozen=True, slots=True)
class Classification:
    """The class of the highest score; of equal scores the first.

    Attributes:
        axis: The axis of classes, the axis of images being 0; all further axes have one element.
        top: The decision is the set of so many highest classes, 1 or more.
    """

    axis: int = 1
    top: int = 1

    name = "classification"
    needs_outputs = False

    def __post_init__(self) -> None:
        """Refuse what names no class.

        Raises:
            BadOption: the axis of images, or no class at all.
        """
        if self.axis < 1 or self.top < 1:
            raise BadOption(f"--task classification: axis={self.axis},top={self.top}: both from 1")

    @property
    def parameters(self) -> Mapping[str, int]:
        """Axis, and number of classes that count."""
        return {"axis": self.axis, "top": self.top}

    def sentence(self) -> str:
        """The rule in words."""
        several = f"set of the {self.top} highest class scores"
        what = "highest class score" if self.top == 1 else several
        return what if self.axis == 1 else f"{what} along axis {self.axis}"

    def decide(self, outputs: Outputs, images: int) -> ClassDecisions:
        """The class, or the set of classes, of each image; see `DecisionRule.decide`."""
        scores = self.scores(outputs, images)
        return ClassDecisions(highest(scores, self.top), scores.shape[1])

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): another class; see `DecisionRule.changed`."""
        try:
            found = self.decide(outputs, golden.images)
        except GoldenFailed:
            return np.ones(golden.images, bool)
        if found.classes != golden.decisions.classes:
            return np.ones(golden.images, bool)
        return np.asarray((found.chosen != golden.decisions.chosen).any(axis=1))

    def remark(self, golden: Sequence[GoldenDecisions]) -> str:
        """One class for all images; see `RemarkingRule.remark`."""
        found = {tuple(row) for batch in golden for row in batch.decisions.chosen.tolist()}
        classes = ", ".join(map(str, next(iter(found), ())))
        kind = "class" if self.top == 1 else "the set of classes"
        return one_answer(found, images_of(golden), f"{kind} {classes}")

    def predicted(self, outputs: Outputs, images: int, count: int) -> Ints:
        """The best classes, the best one first.

        Args:
            outputs: as `decide` takes them.
            images: how many images they answer.
            count: how many classes per image.

        Returns:
            int64 (images, at most ``count``).

        Raises:
            GoldenFailed: as `decide`.
        """
        scores = self.scores(outputs, images)
        if count == 1:
            return np.asarray(scores.argmax(axis=1), np.int64)[:, None]
        order = (-scores.astype(np.float64)).argsort(axis=1, kind="stable")
        return np.asarray(order[:, :count], np.int64)

    def class_count(self, outputs: Outputs, images: int) -> int:
        """Number of classes.

        Args:
            outputs: as `decide` takes them.
            images: how many images they answer.
        """
        return int(self.scores(outputs, images).shape[1])

    def scores(self, outputs: Outputs, images: int) -> npt.NDArray[Any]:
        """The scores as a matrix.

        Args:
            outputs: as `decide` takes them.
            images: how many images they answer.

        Returns:
            (images, classes).

        Raises:
            GoldenFailed: there is no such axis, or a further one has several elements.
        """
        values = outputs[0]
        if values.ndim == 2 and self.axis == 1 and len(values) == images and values.shape[1]:
            return values
        fits = self.axis < values.ndim and len(values) == images and values.size
        if not fits or values.size != images * values.shape[self.axis]:
            raise GoldenFailed(
                f"an output of shape {values.shape} has no scores of classes along axis "
                f"{self.axis} alone; name another rule by --task"
            )
        return np.moveaxis(values, self.axis, 1).reshape(images, -1)


def highest(scores: npt.NDArray[Any], top: int) -> Ints:
    """The classes of the ``top`` highest scores of each image, ascending.

    Args:
        scores: (images, classes).
        top: 1 or more.

    Returns:
        int64 (images, top), or fewer columns if there are fewer classes.

    >>> highest(np.array([[1, 3, 2]]), 2).tolist()
    [[1, 2]]
    """
    if top == 1:
        return np.asarray(scores.argmax(axis=1), np.int64)[:, None]
    order = (-scores.astype(np.float64)).argsort(axis=1, kind="stable")
    return np.sort(order[:, :top], axis=1).astype(np.int64)
