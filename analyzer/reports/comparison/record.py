"""A comparison of models as data: what its JSON file holds, and what other forms are made of."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.records import (
    Count,
    DataPart,
    Fraction,
    IntervalPart,
    ModelPart,
    Part,
    RunPart,
    ToolPart,
    as_json,
    as_schema,
)

FORMAT_VERSION: Literal["1.0"] = "1.0"

Signed = Annotated[float, Field(ge=-1.0, le=1.0)]


class SharedPlanPart(Part):
    """What every model was given alike."""

    seed: int
    exposure: Literal["transient", "resident"]
    encoding: str
    fault: str
    confidence: Fraction
    precision: Fraction
    batch: int
    include: list[str]
    exclude: list[str]
    kinds: list[str]


class DifferencePart(Part):
    """A model's figure minus the reference's, with its confidence interval."""

    estimate: Signed
    low: Signed
    high: Signed


class RateDifferencePart(Part):
    """The difference of a model from the reference at one rate, absent without an estimate.

    ``paired_trials`` are those that both models ran on the same upsets; 0 where none correspond.
    ``reached`` says whether every difference is known to the precision that was asked for.
    ``pairing_gain`` is the share by which its longest arm is shorter than that of independent
    campaigns would be.
    """

    metric: DifferencePart | None
    sdc: DifferencePart | None
    due: DifferencePart | None
    paired_trials: Count
    reached: bool
    pairing_gain: float | None = None


class ComparedRatePart(Part):
    """One model at one rate; ``difference`` is absent for the reference.

    ``sdc`` and ``due`` (and ``metric``) are absent while fault patterns that were not tried at all
    weigh more than the precision.
    """

    rate: Annotated[float, Field(gt=0.0, lt=1.0)]
    expected_flips: Annotated[float, Field(ge=0.0)]
    trials: Count
    stop: Literal["precision", "decided", "budget", "interrupted"]
    metric: IntervalPart | None
    sdc: IntervalPart | None
    due: IntervalPart | None
    crashes: Count
    difference: RateDifferencePart | None


class CorrespondencePart(Part):
    """How many bits a model has in common with the reference, and whether faults follow its."""

    bits: Count
    of_reference: Fraction
    of_model: Fraction
    faults: Literal["paired", "independent"]
    same_file: bool


class ComparedModelPart(Part):
    """One model. The first of a comparison is the reference."""

    label: str
    model: ModelPart
    file_bytes: Count
    plan_id: str
    golden: Fraction | None
    correspondence: CorrespondencePart | None
    rates: list[ComparedRatePart]
    area: IntervalPart | None
    area_difference: DifferencePart | None


class Comparison(Part):
    """A whole comparison.

    ``metric`` is absent without labels: then only SDC and DUE are compared, each against a
    model's own fault-free run.
    """

    format_version: Literal["1.0"] = FORMAT_VERSION
    tool: ToolPart
    data: DataPart
    plan: SharedPlanPart
    metric: Literal["top1", "top5"] | None
    models: Annotated[list[ComparedModelPart], Field(min_length=2)]
    assumptions: list[str]
    run: RunPart


LEAST_GAIN = 0.05
"""Share of an arm that shared faults save, below which they are said to have gained nothing."""


def gained_nothing(row: ComparedRatePart) -> bool:
    """Shared faults told no more of the difference than faults of their own would have."""
    gain = row.difference.pairing_gain if row.difference else None
    return gain is not None and gain < LEAST_GAIN


def comparison_json(comparison: Comparison) -> str:
    """The JSON form."""
    return as_json(comparison)


def comparison_schema() -> str:
    """The published JSON Schema of a comparison."""
    return as_schema(Comparison, f"relcheck comparison, format {FORMAT_VERSION}")
