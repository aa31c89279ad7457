"""Metrics of sequences: the share of right tokens of each image, and all of them right."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.evaluation.metrics.labelled import MILLIONTHS, LabelledMetric

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Scores

FORM = "integers (images, length), tokens, padded with -1"


@dataclass(frozen=True, slots=True)
class _TokenMetric(LabelledMetric):
    """Parts that both have in common."""

    axes: int = 2
    form: str = FORM
    whole: bool = True

    rules = ("sequence",)
    follows_decision = True


@dataclass(frozen=True, slots=True)
class TokenAccuracy(_TokenMetric):
    """Mean over images of 1 less the token error rate, at least 0."""

    name = "token_accuracy"
    label = "token accuracy"
    denominator = MILLIONTHS

    def score(self, answers: "AnswerBatch") -> "Scores":
        """As in `Metric.score`: int64 (images,), in millionths."""
        from analyzer.evaluation.rules.edit_distance import token_scores

        return token_scores(answers.decisions, self.given(answers))


@dataclass(frozen=True, slots=True)
class ExactMatch(_TokenMetric):
    """Share of images all of whose tokens are right."""

    name = "exact_match"
    label = "exact match"
    denominator = 1

    def score(self, answers: "AnswerBatch") -> "Scores":
        """As in `Metric.score`: int64 (images,)."""
        from analyzer.evaluation.rules.edit_distance import exact_scores

        return exact_scores(answers.decisions, self.given(answers))
