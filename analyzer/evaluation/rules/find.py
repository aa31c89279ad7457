"""The rule where nobody names one: from operators, types, shapes, names, and the labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from analyzer.errors import UnclearAnswer
from analyzer.evaluation.image_axis import ImageAxis
from analyzer.evaluation.rules import embeddings, segmentation, sequences
from analyzer.evaluation.rules.by_value import ByValue, MapScores, holds_maps
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.detection import rule as detection
from analyzer.evaluation.rules.facts import OutputFacts, Recognizer
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

RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
"""Operators whose numbers are states, of which none is a class."""

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


RECOGNIZERS: dict[str, Recognizer] = {
    "segmentation": segmentation.suits,
    "sequence": sequences.suits,
    "embedding": embeddings.suits,
    "detection": detection.suits,
}
"""Name of a rule -> what finds its form in the outputs."""


def facts_of(forms: Sequence[OutputForm], images: int, fed: Sequence[int]) -> OutputFacts:
    """Facts about outputs, as `RECOGNIZERS` take them.

    Args:
        forms: the outputs.
        images: how many images golden answered.
        fed: shape of the first input as it was fed; empty if not known.
    """
    return OutputFacts(
        names=tuple(form.name for form in forms),
        outputs=tuple(form.rows for form in forms),
        images=images,
        operators=tuple((form.signature.makers or ("",))[-1] for form in forms),
        input_shape=tuple(fed),
    )


def find_detector(facts: OutputFacts) -> DecisionRule | None:
    """The rule of a detector, which judges all outputs together; None if it is none."""
    if len(facts.outputs) == 1 and facts.outputs[0].ndim < 3:
        return None  # scores of classes, whatever their names
    if any(output.dtype.kind not in "fiub" for output in facts.outputs):
        return None
    found = detection.suits(facts)
    return None if isinstance(found, str) else found


def find_rule(
    form: OutputForm, facts: OutputFacts, labels: npt.NDArray[Any] | None
) -> DecisionRule:
    """The rule of one output that has a row per image.

    Args:
        form: the output.
        facts: about this output alone.
        labels: (images, ...), of the data set; None: there are none.

    Raises:
        UnclearAnswer: the output may mean different things.
    """
    values = form.rows
    if values.dtype.kind not in "fiub":
        return MapScores() if holds_maps(values) else ByValue()
    for name in ("segmentation", "sequence"):
        if values.ndim > 2 or (labels is not None and labels.ndim == 2):
            found = RECOGNIZERS[name](facts)
            if not isinstance(found, str):
                return found
    if values.dtype.kind != "f" and not _measures(form):
        return _of_integers(form)
    if labels is None and not isinstance(found := embeddings.suits(facts), str):
        return found
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
    several = [axis for axis, n in enumerate(values.shape) if axis and n > 1 and values.size]
    probability = bool(makers) and makers[-1] == "Sigmoid"
    if makers and makers[-1] in RECURRENT:
        return Regression()
    if len(several) == 1:
        one_class = labels is not None and labels.ndim == 1 and labels.dtype.kind in "iu"
        if probability and not one_class:
            return MultiLabel()
        return Classification(several[0])
    if not several and probability and values.size:
        return Binary()
    return Regression()
