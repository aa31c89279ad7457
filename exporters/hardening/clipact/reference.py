"""What right answers are: the labels, or what the model without bounds answers without faults."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer
from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.dataset import Dataset, Labels
from analyzer.evaluation.outcome import Golden, Judge, choose_metric, class_count
from analyzer.model import Model
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.clipact.image_batches import TOGETHER, Rows


@dataclass(frozen=True)
class Reference:
    """What right answers are.

    Attributes:
        judge: By its metric.
        golden: The answers of the model without bounds to all images.
        labels: int64 (images,), or None.
    """

    judge: Judge
    golden: Golden
    labels: Labels | None

    def right(self, answer: Answer, images: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which rows of an answer are right; row i answers image ``images[i]``."""
        golden = self.golden
        decisions = None if golden.decisions is None else golden.decisions[images]
        rows = Golden(tuple(o[images] for o in golden.outputs), decisions, golden.scores[images])
        labels = None if self.labels is None else self.labels[images]
        few = zip(answer.outputs, golden.outputs, strict=False)
        answered = Answer(tuple(o[: len(images)] for o, _ in few))
        return np.asarray(self.judge.scores(rows, answered, labels) > 0)


def find_reference(model: Model, data: Dataset, metric: str | None) -> Reference:
    """Run the model without bounds on all images.

    Args:
        model: the model.
        data: the images.
        metric: what was asked for, if anything.

    Raises:
        GoldenFailed: the model fails on the data.
        BadOption: the metric does not suit the model, the data or the search.
    """
    session = open_session(model.proto, session_options())
    fixed = model.signature.fixed_batch
    rows = Rows(fixed or TOGETHER, fixed, apart=True)
    inputs = {model.signature.name: data.inputs, **data.more}
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    for start in range(0, len(data), rows.most):
        images = range(start, min(start + rows.most, len(data)))
        result = run_session(session, rows.feeds(inputs, images))
        if not isinstance(result, Answer):
            raise GoldenFailed(f"the model fails without any fault: {result.message}")
        parts.append(_rows_first(result, fixed or len(images), len(images)))
    answer = Answer(tuple(np.concatenate(found) for found in zip(*parts, strict=True)))
    chosen = choose_metric(metric, data, class_count(answer))
    if chosen.denominator != 1:
        raise BadOption(
            f"--metric {chosen.name} scores answers by degrees, and the search of thresholds "
            "counts right ones; use a metric of right and wrong answers, such as agreement"
        )
    judge = Judge(chosen)
    return Reference(judge, judge.golden(answer, data.labels, len(data)), data.labels)


def _rows_first(answer: Answer, fed: int, images: int) -> tuple[npt.NDArray[Any], ...]:
    """The outputs up to the first that has no row for each image.

    Raises:
        GoldenFailed: the first output has not.
    """
    found = []
    for output in answer.outputs:
        if output.shape[:1] != (fed,):
            break
        found.append(output[:images])
    if not found:
        raise GoldenFailed("the model's first output does not have one row per image")
    return tuple(found)
