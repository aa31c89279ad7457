"""The report as data: what the JSON file holds, and what every other form is rendered from."""

import json
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FORMAT_VERSION: Literal["1.0"] = "1.0"


def _printable(text: str) -> str:
    """File names may hold bytes that are no UTF-8; reports may not."""
    return text.encode("utf-8", "replace").decode()


Name = Annotated[str, AfterValidator(_printable)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolPart(_Part):
    """Which tool wrote the report, on which runtime."""

    name: Literal["relcheck"] = "relcheck"
    version: str
    onnxruntime: str
    onnx: str
    numpy: str
    provider: str


class ModelPart(_Part):
    """Which model was analyzed."""

    path: Name
    sha256: Digest
    opset: int
    parameters: Count
    bits_at_risk: Count


class DataPart(_Part):
    """On which data it was judged."""

    kind: Literal["npz", "folder", "generated"]
    name: Name
    sha256: Digest
    images: Count
    labelled: bool
    note: str


class GoldenPart(_Part):
    """The fault-free figure, exact on this data."""

    metric: Literal["top1", "top5", "agreement"]
    value: Fraction


class PlanPart(_Part):
    """What was done; the same plan gives the same figures."""

    id: str
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


class IntervalPart(_Part):
    """A figure with its confidence interval."""

    estimate: Fraction
    low: Fraction
    high: Fraction


class DevicesPart(_Part):
    """Resident faults: how the metric is spread over devices that have at least one upset."""

    minimum: Fraction
    p05: Fraction
    median: Fraction
    p95: Fraction
    maximum: Fraction


class UpsetPart(_Part):
    """One fault site."""

    tensor: str
    element: Count
    bit: Count


class CrashPart(_Part):
    """A pattern that killed the process that ran it; it counts as DUE on every image."""

    severe: str
    trial: Count
    upsets: list[UpsetPart]


class StratumPart(_Part):
    """Patterns with this many severe upsets that rise: how probable, how many were run."""

    severe: str
    probability: Fraction
    trials: Count


class RatePart(_Part):
    """One row of the sweep."""

    rate: Annotated[float, Field(gt=0.0, lt=1.0)]
    expected_flips: Annotated[float, Field(ge=0.0)]
    p_faulty: Fraction
    trials: Count
    images: Count
    stop: Literal["precision", "decided", "budget", "interrupted"]
    metric: IntervalPart
    sdc: IntervalPart
    due: IntervalPart
    masked: IntervalPart
    devices: DevicesPart | None
    crashes: list[CrashPart]
    strata: list[StratumPart]


class ConditionPart(_Part):
    """One gate condition and its evidence."""

    condition: str
    metric: str
    operator: Literal[">=", "<="]
    bound: Fraction
    rate: float
    verdict: Literal["pass", "fail", "undecided"]
    evidence: IntervalPart


class GatePart(_Part):
    """The gate; without conditions there is no verdict."""

    verdict: Literal["pass", "fail", "undecided"] | None
    conditions: list[ConditionPart]


class RunPart(_Part):
    """Times and host: the only part in which two runs of one plan may differ."""

    started: str
    wall_seconds: float
    cpu_seconds: float
    host: str
    platform: str
    python: str
    journal: str
    command: Name


class Report(_Part):
    """A whole report."""

    format_version: Literal["1.0"] = FORMAT_VERSION
    tool: ToolPart
    model: ModelPart
    data: DataPart
    golden: GoldenPart
    plan: PlanPart
    rates: list[RatePart]
    gate: GatePart
    assumptions: list[str]
    run: RunPart


def to_json(report: Report) -> str:
    """The JSON report: indented, ending in a newline."""
    return report.model_dump_json(indent=2) + "\n"


def from_json(text: str) -> Report:
    """Read a report back; pydantic's ValidationError if it is none."""
    return Report.model_validate_json(text)


def json_schema() -> str:
    """The published JSON Schema of the report."""
    schema = Report.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"relcheck report, format {FORMAT_VERSION}"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
