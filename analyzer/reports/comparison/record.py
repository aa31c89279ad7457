"""A comparison of models as data: the JSON file, from which all other forms are made."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.decision import DecisionPart
from analyzer.reports.shared.records import (
    Count,
    DataPart,
    Fraction,
    IntervalPart,
    LabelledMetricName,
    ModelPart,
    ProtectionPart,
    ReportRecord,
    RunPart,
    ToolPart,
    as_json,
    as_schema,
    left_out,
)
from analyzer.reports.shared.severity import SeverityPart
from analyzer.reports.shared.signed_numbers import DifferencePart, Signed
from analyzer.reports.shared.waivers import WaiverPart

FORMAT_VERSION: Literal["1.0"] = "1.0"


class SharedPlanPart(ReportRecord):
    """The plan that all models share."""

    seed: int
    exposure: Literal["transient", "resident"]
    encoding: str
    fault: str
    confidence: Fraction
    precision: Fraction
    batch: int
    precise_int8: bool = False
    include: list[str]
    exclude: list[str]
    kinds: list[str]


class RateDifferencePart(ReportRecord):
    """Difference of a model from the reference at one rate, absent without an estimate.

    ``paired_trials``: trials that both models ran on the same upsets; 0 where no bits correspond.
    ``reached``: whether every difference is known to the precision that was asked for.
    ``pairing_gain``: the share by which its longest arm is shorter than that of independent
    campaigns would be.
    """

    metric: DifferencePart | None
    sdc: DifferencePart | None
    due: DifferencePart | None
    paired_trials: Count
    reached: bool
    pairing_gain: float | None = None


class ComparedRatePart(ReportRecord):
    """One model at one rate; ``difference`` is absent for the reference.

    ``sdc`` and ``due``, ``masked`` and ``metric`` are absent while fault patterns that were not
    tried at all weigh more than the precision.
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
    critical_sdc: IntervalPart | None = left_out()
    noncritical_sdc: IntervalPart | None = left_out()
    masked: IntervalPart | None = left_out()


class CorrespondencePart(ReportRecord):
    """Bits that a model shares with the reference; ``faults``: whether its faults follow."""

    bits: Count
    of_reference: Fraction
    of_model: Fraction
    faults: Literal["paired", "independent"]
    same_file: bool


class ComparedModelPart(ReportRecord):
    """One model. The first of a comparison is the reference."""

    label: str
    model: ModelPart
    file_bytes: Count
    plan_id: str
    protection: ProtectionPart | None = left_out()
    golden: Fraction | None
    correspondence: CorrespondencePart | None
    rates: list[ComparedRatePart]
    area: IntervalPart | None
    area_difference: DifferencePart | None


class ComparedConditionPart(ReportRecord):
    """One gate condition on one model, and its evidence; without an estimate there is none.

    With ``relative`` the evidence is the difference from the reference, else the model's figure.
    """

    condition: str
    model: str
    metric: str
    operator: Literal[">=", "<="]
    bound: Signed
    relative: bool
    rate: float
    verdict: Literal["pass", "fail", "undecided"]
    evidence: DifferencePart | None
    more_trials: Count | None
    level: Literal["error", "warning"]
    reason: str = ""
    waiver: WaiverPart | None = None


class ComparedGatePart(ReportRecord):
    """The gate of a comparison: every condition for every model but the reference."""

    verdict: Literal["pass", "fail", "undecided"]
    conditions: list[ComparedConditionPart]


class Comparison(ReportRecord):
    """A whole comparison.

    ``metric`` is absent without labels: then only SDC and DUE are compared, each against a
    model's own fault-free run. ``decision`` is that of the first model; all are judged by its rule.
    """

    format_version: Literal["1.0"] = FORMAT_VERSION
    tool: ToolPart
    data: DataPart
    decision: DecisionPart
    plan: SharedPlanPart
    metric: LabelledMetricName | None
    severity: SeverityPart | None = left_out()
    models: Annotated[list[ComparedModelPart], Field(min_length=2)]
    gate: ComparedGatePart | None = None
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
