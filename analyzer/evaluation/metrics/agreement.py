"""Agreement: golden's decision is kept. Needs no labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores


@dataclass(frozen=True, slots=True)
class Agreement:
    """Share of images that are masked: golden's decision, and no detected error."""

    name = "agreement"
    label = "agreement"
    needs_labels = False
    needs_golden = False
    rules = ()
    denominator = 1
    follows_decision = True

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Nothing to refuse: labels are not used."""

    def score(self, answers: "AnswerBatch") -> "Scores":
        """int64 (images,): 1 where the image is masked; see `Metric.score`."""
        return answers.masked.astype("int64")
