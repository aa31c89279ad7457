"""Outcomes of a trial: each image masked, SDC or DUE, and the score of its answer.

*Decision*: the highest-scoring class; where outputs are no class scores, the whole output.
*DUE* (detected unrecoverable error): a runtime error, or NaN or infinity in an output where the
golden run has none. *SDC* (silent data corruption): a decision other than golden's that nothing
announces. *Masked*: the rest. A DUE scores 0.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure, Result
from analyzer.errors import BadOption, DataMismatch, GoldenFailed
from analyzer.evaluation import metrics
from analyzer.evaluation.dataset import Dataset, Labels
from analyzer.evaluation.decisions import (
    Bools,
    changed_images,
    highest_classes,
    non_finite_images,
)
from analyzer.evaluation.metrics.metric import AnswerBatch, Metric

Scores = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Golden:
    """The fault-free answers to one batch.

    Attributes:
        outputs: Every output, as the model returned it.
        decisions: int64 (images,), the highest-scoring class; None where there are no classes.
        scores: int64 (images,), by the metric, in units of 1 over its denominator.
    """

    outputs: tuple[npt.NDArray[Any], ...]
    decisions: npt.NDArray[np.int64] | None
    scores: Scores

    @cached_property
    def total(self) -> int:
        """Sum of the scores."""
        return int(self.scores.sum())


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Counts over the images of one trial, and sums of their scores; additive.

    Scores count in units of 1 / ``denominator``. With a metric of right and wrong answers the
    denominator is 1, and ``lost``, ``gained`` and ``right`` are numbers of images.

    Attributes:
        images: Images of the trial.
        sdc: Images with silent data corruption.
        due: Images with a detected unrecoverable error.
        masked: All others.
        lost: By how much scores are below golden's, summed over the images where they are.
        gained: By how much scores are above golden's, summed over the images where they are.
        right: Sum of golden's scores.
        detected: Images that met a pattern of which the memory's protection reported an error
            that it could not correct; they count among the others as well.
        corrected: Images that met a pattern all of whose upsets the memory's protection corrected;
            they count as masked as well.
        denominator: Of the metric, at least 1; of no images any.
    """

    images: int = 0
    sdc: int = 0
    due: int = 0
    masked: int = 0
    lost: int = 0
    gained: int = 0
    right: int = 0
    detected: int = 0
    denominator: int = 1
    corrected: int = 0

    def __add__(self, other: "Outcomes") -> "Outcomes":
        """Sums over the images of both.

        Raises:
            ValueError: scores of two denominators.
        """
        unit = self.denominator if self.images else other.denominator
        if other.images and other.denominator != unit:
            raise ValueError(f"scores in units of 1/{unit} and 1/{other.denominator}")
        return Outcomes(
            self.images + other.images,
            self.sdc + other.sdc,
            self.due + other.due,
            self.masked + other.masked,
            self.lost + other.lost,
            self.gained + other.gained,
            self.right + other.right,
            self.detected + other.detected,
            unit,
            self.corrected + other.corrected,
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """The sums from ``images`` to ``right``, in the order of the attributes."""
        return (
            self.images,
            self.sdc,
            self.due,
            self.masked,
            self.lost,
            self.gained,
            self.right,
        )


def choose_metric(asked: str | None, data: Dataset, classes: int | None) -> Metric:
    """The metric of a campaign: as asked, else the first whose needs are met.

    Args:
        asked: the name that was asked for, if any.
        data: the data set.
        classes: how many classes the model scores; None if its output is no class scores.

    Raises:
        BadOption: an unknown metric, or one that needs what is not there.
        DataMismatch: labels that the model has no class for, or that number other classes.
    """
    suited = [m for m in metrics.METRICS if not _lacking(m, data, classes)]
    metric = suited[0] if asked is None else metrics.metric_named(asked)
    if metric not in suited:
        needs = " and ".join(_needs(metric))
        others = ", ".join(m.name for m in suited)
        raise BadOption(f"--metric {asked} needs {needs}; use {others}")
    if metric.needs_labels and metric.needs_classes:
        assert data.labels is not None
        assert classes is not None
        _check_labels(data.labels, data.classes, classes)
    return metric


LABELS, CLASSES = "labelled data", "class scores"


def _needs(metric: Metric) -> list[str]:
    """Needs of a metric, in words."""
    return [LABELS] * metric.needs_labels + [CLASSES] * metric.needs_classes


def _lacking(metric: Metric, data: Dataset, classes: int | None) -> set[str]:
    """Needs of a metric that are not met."""
    there = {LABELS: data.labels is not None, CLASSES: classes is not None}
    return {need for need in _needs(metric) if not there[need]}


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
    """Compares the answers of faulty runs with golden, and scores them by a metric."""

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
        outputs = _image_rows(result, images)
        if any(o.dtype.kind == "f" and np.isnan(o).any() for o in outputs):
            raise GoldenFailed(
                "the model answers NaN without any fault; check the data and their preprocessing"
            )
        classes = class_count(Answer(outputs))
        decisions = None if classes is None else highest_classes(outputs[0])
        scores = self.metric.score(AnswerBatch(outputs, outputs, labels, np.ones(images, bool)))
        return Golden(outputs, decisions, scores)

    def outcomes(self, golden: Golden, result: Result, labels: Labels | None) -> Outcomes:
        """Judge one faulty answer.

        Args:
            golden: the golden answer to the same batch.
            result: what the faulty run returned.
            labels: int64 (images,), or None.
        """
        images, before, unit = len(golden.scores), golden.total, self.metric.denominator
        detected = images * result.detected
        if isinstance(result, Answer) and result.as_written:
            golden_ones = Outcomes(images, masked=images, right=before, denominator=unit)
            return replace(golden_ones, corrected=images)
        if isinstance(result, Failure):
            return replace(self.no_answer(images, before), detected=detected)
        due, changed = self._marks(golden, result)
        masked = ~(changed | due)
        if masked.all() and self.metric.follows_decision:
            return Outcomes(images, 0, 0, images, 0, 0, before, detected, unit)
        moved = self._scores(golden, result, labels, due, masked) - golden.scores
        sdc, found = int(np.count_nonzero(changed)), int(np.count_nonzero(due))
        lost = -int(np.minimum(moved, 0).sum())
        gained = int(moved.sum()) + lost
        unharmed = images - sdc - found
        return Outcomes(images, sdc, found, unharmed, lost, gained, before, detected, unit)

    def no_answer(self, images: int, right: int) -> Outcomes:
        """Outcomes of a trial without an answer: DUE on every image.

        Args:
            images: of the trial.
            right: sum of golden's scores of these images.
        """
        unit = self.metric.denominator
        return Outcomes(images, due=images, lost=right, right=right, denominator=unit)

    def classes(self, golden: Golden, result: Result) -> npt.NDArray[np.int8]:
        """The outcome of each image.

        Args:
            golden: the golden answer.
            result: what the faulty run returned.

        Returns:
            int8 (images,): 0 masked, 1 SDC, 2 DUE.
        """
        if isinstance(result, Failure):
            return np.full(len(golden.scores), 2, np.int8)
        due, changed = self._marks(golden, result)
        return np.where(due, 2, changed).astype(np.int8)

    def scores(self, golden: Golden, result: Answer, labels: Labels | None) -> Scores:
        """Scores of a faulty answer.

        Args:
            golden: the golden answer to the same batch.
            result: the faulty one.
            labels: int64 (images,), or None.

        Returns:
            int64 (images,), in units of 1 over the metric's denominator.
        """
        due, changed = self._marks(golden, result)
        return self._scores(golden, result, labels, due, ~(changed | due))

    def _scores(
        self, golden: Golden, result: Answer, labels: Labels | None, due: Bools, masked: Bools
    ) -> Scores:
        """The same, for an answer whose images have been marked."""
        images = len(golden.scores)
        outputs = _image_rows(result, images)
        if outputs[0].shape != golden.outputs[0].shape:
            return np.zeros(images, np.int64)
        scores = self.metric.score(AnswerBatch(outputs, golden.outputs, labels, masked))
        return np.where(due, 0, scores) if due.any() else scores

    def _marks(self, golden: Golden, result: Answer) -> tuple[Bools, Bools]:
        """Images with a detected error, and others that changed: bool (images,) each."""
        images, reference = len(golden.scores), golden.outputs[0]
        due = non_finite_images(result.outputs, golden.outputs, images)
        first = result.outputs[0][:images]
        if first.shape != reference.shape:
            return due, ~due
        return due, ~due & changed_images(first, reference, golden.decisions)


def _image_rows(answer: Answer, images: int) -> tuple[npt.NDArray[Any], ...]:
    """Every output, those with a row per image without the rows that only fill up a batch."""
    return tuple(o[:images] if o.shape[:1] >= (images,) else o for o in answer.outputs)
