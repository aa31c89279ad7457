"""The protocol of metrics: a score of the answer to each image, as a whole number."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Outputs = tuple[npt.NDArray[Any], ...]
    Labels = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AnswerBatch:
    """The answers to the images of one batch, beside the golden ones.

    Attributes:
        outputs: Every output of the run, with a row per image where there is one; the first has,
            and has golden's shape.
        golden: Every output of the golden run, in the same order.
        labels: int64 (images,), the right classes; None without labels.
        masked: bool (images,), where golden's decision is kept and no error is detected.
    """

    outputs: "Outputs"
    golden: "Outputs"
    labels: "Labels | None"
    masked: "Bools"


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
    def needs_classes(self) -> bool:
        """True if the first output must be class scores: (images, classes)."""

    @property
    def denominator(self) -> int:
        """The score of a perfect answer, at least 1."""

    @property
    def follows_decision(self) -> bool:
        """True if an image whose decision is golden's keeps its score, whatever else changed."""

    def score(self, answers: AnswerBatch) -> "Scores":
        """Scores of a batch.

        A detected error is no business of a metric: such images count 0, whatever is returned.

        Args:
            answers: the answers; `AnswerBatch.labels` is not None if `needs_labels`.

        Returns:
            int64 (images,), each in 0 .. `denominator`.
        """
