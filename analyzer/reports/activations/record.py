"""Distributions of activations as data: the JSON file, from which all other forms are made."""

import math
from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.records import (
    Count,
    DataPart,
    Fraction,
    IntervalPart,
    ModelPart,
    Name,
    ReportRecord,
    RunPart,
    ToolPart,
    as_json,
    as_schema,
)

FORMAT_VERSION: Literal["1.0"] = "1.0"

Number = float | Literal["inf", "-inf"] | None
"""A number of an activation; JSON has no infinity, and null stands for NaN."""


def number(value: float) -> Number:
    """A number as the record holds it.

    >>> number(2.5), number(math.inf), number(math.nan)
    (2.5, 'inf', None)
    """
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0.0 else "-inf"
    return value


def value_of(held: Number) -> float:
    """The inverse of `number`."""
    return math.nan if held is None else float(held)


class ThresholdPart(ReportRecord):
    """The range of an activation.

    ``origin``: ``bound`` if the graph has it, ``file`` if it comes from the thresholds file,
    ``maximum`` if it is the range of the run without faults. ``low`` is null where only numbers
    above ``high`` are beyond it.
    """

    low: Number
    high: Number
    origin: Literal["bound", "file", "maximum"]


class DistributionPart(ReportRecord):
    """The values of one activation, without faults or at one rate.

    Quartiles are those of all values but NaN, each within ``relative_error`` of itself; the mean is
    that of the finite ones. ``numbers`` counts all values. ``zeros``, ``nan`` and ``infinite`` are
    shares of them, and so is ``beyond``: those beyond the threshold, infinite ones among them.
    Without faults ``beyond`` is exact; at a rate it is an estimate for all patterns.
    """

    numbers: Count
    mean: Number
    first_quartile: Number
    median: Number
    third_quartile: Number
    minimum: Number
    maximum: Number
    zeros: Fraction
    nan: Fraction
    infinite: Fraction
    beyond: IntervalPart


class ActivationPart(ReportRecord):
    """One activation: its name in the graph, the operator that makes it, its threshold."""

    value: Name
    kind: str
    threshold: ThresholdPart
    golden: DistributionPart


class LeftPart(ReportRecord):
    """An activation whose values cannot be taken out, and why."""

    value: Name
    kind: str
    reason: str


class RateActivationsPart(ReportRecord):
    """All activations at one rate.

    ``patterns`` were run; ``failed`` of them gave no answer, and are in no figure. ``sites`` are in
    the order of the model's activations; empty if no pattern gave an answer.
    """

    rate: float
    p_faulty: Fraction
    patterns: Count
    failed: Count
    stop: Literal["precision", "budget", "interrupted"]
    sites: list[DistributionPart]


class AnswersPart(ReportRecord):
    """Runs of the model that returns its activations, beside those of the model as it is.

    ``differing`` of ``golden`` and ``faulty`` runs answer otherwise in some bit; without faults by
    at most ``largest``, a share of the largest number of the output.
    """

    golden: Count
    faulty: Count
    differing: Count
    largest: Annotated[float, Field(ge=0.0)]


class ModelActivationsPart(ReportRecord):
    """One model.

    ``paired`` is true if its patterns follow from those of the first model. ``images`` met the run
    without faults; ``stop`` says what ended it before all images, if anything did.
    """

    label: str
    model: ModelPart
    batch: Count
    plan_id: str
    paired: bool
    images: Count
    stop: Literal["budget", "interrupted"] | None
    answers: AnswersPart
    sites: list[ActivationPart]
    left: list[LeftPart]
    rates: list[RateActivationsPart]


class ActivationsPlanPart(ReportRecord):
    """The circumstances of a measurement."""

    rates: list[float]
    exposure: Literal["transient", "resident"]
    encoding: str
    fault: str
    seed: int
    precision: Fraction
    confidence: Fraction
    include: list[str]
    exclude: list[str]
    kinds: list[str]
    thresholds: Name


class ActivationsReport(ReportRecord):
    """The activations of one model or several."""

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["activations"] = "activations"
    tool: ToolPart
    data: DataPart
    plan: ActivationsPlanPart
    relative_error: float
    models: list[ModelActivationsPart]
    run: RunPart


def to_json(report: ActivationsReport) -> str:
    """The JSON report."""
    return as_json(report)


def activations_schema() -> str:
    """The published JSON Schema of distributions of activations."""
    return as_schema(ActivationsReport, f"relcheck activations, format {FORMAT_VERSION}")
