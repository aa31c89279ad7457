"""Scores of sequences by labels: all tokens right, and the share of them that is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import DataMismatch

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores

UNITS = 1_000_000
"""As in `analyzer.evaluation.rules.pixel_scores`, which is loaded when a score is asked for."""


@dataclass(frozen=True, slots=True)
class TokenMetric:
    """Mean over images of a score of the sequence.

    Labels are integers (images, length), padded with -1.

    Attributes:
        name: Name in flags, gates, journals and JSON.
        label: Name in text, tables and charts.
        exact: True if all tokens must be right; False for 1 less the token error rate.
    """

    name: str
    label: str
    exact: bool

    needs_labels = True
    needs_golden = False
    rules = ("sequence",)

    @property
    def denominator(self) -> int:
        """The score of a sequence without a mistake."""
        return 1 if self.exact else UNITS

    @property
    def follows_decision(self) -> bool:
        """True: equal tokens have equal scores."""
        return True

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Refuse labels that are no rows of tokens; see `Metric.check_labels`.

        Args:
            labels: integers (images, length), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: labels have another form.
        """
        if labels.dtype.kind not in "iu" or labels.ndim != 2:
            raise DataMismatch(
                f"labels of {labels.dtype} and shape {labels.shape} are no rows of tokens, padded "
                "with -1"
            )

    def score(self, answers: "AnswerBatch") -> "Scores":
        """int64 (images,): scores in units of 1 / denominator; see `Metric.score`."""
        from analyzer.evaluation.rules.edit_distance import exact_scores, token_scores

        assert answers.labels is not None, "a campaign without labels has another metric"
        score = exact_scores if self.exact else token_scores
        return score(answers.decisions, answers.labels.astype("int64"))
