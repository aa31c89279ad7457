"""The right answers of a search: the labels, or the answers of the model without bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Run
from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.choose import Asked
from analyzer.evaluation.dataset import Batch, Dataset, Labels
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.image_axis import FIRST
from analyzer.evaluation.of_model import define_for_model
from analyzer.evaluation.outcome import Judge
from analyzer.model import Model
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.clipact.image_batches import TOGETHER, Batching


@dataclass(frozen=True)
class Reference:
    """The right answers to all images.

    Attributes:
        judge: Tells right from wrong by its metric.
        golden: Every output of the model without bounds for all images, each (images, ...); empty
            in place of those that are not judged.
        labels: (images, ...), or None.
    """

    judge: Judge
    golden: tuple[npt.NDArray[Any], ...]
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
        labels = None if self.labels is None else self.labels[images]
        judged = self.judge.definition.judged
        rows = (o[images] if i in judged else o for i, o in enumerate(self.golden))
        golden = self.judge.golden(Answer(tuple(rows)), labels, len(images))
        return np.asarray(self.judge.scores(golden, answer, labels) > 0)


def find_reference(model: Model, data: Dataset, asked: Asked) -> Reference:
    """Run the model without bounds on all images.

    Args:
        model: the model without bounds.
        data: the images, and their labels where there are any.
        asked: decision rule, output and metric, as far as the user names them.

    Raises:
        GoldenFailed: the model fails on the data.
        BadOption: the metric does not suit the model, the data or the search.
    """
    session = open_session(model.proto, session_options())
    fixed = model.signature.fixed_batch
    batching = Batching(fixed or TOGETHER, fixed, apart=True)
    inputs = {model.signature.name: data.inputs, **data.more}
    parts: list[Answer] = []
    for start in range(0, len(data), batching.most):
        images = range(start, min(start + batching.most, len(data)))
        result = run_session(session, batching.feeds(inputs, images))
        if not isinstance(result, Answer):
            raise GoldenFailed(f"the model fails without any fault: {result.message}")
        parts.append(result)
    definition = _definition(model, data, asked, batching, parts[0], partial(run_session, session))
    return _reference(definition, data, batching, parts)


def _definition(
    model: Model, data: Dataset, asked: Asked, batching: Batching, first: Answer, run: Run
) -> AnswerDefinition:
    """The definition of an answer.

    Raises:
        GoldenFailed: an output that is judged does not have its rows first.
        BadOption: the metric scores by degrees.
    """
    count = min(batching.most, len(data))
    inputs = {model.signature.name: data.inputs, **data.more}
    fed = batching.feeds(inputs, range(count))
    own = fed.pop(model.signature.name)
    labels = None if data.labels is None else data.labels[:count]
    batch = Batch(own, labels, count, fed)
    found = define_for_model(model, data, batch, first, run, asked)
    if any(found.axes[index] != FIRST for index in found.judged):
        raise GoldenFailed(
            "the search of thresholds runs images of its own choice together, and an output of the "
            "model does not have one row per image first"
        )
    if found.metric.denominator != 1:
        raise BadOption(
            f"--metric {found.metric.name} scores answers by degrees, and the search of thresholds "
            "counts right ones; use a metric of right and wrong answers, such as agreement"
        )
    return found


def _reference(
    definition: AnswerDefinition, data: Dataset, batching: Batching, parts: Sequence[Answer]
) -> Reference:
    """The answers to all images together; what has no row per image is left out.

    Args:
        definition: what an answer is.
        data: the images.
        batching: how they were run.
        parts: the answers to each batch.
    """
    last = max(definition.judged) + 1
    definition = replace(
        definition,
        names=definition.names[:last],
        axes=definition.axes[:last],
        watched=definition.judged,
    )
    counts = [min(batching.most, len(data) - n * batching.most) for n in range(len(parts))]
    joined = tuple(
        np.concatenate([part.outputs[i][:n] for part, n in zip(parts, counts, strict=True)])
        if i in definition.judged
        else np.empty(0)
        for i in range(last)
    )
    judge = Judge(definition)
    golden = judge.golden(Answer(joined), data.labels, len(data))
    return Reference(Judge(definition.fitted([golden.decisions])), joined, data.labels)
