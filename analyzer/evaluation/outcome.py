"""What a trial showed: each image masked, SDC or DUE, and whether its answer is right.

*Decision*: the highest-scoring class; where outputs are no class scores, the whole output.
*DUE* (detected unrecoverable error): a runtime error, or NaN or infinity in an output where the
golden run has none. *SDC* (silent data corruption): a decision other than golden's that nothing
announces. *Masked*: the rest. A DUE never counts as a right answer.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure, Result
from analyzer.errors import BadOption, DataMismatch, GoldenFailed
from analyzer.evaluation.dataset import Dataset, Labels

REGRESSION_TOLERANCE = 0.01
"""Outputs that are no class scores count as corrupted when they move by more than this share of
the golden output's own range."""

TOP5 = 5


class Metric(StrEnum):
    """What a right answer is: the label is first, is among five, or golden's decision is kept."""

    TOP1 = "top1"
    TOP5 = "top5"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Golden:
    """The fault-free answers to one batch.

    Attributes:
        outputs: Every output, as the model returned it.
        decisions: int64 (images,), the highest-scoring class; None where there are no classes.
        right: bool (images,).
    """

    outputs: tuple[npt.NDArray[Any], ...]
    decisions: npt.NDArray[np.int64] | None
    right: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Counts over the images of one trial; additive."""

    images: int = 0
    sdc: int = 0
    due: int = 0
    masked: int = 0
    lost: int = 0
    gained: int = 0
    right: int = 0
    """Images that were right in the golden run."""

    def __add__(self, other: "Outcomes") -> "Outcomes":
        """Counts of both together."""
        return Outcomes(
            self.images + other.images,
            self.sdc + other.sdc,
            self.due + other.due,
            self.masked + other.masked,
            self.lost + other.lost,
            self.gained + other.gained,
            self.right + other.right,
        )


def choose_metric(asked: str | None, data: Dataset, classes: int | None) -> Metric:
    """The metric of a campaign: top-1 where there are labels and classes, else agreement.

    Args:
        asked: what was asked for, if anything.
        data: the data set.
        classes: how many classes the model scores; None if its output is no class scores.

    Raises:
        BadOption: an unknown metric, or one that needs labels where there are none.
        DataMismatch: labels that the model has no class for, or that number other classes.
    """
    if asked is not None and asked not in set(Metric):
        raise BadOption(f"--metric {asked!r} is unknown; use {', '.join(Metric)}")
    if asked == Metric.AGREEMENT:
        return Metric.AGREEMENT
    if data.labels is None or classes is None:
        if asked is not None:
            raise BadOption(f"--metric {asked} needs labelled data and class scores; use agreement")
        return Metric.AGREEMENT
    _check_labels(data.labels, data.classes, classes)
    return Metric(asked or Metric.TOP1)


def _check_labels(labels: Labels, named: int | None, classes: int) -> None:
    if labels.min() < 0 or labels.max() >= classes:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise DataMismatch(f"label {wrong} has no class: the model scores classes 0..{classes - 1}")
    if named not in (None, classes):
        raise DataMismatch(
            f"the data set has {named} class folders and the model scores {classes} classes, so "
            "that their numbers do not match; give every class a folder, empty ones count"
        )


def class_count(answer: Answer) -> int | None:
    """Number of classes that the first output scores; None if it is no (images, classes)."""
    first = answer.outputs[0]
    scores = first.ndim == 2 and first.shape[1] >= 2 and first.dtype.kind in "fiu"
    return int(first.shape[1]) if scores else None


class Judge:
    """Compares the answers of faulty runs with golden and with the labels."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric

    def golden(self, result: Result, labels: Labels | None, images: int) -> Golden:
        """Take in the fault-free answer to one batch.

        Args:
            result: what the golden run returned.
            labels: int64 (images,), or None.
            images: how many rows count.

        Raises:
            GoldenFailed: the fault-free model fails, or answers NaN or no row of numbers per image.
        """
        if isinstance(result, Failure):
            raise GoldenFailed(f"the model fails without any fault: {result.message}")
        if not result.outputs or result.outputs[0].shape[:1] < (images,):
            raise GoldenFailed("the model's first output does not have one row per image")
        if result.outputs[0].dtype.kind not in "fiub":
            raise GoldenFailed("the model's first output is no tensor of numbers")
        outputs = tuple(o[:images] if o.shape[:1] >= (images,) else o for o in result.outputs)
        if any(o.dtype.kind == "f" and np.isnan(o).any() for o in outputs):
            raise GoldenFailed(
                "the model answers NaN without any fault; check the data and their preprocessing"
            )
        classes = class_count(Answer(outputs))
        decisions = None if classes is None else _argmax(outputs[0])
        right = np.ones(images, bool)
        if self.metric is not Metric.AGREEMENT and labels is not None:
            right = self._right(outputs[0], labels)
        return Golden(outputs, decisions, right)

    def outcomes(self, golden: Golden, result: Result, labels: Labels | None) -> Outcomes:
        """Judge one faulty answer against golden."""
        images, count = len(golden.right), np.count_nonzero
        before = int(count(golden.right))
        if isinstance(result, Failure):
            return Outcomes(images, due=images, lost=before, right=before)
        due, changed = self._marks(golden, result)
        masked = ~(changed | due)
        if masked.all() and self.metric is not Metric.TOP5:
            return Outcomes(images, masked=images, right=before)
        right = self._still_right(golden, result, labels, due, changed)
        return Outcomes(
            images,
            sdc=int(count(changed)),
            due=int(count(due)),
            masked=int(count(masked)),
            lost=int(count(golden.right & ~right)),
            gained=int(count(right & ~golden.right)),
            right=before,
        )

    def classes(self, golden: Golden, result: Result) -> npt.NDArray[np.int8]:
        """The outcome of each image, int8 (images,): 0 masked, 1 SDC, 2 DUE."""
        if isinstance(result, Failure):
            return np.full(len(golden.right), 2, np.int8)
        due, changed = self._marks(golden, result)
        return np.where(due, 2, changed).astype(np.int8)

    def right(self, golden: Golden, result: Answer, labels: Labels | None) -> npt.NDArray[np.bool_]:
        """Which images of a faulty answer are right: bool (images,)."""
        return self._still_right(golden, result, labels, *self._marks(golden, result))

    def _still_right(
        self,
        golden: Golden,
        result: Answer,
        labels: Labels | None,
        due: npt.NDArray[np.bool_],
        changed: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.bool_]:
        first = result.outputs[0][: len(golden.right)]
        same_shape = first.shape == golden.outputs[0].shape
        if self.metric is not Metric.AGREEMENT and labels is not None and same_shape:
            return self._right(first, labels) & ~due
        return ~(changed | due)

    def _marks(
        self, golden: Golden, result: Answer
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which images show a detected error, and which of the others changed: bool (images,)."""
        due = _non_finite(golden, result, len(golden.right))
        first = result.outputs[0][: len(golden.right)]
        same_shape = first.shape == golden.outputs[0].shape
        return due, ~due & (self._changed(golden, first) if same_shape else True)

    def _right(self, scores: npt.NDArray[Any], labels: Labels) -> npt.NDArray[np.bool_]:
        if self.metric is Metric.TOP1:
            return np.asarray(_argmax(scores) == labels)
        top = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")[:, :TOP5]
        return np.asarray((top == labels[:, None]).any(axis=1))

    @staticmethod
    def _changed(golden: Golden, first: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        if golden.decisions is not None:
            return np.asarray(_argmax(first) != golden.decisions)
        reference = golden.outputs[0].astype(np.float64).reshape(len(first), -1)
        with np.errstate(invalid="ignore"):  # infinity in both has not moved
            moved = np.abs(first.astype(np.float64).reshape(len(first), -1) - reference)
        finite = reference[np.isfinite(reference)]
        span = np.ptp(finite) if finite.size else 0.0
        return np.asarray((moved > REGRESSION_TOLERANCE * span).any(axis=1))


def _argmax(scores: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return np.asarray(scores.argmax(axis=1), np.int64)


def _non_finite(golden: Golden, result: Answer, images: int) -> npt.NDArray[np.bool_]:
    """Which images have NaN, or infinity where golden has a finite number."""
    due = np.zeros(images, bool)
    for reference, found in zip(golden.outputs, result.outputs, strict=True):
        if found.dtype.kind != "f":
            continue
        rows = found[:images] if found.shape[:1] >= (images,) else found
        finite = np.isfinite(rows)
        if finite.all():
            continue
        if rows.shape != reference.shape:  # nothing to compare place by place
            return np.ones(images, bool)
        bad = ~finite & (np.isfinite(reference) | np.isnan(rows))
        due |= bad.reshape(images, -1).any(axis=1) if len(rows) == images else bad.any()
    return due
