"""A metric of the user's own: a function ``score(outputs, labels)`` in a Python file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import BadOption

if TYPE_CHECKING:
    from analyzer.evaluation.metrics.metric import AnswerBatch, Labels, Scores
    from analyzer.evaluation.user_code import UserFunction

STEPS = 1_000_000
"""Scores are rounded to multiples of 1 / STEPS, so that their sums are exact."""


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """Mean of a score per image that the user's function gives.

    The function is ``score(outputs, labels) -> float (images,)`` in [0, 1]. ``outputs`` is a list
    of arrays, one per judged output, the axis of images first; ``labels`` is an array with a row
    per image, or None without labels.

    Attributes:
        function: The function; None: any, as the list of metrics holds it.
    """

    function: "UserFunction | None" = None

    name = "own"
    label = "own metric"
    needs_labels = True
    """It measures against whatever the function has, and not against golden."""

    needs_golden = False
    rules = ()
    denominator = STEPS
    follows_decision = False

    def check_labels(self, labels: "Labels", first: "AnswerBatch") -> None:
        """Nothing to refuse: the function takes labels of any form."""

    def score(self, answers: "AnswerBatch") -> "Scores":
        """int64 (images,): scores in units of 1 / STEPS; see `Metric.score`.

        Raises:
            BadOption: the function raises something, or returns no score from 0 to 1 per image.
        """
        import numpy as np

        assert self.function is not None, "it is made with its function"
        images = len(answers.masked)
        with np.errstate(all="ignore"):  # NaN and infinity are answers, too
            found = np.asarray(self.function.call(list(answers.outputs), answers.labels))
        if found.shape != (images,) or found.dtype.kind not in "fiub":
            raise BadOption(
                f"{self.function.shown} returns {found.dtype} {found.shape} for {images} images; "
                f"it must return a number from 0 to 1 for each"
            )
        # A detected error scores 0, whatever the function makes of its NaN.
        scores = np.where(np.isfinite(found.astype(np.float64)), found.astype(np.float64), 0.0)
        if scores.size and not (scores.min() >= 0.0 and scores.max() <= 1.0):
            raise BadOption(
                f"{self.function.shown} scores {scores.min():g} to {scores.max():g}; scores go "
                "from 0 to 1"
            )
        rounded: Scores = np.rint(scores * STEPS).astype(np.int64)
        return rounded
