"""The protocol of metrics: a score of the answer to each image, as a whole number."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from analyzer.evaluation.rules.rule import DecisionRule, Decisions

    Bools = npt.NDArray[np.bool_]
    Outputs = tuple[npt.NDArray[Any], ...]
    Labels = npt.NDArray[Any]
    Scores = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AnswerBatch:
    """The answers to the images of one batch, beside the golden ones.

    Attributes:
        outputs: The outputs that the rule judges, the axis of images first in each.
        golden: The same of the golden run; empty where neither the rule nor the metric needs them.
        labels: (images, ...), the right answers in the form that the metric states; None without
            labels.
        masked: bool (images,), where golden's decision is kept and no error is detected.
        rule: The decision rule of these outputs.
    """

    outputs: "Outputs"
    golden: "Outputs"
    labels: "Labels | None"
    masked: "Bools"
    rule: "DecisionRule"

    @property
    def decisions(self) -> "Decisions":
        """The decisions of the run, as the rule reads them.

        Raises:
            GoldenFailed: the outputs are not of the form that the rule needs.
        """
        return self.rule.decide(self.outputs, len(self.masked))


class Metric(Protocol):
    """A figure of merit: the mean of a score per image.

    Scores are whole numbers from 0 to `denominator`, so that sums over images and trials are exact
    in any order. A score that is no multiple of 1 / `denominator` is rounded to the nearest one.
    """

    @property
    def name(self) -> str:
        """Name in flags, gates, journals and JSON: letters, digits and underscores."""

    @property
    def label(self) -> str:
        """Name in text, tables and charts."""

    @property
    def needs_labels(self) -> bool:
        """True if scores compare answers with labels; else they compare with golden."""

    @property
    def needs_golden(self) -> bool:
        """True if scores compare with golden's outputs (`AnswerBatch.golden`)."""

    @property
    def rules(self) -> "tuple[str, ...]":
        """Names of the decision rules whose answers the metric can score; empty: of any rule."""

    @property
    def denominator(self) -> int:
        """The score of a perfect answer, at least 1."""

    @property
    def follows_decision(self) -> bool:
        """True if an image whose decision is golden's keeps its score, whatever else changed."""

    def check_labels(self, labels: "Labels", first: AnswerBatch) -> None:
        """Refuse labels that cannot be right answers; nothing to do without `needs_labels`.

        Args:
            labels: (images, ...), of the whole data set.
            first: golden's answers to the first batch.

        Raises:
            DataMismatch: shape, type or range do not fit the model's answers.
        """

    def score(self, answers: AnswerBatch) -> "Scores":
        """Scores of a batch.

        A detected error is no business of a metric: such images count 0, whatever is returned.

        Args:
            answers: the answers; `AnswerBatch.labels` is not None if `needs_labels`.

        Raises:
            GoldenFailed: faulty outputs cannot be read; every image scores 0.

        Returns:
            int64 (images,), each in 0 .. `denominator`.
        """
