"""The right answers of a search: the labels, or the answers of the model without bounds."""

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
from exporters.hardening.clipact.image_batches import TOGETHER, Batching


@dataclass(frozen=True)
class Reference:
    """The right answers to all images.

    Attributes:
        judge: Tells right from wrong by its metric.
        golden: The answers of the model without bounds to all images.
        labels: int64 (images,), or None.
    """

    judge: Judge
    golden: Golden
    labels: Labels | None

    def right(self, answer: Answer, images: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Rows of an answer that are right.

        Args:
            answer: outputs, each (rows, ...); row i answers image ``images[i]``, and rows beyond
                the images fill up a fixed batch.
            images: int64 (n,), indices of images.

        Returns:
            bool (n,).
        """
        golden = self.golden
        decisions = None if golden.decisions is None else golden.decisions[images]
        rows = Golden(tuple(o[images] for o in golden.outputs), decisions, golden.scores[images])
        labels = None if self.labels is None else self.labels[images]
        judged = zip(answer.outputs, golden.outputs, strict=False)
        answered = Answer(tuple(o[: len(images)] for o, _ in judged))
        return np.asarray(self.judge.scores(rows, answered, labels) > 0)


def find_reference(model: Model, data: Dataset, metric: str | None) -> Reference:
    """Run the model without bounds on all images.

    Args:
        model: the model without bounds.
        data: the images, and their labels where there are any.
        metric: ``top1``, ``top5`` or ``agreement``; None: by the data.

    Raises:
        GoldenFailed: the model fails on the data.
        BadOption: the metric does not suit the model, the data or the search.
    """
    session = open_session(model.proto, session_options())
    fixed = model.signature.fixed_batch
    batching = Batching(fixed or TOGETHER, fixed, apart=True)
    inputs = {model.signature.name: data.inputs, **data.more}
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    for start in range(0, len(data), batching.most):
        images = range(start, min(start + batching.most, len(data)))
        result = run_session(session, batching.feeds(inputs, images))
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
