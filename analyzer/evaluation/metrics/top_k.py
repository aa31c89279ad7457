"""Accuracy: the label is among the k highest class scores."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Scores


@dataclass(frozen=True, slots=True)
class TopK:
    """Share of images whose label is among the ``k`` highest class scores.

    Of equal scores that of the lower class counts as the higher.

    Attributes:
        k: How many classes count, at least 1.
    """

    k: int

    needs_labels = True
    needs_classes = True
    denominator = 1

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
        """True for the highest class alone: those below it may change places."""
        return self.k == 1

    def score(self, answers: "AnswerBatch") -> "Scores":
        """int64 (images,): 1 where the label is among the ``k`` highest; see `Metric.score`."""
        labels, scores = answers.labels, answers.outputs[0]
        assert labels is not None, "a campaign without labels has another metric"
        if self.k == 1:
            right = scores.argmax(axis=1) == labels
        else:
            order = (-scores.astype("float64")).argsort(axis=1, kind="stable")
            right = (order[:, : self.k] == labels[:, None]).any(axis=1)
        found: Scores = right.astype("int64")
        return found
