"""Accuracy: the label is among the k best classes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import DataMismatch

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores

CLASSES = ("classification", "map-scores", "binary")
"""Rules that give an image several classes, the best one first."""

ONE_CLASS = ("integers",)
"""Rules that give an image one class."""


@dataclass(frozen=True, slots=True)
class TopK:
    """Share of images whose label is among the ``k`` best classes.

    Of equal scores that of the lower class counts as the higher.

    Attributes:
        k: How many classes count, at least 1.
    """

    k: int

    needs_labels = True
    needs_golden = False
    denominator = 1

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules whose answers are classes."""
        return CLASSES + ONE_CLASS if self.k == 1 else CLASSES

    @property
    def name(self) -> str:
        """Name in flags, gates, journals and JSON, e.g. ``top5``."""
        return f"top{self.k}"

    @property
    def label(self) -> str:
        """Name in text, tables and charts, e.g. ``top-5``."""
        return f"top-{self.k}"

    @property
    def follows_decision(self) -> bool:
        """True for the best class alone: those below it may change places."""
        return self.k == 1

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Refuse labels that are no class of the model; see `Metric.check_labels`.

        Args:
            labels: integers (images,), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: labels are not one class per image, or a class that there is not.
        """
        from analyzer.evaluation.rules.rule import as_class_rule

        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise DataMismatch(
                f"labels of {labels.dtype} and shape {labels.shape} for a model that scores "
                "classes; they must be one integer per image"
            )
        rule = as_class_rule(first.rule)
        assert rule is not None, "the list of rules says so"
        classes = rule.class_count(first.outputs, len(first.masked))
        if classes is not None and (labels.min() < 0 or labels.max() >= classes):
            wrong = labels.min() if labels.min() < 0 else labels.max()
            raise DataMismatch(
                f"label {wrong} has no class: the model scores classes 0..{classes - 1}"
            )

    def score(self, answers: "AnswerBatch") -> "Scores":
        """int64 (images,): 1 where the label is among the ``k`` best; see `Metric.score`."""
        from analyzer.evaluation.rules.rule import as_class_rule

        labels, rule = answers.labels, as_class_rule(answers.rule)
        assert labels is not None, "a campaign without labels has another metric"
        assert rule is not None, "the list of rules says so"
        best = rule.predicted(answers.outputs, len(answers.masked), self.k)
        found: Scores = (best == labels[:, None]).any(axis=1).astype("int64")
        return found
