"""Replayed patterns as data: the JSON file, from which all other forms are made."""

from typing import Literal

from analyzer.reports.shared.decision import DecisionPart
from analyzer.reports.shared.records import (
    Count,
    DataPart,
    Digest,
    GoldenPart,
    ModelPart,
    Name,
    ProtectionPart,
    ReportRecord,
    RunPart,
    ToolPart,
    as_json,
    as_schema,
    left_out,
)
from analyzer.reports.shared.severity import SeverityPart
from analyzer.reports.shared.trials import ElementPart

FORMAT_VERSION: Literal["1.0"] = "1.0"


class AnswerPart(ReportRecord):
    """The answer to one image.

    ``number`` is that of the class, and ``name`` what the model calls it; the name is empty where
    the model states none. ``score`` is the number in the output that decided: a probability if the
    model ends in one, else a logit.
    """

    number: int
    name: Name
    score: float | None


class ImagePart(ReportRecord):
    """One image under a pattern.

    ``image`` is its place among the images that are used, from 0. Answers are absent where the
    decision rule tells no class, or where there was no answer.
    """

    image: Count
    outcome: Literal["masked", "sdc", "due"]
    critical: bool = False
    golden: AnswerPart | None
    faulty: AnswerPart | None


class PatternPart(ReportRecord):
    """One pattern that was run again.

    ``name``: of the injection in its list, or of the trial. ``upsets``, ``changed`` and
    ``elements`` as in the worst trials of a run. ``outputs_sha256`` is the digest of all outputs
    under the pattern. ``edited_file`` says whether a copy of the file with these bits changed gave
    the same outputs, bit for bit; absent where that was not tried. ``reproduced`` says whether the
    outcomes are those of the report; absent where there is none to compare with. ``shown`` are its
    images, or those of a list that were harmed, as far as there is room.
    """

    name: Name
    images: Count
    sdc: Count
    critical_sdc: Count | None = left_out()
    due: Count
    masked: Count
    lost: float
    upsets: Count
    changed: Count
    elements: list[ElementPart]
    outputs_sha256: Digest
    edited_file: Literal["same", "different"] | None = None
    reproduced: bool | None = None
    shown: list[ImagePart]


class ReplayPlanPart(ReportRecord):
    """The circumstances of the patterns; ``source`` is the fault list, or the report."""

    source: Name
    id: str
    exposure: Literal["transient", "resident"]
    encoding: str
    fault: str
    batch: Count
    seed: int


class ReplayReport(ReportRecord):
    """A whole replay."""

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["replay"] = "replay"
    tool: ToolPart
    model: ModelPart
    data: DataPart
    golden: GoldenPart
    decision: DecisionPart
    plan: ReplayPlanPart
    protection: ProtectionPart | None = left_out()
    severity: SeverityPart | None = left_out()
    patterns: list[PatternPart]
    run: RunPart


def to_json(report: ReplayReport) -> str:
    """The JSON report."""
    return as_json(report)


def json_schema() -> str:
    """The published JSON Schema of a replay."""
    return as_schema(ReplayReport, f"relcheck replay, format {FORMAT_VERSION}")
