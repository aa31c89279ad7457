"""The rule of one output where nobody names one: from its operator, type, shape, and the labels."""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from analyzer.errors import UnclearAnswer
from analyzer.evaluation.image_axis import ImageAxis
from analyzer.evaluation.rules.by_value import ByValue, MapScores, holds_maps
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.integers import Integers
from analyzer.evaluation.rules.regression import Regression
from analyzer.evaluation.rules.rule import DecisionRule
from analyzer.evaluation.rules.thresholds import Binary, MultiLabel
from analyzer.model.outputs import OutputSignature

Values = npt.NDArray[Any]

SELECTING = frozenset({"ArgMax", "ArgMin", "TopK", "NonMaxSuppression", "Hardmax", "NonZero"})
"""Operators whose integers name something."""

QUANTIZED = frozenset({"QuantizeLinear", "MatMulInteger", "ConvInteger", "QGemm"})
"""Operators whose integers measure something, beside those whose names begin with QLinear."""

NARROW = 2
"""Bytes of integers up to which they may be pixels, or quantized values, as well as classes."""


@dataclass(frozen=True)
class OutputForm:
    """One output of a model as the choice of a rule sees it.

    Attributes:
        signature: Name, dimensions and operators.
        axis: The place of the images.
        rows: Golden's output for the first batch, the axis of images first.
    """

    signature: OutputSignature
    axis: ImageAxis
    rows: Values

    @property
    def name(self) -> str:
        """Name of the output."""
        return self.signature.name


def find_rule(form: OutputForm, labels: npt.NDArray[Any] | None) -> DecisionRule:
    """The rule of one output that has a row per image.

    Args:
        form: the output.
        labels: (images, ...), of the data set; None: there are none.

    Raises:
        UnclearAnswer: the output may mean different things.
    """
    values = form.rows
    if values.dtype.kind not in "fiub":
        return MapScores() if holds_maps(values) else ByValue()
    if values.dtype.kind != "f" and not _measures(form):
        return _of_integers(form)
    return _of_scores(form, labels)


def _measures(form: OutputForm) -> bool:
    """True for integers that stand for real numbers, as in a fully quantized model."""
    makers = form.signature.makers
    return any(op in QUANTIZED or op.startswith("QLinear") for op in makers)


def _of_integers(form: OutputForm) -> DecisionRule:
    """The rule of integers that do not obviously measure something.

    Raises:
        UnclearAnswer: they may be pixels as well as classes.
    """
    values, makers = form.rows, form.signature.makers
    selected = any(op in SELECTING for op in makers)
    if values.dtype.kind == "b" or values.dtype.itemsize > NARROW or selected:
        return Integers()
    raise UnclearAnswer(
        f"output {form.name!r} holds {values.dtype}, which may name classes or measure something; "
        "say which by --task integers, --task regression or --task classification"
    )


def _of_scores(form: OutputForm, labels: npt.NDArray[Any] | None) -> DecisionRule:
    """The rule of real numbers."""
    values, makers = form.rows, form.signature.makers
    several = [axis for axis, size in enumerate(values.shape) if axis and size > 1]
    probability = bool(makers) and makers[-1] == "Sigmoid"
    if len(several) == 1:
        one_class = labels is not None and labels.ndim == 1 and labels.dtype.kind in "iu"
        if probability and not one_class:
            return MultiLabel()
        return Classification(several[0])
    if not several and probability and values.size:
        return Binary()
    return Regression()
