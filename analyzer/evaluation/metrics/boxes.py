"""Scores of boxes by labels: average precision, and F1, image by image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import DataMismatch

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores

UNITS = 1_000_000
"""As in `analyzer.evaluation.rules.pixel_scores`, which is loaded when a score is asked for."""


@dataclass(frozen=True, slots=True)
class BoxMetric:
    """Mean over images of a score of the boxes that the rule counts, at IoU 0.5.

    Labels are numbers (images, most boxes, 5): x1, y1, x2, y2, class, in the model's pixels; a row
    of class -1 holds no box.

    Attributes:
        name: Name in flags, gates, journals and JSON.
        label: Name in text, tables and charts.
        precision: True for average precision, False for F1.
    """

    name: str
    label: str
    precision: bool

    needs_labels = True
    needs_golden = False
    rules = ("detection",)
    denominator = UNITS
    follows_decision = False

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Refuse labels that are no boxes; see `Metric.check_labels`.

        Args:
            labels: numbers (images, most boxes, 5), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: labels have another form.
        """
        if labels.ndim != 3 or labels.shape[2] != 5:
            raise DataMismatch(
                f"labels of shape {labels.shape} are no boxes: they must be (images, most boxes, "
                "5), each x1, y1, x2, y2, class, and class -1 where there is none"
            )

    def score(self, answers: "AnswerBatch") -> "Scores":
        """int64 (images,): scores in units of 1 / UNITS; see `Metric.score`."""
        from analyzer.evaluation.rules.detection.average_precision import (
            f1_scores,
            precision_scores,
        )

        assert answers.labels is not None, "a campaign without labels has another metric"
        score = precision_scores if self.precision else f1_scores
        return score(answers.decisions, answers.labels)
