"""Base of the metrics that compare decisions of one kind with labels of the same kind."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import DataMismatch

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores

MILLIONTHS = 1_000_000
"""Scores that are no whole numbers are rounded to multiples of 1 / MILLIONTHS."""


@dataclass(frozen=True, slots=True)
class LabelledMetric:
    """A metric whose labels have one form.

    Attributes:
        axes: Of the labels, that of the images included.
        form: Of the labels, in words.
        whole: True if labels are integers.
    """

    axes: int
    form: str
    whole: bool

    needs_labels = True
    needs_golden = False
    follows_decision = False

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Refuse labels of another form; see `Metric.check_labels`.

        Args:
            labels: (images, ...), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: shape or type are others.
        """
        kinds = "iu" if self.whole else "iuf"
        if labels.ndim != self.axes or labels.dtype.kind not in kinds:
            raise DataMismatch(
                f"labels of {labels.dtype} and shape {labels.shape} are not {self.form}"
            )

    def given(self, answers: "AnswerBatch") -> "Labels":
        """The labels of a batch."""
        assert answers.labels is not None, "a campaign without labels has another metric"
        return answers.labels


def all_wrong(answers: "AnswerBatch") -> "Scores":
    """Scores of a batch whose answers cannot be compared with labels: int64 (images,), all 0."""
    return answers.masked.astype("int64") * 0
