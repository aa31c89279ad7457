"""Records that all reports share: the tool, the model, the data set, the run."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from analyzer.evaluation.metrics import labelled_names, metric_names
from analyzer.evaluation.pixel_figures import CLASS_IOU


def _printable(text: str) -> str:
    """File names may hold bytes that are no UTF-8; reports may not."""
    return text.encode("utf-8", "replace").decode()


Name = Annotated[str, AfterValidator(_printable)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class _OneOf:
    """Marks text that is one of a family's names, in JSON Schema as well."""

    def __init__(self, names: Callable[[], Sequence[str]]) -> None:
        """Keep what gives the names; the family may grow until it is asked."""
        self._names = names

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def _known(self, name: str) -> str:
        if name not in self._names() and not re.fullmatch(OF_CLASS, name):
            raise ValueError(f"use {', '.join(self._names())}")
        return name

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        named = {**handler(schema), "enum": list(self._names())}
        return {"anyOf": [named, {**handler(schema), "pattern": OF_CLASS}]}


OF_CLASS = rf"^{CLASS_IOU}[0-9]+$"
"""The IoU of a class, which is a metric of its own for each class."""

MetricName = Annotated[str, _OneOf(metric_names)]
LabelledMetricName = Annotated[str, _OneOf(labelled_names)]


class ReportRecord(BaseModel):
    """A record of a report; it never changes, and holds nothing that is not listed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolPart(ReportRecord):
    """The tool that wrote the report, and its runtime."""

    name: Literal["relcheck"] = "relcheck"
    version: str
    onnxruntime: str
    onnx: str
    numpy: str
    provider: str


class LeftOutPart(ReportRecord):
    """Stored tensors that no fault hits though something reads them, by reason."""

    reason: str
    tensors: Count
    bits: Count


class ModelPart(ReportRecord):
    """The model that was analyzed.

    ``notes`` say what a reader must know about how it ran. ``coupled`` is true if images of one run
    influence one another, so that figures hold for the plan's batch alone.

    ``share_out_of_scope`` is the share of the stored bits that the tool cannot hit, whatever the
    selection; ``out_of_scope`` says why.
    """

    path: Name
    sha256: Digest
    opset: int
    parameters: Count
    bits_at_risk: Count
    notes: list[str] = []
    coupled: bool = False
    bits_out_of_scope: Count = 0
    share_out_of_scope: Fraction = 0.0
    out_of_scope: list[LeftOutPart] = []


class StepPart(ReportRecord):
    """One step of the recipe by which images became inputs."""

    name: Literal["resize", "crop", "fit", "color", "scale", "mean", "std", "layout"]
    value: str
    origin: Literal["flag", "metadata", "assumed"]


class DataPart(ReportRecord):
    """On which data it was judged."""

    kind: Literal["npz", "folder", "arrays", "generated"]
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
        """The feed, and remarks on it: a line each."""
        if self.kind == "generated":
            return [f"note: {text}" for text in self.remarks]
        told = [f"fed: {self.fed}"] if self.fed else []
        notes = [self.note, *self.remarks] if self.note else self.remarks
        return told + [f"note: {text}" for text in notes]


class GoldenPart(ReportRecord):
    """The fault-free figure, exact on this data."""

    metric: MetricName
    value: Fraction


class IntervalPart(ReportRecord):
    """A figure with its confidence interval."""

    estimate: Fraction
    low: Fraction
    high: Fraction


def _is_none(value: object) -> bool:
    return value is None


def left_out() -> Any:
    """The default of a part that only some reports have: no key at all."""
    return Field(default=None, exclude_if=_is_none)


class CodingLossPart(ReportRecord):
    """The cost of an encoding that rounds stored values, without any fault.

    ``unencoded``: the metric of the model as its file has it. ``lost``: by how much the metric is
    lower under the encoding; below 0 where it is higher. ``changed``: share of images whose
    decision the encoding changes.
    """

    unencoded: Fraction
    lost: Annotated[float, Field(ge=-1.0, le=1.0)]
    changed: Fraction


class ProtectionPart(ReportRecord):
    """The protection of the memory, executed in every trial.

    ``rules``: as the flag writes it. ``overhead``: check bits per data bit, an exact fraction.
    """

    rules: str
    about: str
    data_bits: Count
    protected_bits: Count
    check_bits: Count
    overhead: str
    coding_loss: CodingLossPart | None


class MemoryPart(ReportRecord):
    """Effects of the protection; shares of images.

    ``corrected``: the image met upsets, all of them corrected; it counts as masked as well.
    ``detected``: the image met an error that was found and not corrected; where it ends the run, it
    counts as DUE as well.
    """

    corrected: IntervalPart
    detected: IntervalPart


class UpsetPart(ReportRecord):
    """One fault site."""

    tensor: str
    element: Count
    bit: Count


class CrashPart(ReportRecord):
    """A pattern that killed the process that ran it; it counts as DUE on every image."""

    severe: str
    trial: Count
    upsets: list[UpsetPart]


class AccelerationPart(ReportRecord):
    """One way in which the engine may be faster; none changes any figure.

    ``in_force`` is true while runs could take it; ``reason`` says what it did, or why it was not in
    force. ``model`` is the label of the model in a comparison, else empty.
    """

    name: str
    in_force: bool
    reason: str
    model: str = ""


class RunPart(ReportRecord):
    """Times, places, host and engine: the only part in which two runs of one plan may differ.

    ``int8_sums`` says how this processor's kernels add up products of 8-bit integers by default.
    ``models`` are the paths of the models relative to the root of their repository, else to the
    working folder, with slashes. ``settings`` are those by which a trial can be replayed.
        ``trial_cpu_seconds`` is the time of a trial, of late; absent where none was run this time.
    """

    started: str
    wall_seconds: float
    cpu_seconds: float
    trial_cpu_seconds: float | None = None
    host: str
    platform: str
    python: str
    processor: str = ""
    int8_sums: Literal["exact", "saturating", ""] = ""
    journal: str
    command: Name
    accelerations: list[AccelerationPart] = []
    models: list[Name] = []
    settings: dict[str, Any] | None = left_out()


def as_json(report: ReportRecord) -> str:
    """A report as JSON: indented, ending in a newline."""
    return report.model_dump_json(indent=2) + "\n"


def as_schema(report: type[ReportRecord], title: str) -> str:
    """The published JSON Schema of a kind of report.

    Args:
        report: the record of that kind.
        title: of the schema.
    """
    schema = report.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = title
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
