"""The report as data: the JSON file, from which every other form is rendered."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.classes import ClassesPart
from analyzer.reports.shared.decision import DecisionPart
from analyzer.reports.shared.records import (
    Count,
    CrashPart,
    DataPart,
    Fraction,
    GoldenPart,
    IntervalPart,
    MemoryPart,
    ModelPart,
    ProtectionPart,
    ReportRecord,
    RunPart,
    ToolPart,
    as_json,
    as_schema,
    left_out,
)
from analyzer.reports.shared.repetitions import RepetitionsPart
from analyzer.reports.shared.severity import SeverityPart
from analyzer.reports.shared.trials import TrialPart
from analyzer.reports.shared.waivers import WaiverPart

FORMAT_VERSION: Literal["1.0"] = "1.0"


class PlanPart(ReportRecord):
    """The plan; the same plan gives the same figures."""

    id: str
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


class DevicesPart(ReportRecord):
    """Resident faults: how the metric is spread over devices that have at least one upset."""

    minimum: Fraction
    p05: Fraction
    median: Fraction
    p95: Fraction
    maximum: Fraction


class StratumPart(ReportRecord):
    """Patterns with this many severe upsets that rise: how probable, how many were run."""

    severe: str
    probability: Fraction
    trials: Count


class RatePart(ReportRecord):
    """One row of the sweep.

    ``metric``, ``sdc``, ``due`` and ``masked`` are absent while fault patterns that were not tried
    at all weigh more than the precision: then there is no estimate. ``critical_sdc`` and
    ``noncritical_sdc``, which add up to ``sdc``, are there with a table of critical confusions.
    ``by_class`` is there where the decision on an image is one class.
    """

    rate: Annotated[float, Field(gt=0.0, lt=1.0)]
    expected_flips: Annotated[float, Field(ge=0.0)]
    p_faulty: Fraction
    trials: Count
    images: Count
    stop: Literal["precision", "decided", "budget", "interrupted"]
    metric: IntervalPart | None
    sdc: IntervalPart | None
    due: IntervalPart | None
    masked: IntervalPart | None
    devices: DevicesPart | None
    crashes: list[CrashPart]
    strata: list[StratumPart]
    memory: MemoryPart | None = left_out()
    critical_sdc: IntervalPart | None = left_out()
    noncritical_sdc: IntervalPart | None = left_out()
    by_class: ClassesPart | None = left_out()


class ConditionPart(ReportRecord):
    """One gate condition and its evidence, which is absent where there is no estimate.

    ``level``: an error decides the verdict of the gate, a warning is only told. ``reason`` says why
    the interval alone does not say the verdict. ``more_trials`` says, of an undecided one, about
    how many more trials would decide; it is absent where that cannot be said.
    """

    condition: str
    metric: str
    operator: Literal[">=", "<="]
    bound: Fraction
    rate: float
    verdict: Literal["pass", "fail", "undecided"]
    evidence: IntervalPart | None
    more_trials: Count | None = None
    level: Literal["error", "warning"] = "error"
    reason: str = ""
    waiver: WaiverPart | None = None


class GatePart(ReportRecord):
    """The gate; without conditions there is no verdict.

    ``scope`` says of which stored bits the verdict does not speak; empty where these are few.
    """

    verdict: Literal["pass", "fail", "undecided"] | None
    conditions: list[ConditionPart]
    scope: str = ""


class Report(ReportRecord):
    """A whole report."""

    format_version: Literal["1.0"] = FORMAT_VERSION
    tool: ToolPart
    model: ModelPart
    data: DataPart
    golden: GoldenPart
    decision: DecisionPart
    plan: PlanPart
    protection: ProtectionPart | None = left_out()
    severity: SeverityPart | None = left_out()
    rates: list[RatePart]
    worst: list[TrialPart] = Field(default_factory=list)
    repetitions: RepetitionsPart | None = left_out()
    gate: GatePart
    assumptions: list[str]
    run: RunPart


def to_json(report: Report) -> str:
    """The JSON report."""
    return as_json(report)


def from_json(text: str) -> Report:
    """Read a report back; pydantic's ValidationError if it is none."""
    return Report.model_validate_json(text)


def json_schema() -> str:
    """The published JSON Schema of the report."""
    return as_schema(Report, f"relcheck report, format {FORMAT_VERSION}")
