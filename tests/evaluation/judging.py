"""Definitions of answers for arrays, as `analyzer.evaluation.choose` finds them without a model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer
from analyzer.evaluation.choose import NOTHING, Asked, define_answers
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.image_axis import FIRST, SIDE
from analyzer.evaluation.metrics import AGREEMENT
from analyzer.evaluation.metrics.metric import Metric
from analyzer.evaluation.outcome import Judge
from analyzer.evaluation.rules.find import OutputForm
from analyzer.evaluation.rules.rule import DecisionRule
from analyzer.model.outputs import OutputSignature

Values = npt.NDArray[Any]


def labelled(labels: Any, classes: int | None = None) -> Dataset:
    """A data set of three images."""
    found = None if labels is None else np.asarray(labels)
    return Dataset(DataKind.NPZ, "d", np.zeros((3, 1)), found, "00" * 32, "", classes)


def form(values: Values, images: int, name: str = "y", makers: Sequence[str] = ()) -> OutputForm:
    """One output; it has a row per image if its first axis has as many elements."""
    axis = FIRST if values.shape[:1] == (images,) else SIDE
    return OutputForm(OutputSignature(name, None, tuple(makers)), axis, values)


def define(
    outputs: Sequence[Values], images: int, data: Dataset | None = None, asked: Asked = NOTHING
) -> AnswerDefinition:
    """What an answer with these golden outputs is; the outputs are called y, y1, y2 ..."""
    forms = [form(o, images, f"y{place or ''}") for place, o in enumerate(outputs)]
    return define_answers(forms, data or labelled(None), images, asked)


def judge_of(
    outputs: Sequence[Values],
    images: int,
    metric: Metric = AGREEMENT,
    rule: DecisionRule | None = None,
) -> Judge:
    """A judge by the first output, or by ``rule`` of it; NaN in the others counts as well."""
    found = define(outputs[:1], images)
    extra = range(1, len(outputs))
    whole = replace(
        found,
        names=(*found.names, *(f"y{place}" for place in extra)),
        axes=(*found.axes, *(form(outputs[place], images).axis for place in extra)),
        watched=tuple(range(len(outputs))),
        metric=metric,
    )
    whole = replace(whole, rule=rule) if rule is not None else whole
    golden = Judge(replace(whole, metric=AGREEMENT)).golden(Answer(tuple(outputs)), None, images)
    return Judge(whole.fitted([golden.decisions]))
