"""Scores of class maps by labels: share of right pixels, and mean intersection over union."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import DataMismatch

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores

UNITS = 1_000_000
"""As in `analyzer.evaluation.rules.pixel_scores`, which is loaded when a score is asked for."""


@dataclass(frozen=True, slots=True)
class PixelMetric:
    """Mean over images of a score of the map of classes.

    Labels are integers (images, height, width) in the size of the model's maps; 255 does not count.

    Attributes:
        name: Name in flags, gates, journals and JSON.
        label: Name in text, tables and charts.
        overlap: True for mean IoU over the classes of an image's label, False for right pixels.
    """

    name: str
    label: str
    overlap: bool

    needs_labels = True
    needs_golden = False
    rules = ("segmentation",)
    denominator = UNITS
    follows_decision = False

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Refuse labels that are no maps; see `Metric.check_labels`.

        Args:
            labels: integers (images, height, width), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: labels have another form or size.
        """
        wanted = first.decisions.shape[1:]
        if labels.dtype.kind not in "iu" or labels.shape[1:] != wanted:
            raise DataMismatch(
                f"labels of {labels.dtype} and shape {labels.shape} are no maps of classes; "
                f"the model answers maps of {wanted}"
            )

    def score(self, answers: "AnswerBatch") -> "Scores":
        """int64 (images,): scores in units of 1 / UNITS; see `Metric.score`."""
        from analyzer.errors import GoldenFailed
        from analyzer.evaluation.rules.pixel_scores import IGNORED, accuracy_scores, iou_scores

        labels, found = answers.labels, answers.decisions
        assert labels is not None, "a campaign without labels has another metric"
        if found.shape != labels.shape:
            raise GoldenFailed(f"a map of shape {found.shape[1:]} for labels {labels.shape[1:]}")
        if not self.overlap:
            return accuracy_scores(found, labels)
        shown = labels[labels != IGNORED]
        return iou_scores(found, labels, int(shown.max(initial=0)) + 1)
