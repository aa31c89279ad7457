"""Metrics of detection: average precision and F1 of each image, at IoU 0.5.

`rules/detection/average_precision.py` says what they are, and what they are not: COCO's mAP ranks
the boxes of all images together, which `rules/detection/coco.py` does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import DataMismatch, PackageMissing
from analyzer.evaluation.metrics.labelled import MILLIONTHS, LabelledMetric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores

FORM = "numbers (images, boxes, 5): x1, y1, x2, y2 and class, class -1 for no box"


@dataclass(frozen=True, slots=True)
class _BoxMetric(LabelledMetric):
    """Parts that both have in common."""

    axes: int = 3
    form: str = FORM
    whole: bool = False

    rules = ("detection",)
    denominator = MILLIONTHS

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Refuse labels that are no boxes; see `Metric.check_labels`.

        Args:
            labels: numbers (images, boxes, 5), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: the labels are no boxes.
        """
        LabelledMetric.check_labels(self, labels, first)
        boxes = labels[labels[..., 4] != -1] if labels.shape[2] == 5 else labels
        if labels.shape[2] != 5 or (boxes[:, 2:4] < boxes[:, :2]).any() or (boxes[:, 4] < 0).any():
            raise DataMismatch(f"labels of shape {labels.shape} are not {self.form}")


@dataclass(frozen=True, slots=True)
class AveragePrecision(_BoxMetric):
    """Mean over images of the average precision of an image at IoU 0.5."""

    name = "ap50"
    label = "AP50 per image"

    def score(self, answers: "AnswerBatch") -> "Scores":
        """As in `Metric.score`: int64 (images,), in millionths."""
        from analyzer.evaluation.rules.detection.average_precision import precision_scores

        return precision_scores(answers.decisions, self.given(answers))

    def pooled(self, decisions: "Sequence[Any]", labels: "Sequence[Labels]") -> str:
        """COCO's figures, or how to get them; see `PoolingMetric.pooled`."""
        from analyzer.evaluation.rules.detection.coco import coco_precision

        try:
            found = coco_precision(decisions, labels)
        except PackageMissing:
            return "COCO's mAP is shown where pycocotools is installed (extra 'detection')"
        if found.mean != found.mean:  # NaN: no box is labelled
            return ""
        return (
            f"ranked over all images, the fault-free mAP of COCO is {found.mean:.4f} (AP50 "
            f"{found.at50:.4f}, AP75 {found.at75:.4f}) for the boxes that the decision rule counts"
        )


@dataclass(frozen=True, slots=True)
class BoxF1(_BoxMetric):
    """Mean over images of F1: true boxes against found and labelled ones, at IoU 0.5."""

    name = "box_f1"
    label = "F1 of boxes"

    def score(self, answers: "AnswerBatch") -> "Scores":
        """As in `Metric.score`: int64 (images,), in millionths."""
        from analyzer.evaluation.rules.detection.average_precision import f1_scores

        return f1_scores(answers.decisions, self.given(answers))
