"""Metrics of segmentation: mean intersection over union of each image, and pixel accuracy.

`rules/pixel_scores.py` says what they are, and what they are not: the mean over images of an
image's IoU is not the IoU of the pixels of all images together.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import DataMismatch
from analyzer.evaluation.metrics.labelled import MILLIONTHS, LabelledMetric, all_wrong

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores

FORM = "integers (images, height, width), a class for each pixel, 255 for none"


@dataclass(frozen=True, slots=True)
class _PixelMetric(LabelledMetric):
    """Parts that both have in common."""

    axes: int = 3
    form: str = FORM
    whole: bool = True

    rules = ("segmentation",)
    denominator = MILLIONTHS

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Refuse maps of another size than the model's; see `Metric.check_labels`.

        Args:
            labels: integers (images, height, width), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: the labels are no such maps.
        """
        LabelledMetric.check_labels(self, labels, first)
        maps = first.decisions
        if labels.shape[1:] != maps.shape[1:]:
            raise DataMismatch(
                f"labels are maps of {labels.shape[1:]} and the model answers maps of "
                f"{maps.shape[1:]}; scale the labels to the model's size (nearest neighbour)"
            )
        _check_classes(labels, first)


def _check_classes(labels: "Labels", first: "AnswerBatch") -> None:
    """Refuse maps that show classes which the model does not score.

    Args:
        labels: integers (images, height, width).
        first: golden's answers to the first batch.

    Raises:
        DataMismatch: they do.
    """
    from analyzer.evaluation.rules.pixel_scores import IGNORED
    from analyzer.evaluation.rules.segmentation import Segmentation

    rule = first.rule
    if not isinstance(rule, Segmentation) or rule.axis == 0:
        return
    classes = first.outputs[0].shape[rule.axis] if rule.axis > 0 else 2
    most = int(labels[labels != IGNORED].max(initial=0))
    if most >= classes:
        raise DataMismatch(
            f"labels show class {most}, and the model has classes 0 to {classes - 1}; "
            f"{IGNORED} stands for pixels that do not count"
        )


@dataclass(frozen=True, slots=True)
class MeanIou(_PixelMetric):
    """Mean over images of the mean IoU of the classes that an image's label shows."""

    name = "miou"
    label = "mIoU per image"

    def score(self, answers: "AnswerBatch") -> "Scores":
        """As in `Metric.score`: int64 (images,), in millionths."""
        from analyzer.evaluation.rules.pixel_scores import IGNORED, iou_scores

        labels, maps = self.given(answers), answers.decisions
        if maps.shape != labels.shape:
            return all_wrong(answers)
        shown = labels[labels != IGNORED]
        return iou_scores(maps, labels, int(shown.max(initial=0)) + 1)

    def pooled(self, decisions: "Sequence[Any]", labels: "Sequence[Labels]") -> str:
        """The mIoU of all pixels together, and the worst class; see `PoolingMetric.pooled`."""
        from analyzer.evaluation.rules.pixel_scores import IGNORED, pixel_counts

        classes = 1 + max(int(batch[batch != IGNORED].max(initial=0)) for batch in labels)
        first, *others = (
            pixel_counts(maps, batch, classes)
            for maps, batch in zip(decisions, labels, strict=True)
        )
        counts = sum(others, start=first)
        worst = counts.worst_class
        if worst is None:
            return ""
        return (
            f"pooled over the pixels of all images, the fault-free mIoU is {counts.mean_iou:.4f}; "
            f"class {worst} has the lowest IoU, {counts.class_iou[worst]:.4f}"
        )


@dataclass(frozen=True, slots=True)
class PixelAccuracy(_PixelMetric):
    """Mean over images of the share of their pixels that are right."""

    name = "pixel_accuracy"
    label = "pixel accuracy"

    def score(self, answers: "AnswerBatch") -> "Scores":
        """As in `Metric.score`: int64 (images,), in millionths."""
        from analyzer.evaluation.rules.pixel_scores import accuracy_scores

        labels, maps = self.given(answers), answers.decisions
        return accuracy_scores(maps, labels) if maps.shape == labels.shape else all_wrong(answers)
