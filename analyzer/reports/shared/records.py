"""What all reports have in common: which tool, which model, which data, which run."""

import json
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _printable(text: str) -> str:
    """File names may hold bytes that are no UTF-8; reports may not."""
    return text.encode("utf-8", "replace").decode()


Name = Annotated[str, AfterValidator(_printable)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A record of a report; it never changes, and holds nothing that is not listed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolPart(Part):
    """Which tool wrote the report, on which runtime."""

    name: Literal["relcheck"] = "relcheck"
    version: str
    onnxruntime: str
    onnx: str
    numpy: str
    provider: str


class ModelPart(Part):
    """Which model was analyzed."""

    path: Name
    sha256: Digest
    opset: int
    parameters: Count
    bits_at_risk: Count


class StepPart(Part):
    """One step of the recipe by which images became inputs."""

    name: Literal["resize", "crop", "fit", "color", "scale", "mean", "std", "layout"]
    value: str
    origin: Literal["flag", "metadata", "assumed"]


class DataPart(Part):
    """On which data it was judged."""

    kind: Literal["npz", "folder", "generated"]
    name: Name
    sha256: Digest
    images: Count
    labelled: bool
    note: str
    remarks: list[Name] = []
    fed: str = ""
    preprocessing: list[StepPart] = []

    @property
    def lines(self) -> list[str]:
        """What was fed, and what else must be known of it: a line each."""
        if self.kind == "generated":
            return [f"note: {text}" for text in self.remarks]
        told = [f"fed: {self.fed}"] if self.fed else []
        notes = [self.note, *self.remarks] if self.note else self.remarks
        return told + [f"note: {text}" for text in notes]


class GoldenPart(Part):
    """The fault-free figure, exact on this data."""

    metric: Literal["top1", "top5", "agreement"]
    value: Fraction


class IntervalPart(Part):
    """A figure with its confidence interval."""

    estimate: Fraction
    low: Fraction
    high: Fraction


class UpsetPart(Part):
    """One fault site."""

    tensor: str
    element: Count
    bit: Count


class CrashPart(Part):
    """A pattern that killed the process that ran it; it counts as DUE on every image."""

    severe: str
    trial: Count
    upsets: list[UpsetPart]


class RunPart(Part):
    """Times and host: the only part in which two runs of one plan may differ."""

    started: str
    wall_seconds: float
    cpu_seconds: float
    host: str
    platform: str
    python: str
    journal: str
    command: Name


def as_json(report: Part) -> str:
    """A report as JSON: indented, ending in a newline."""
    return report.model_dump_json(indent=2) + "\n"


def as_schema(report: type[Part], title: str) -> str:
    """The published JSON Schema of a kind of report."""
    schema = report.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
