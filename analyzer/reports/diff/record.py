"""A difference between two reports as data: the JSON file, from which other forms are made."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.records import (
    Count,
    Digest,
    Fraction,
    IntervalPart,
    MetricName,
    Name,
    ReportRecord,
    as_json,
    as_schema,
)
from analyzer.reports.shared.signed_numbers import DifferencePart, Signed
from analyzer.reports.shared.waivers import WaiverPart

FORMAT_VERSION: Literal["1.0"] = "1.0"


class DiffSidePart(ReportRecord):
    """One of the two reports: its file, and where its figures come from.

    ``model`` is the path of the model as pipelines know files. ``metric`` and ``golden``, the exact
    fault-free figure, are absent without labels. ``confidence`` is that of the report's intervals.
    """

    report: Name
    model: Name
    model_sha256: Digest
    data: Name
    plan_id: str
    seed: int
    confidence: Fraction
    metric: MetricName | None
    golden: Fraction | None
    trials: Count
    bits_at_risk: Count
    share_out_of_scope: Fraction
    version: str
    onnxruntime: str
    provider: str
    started: str


class DiffFigurePart(ReportRecord):
    """One figure of both models, and the new one minus the old one.

    ``rate`` is the bit error rate in sweeps; in maps ``tensor`` is the part of the memory, absent
    for all of it. The intervals of ``old`` and ``new`` are those of the reports; that of
    ``difference`` holds together with all others. Without an estimate of both there is none.

    ``result``: ``worse`` or ``better`` where the whole interval is beyond the tolerance, ``open``
    where it is not, ``unknown`` without an interval.
    """

    rate: float | None
    tensor: Name | None
    metric: str
    old: IntervalPart | None
    new: IntervalPart | None
    difference: DifferencePart | None
    result: Literal["worse", "better", "open", "unknown"]


class DiffConditionPart(ReportRecord):
    """One gate condition and its evidence; without an estimate there is none.

    With ``relative`` the evidence is the difference, else the figure of the new model.
    ``more_trials``: about how many the new run would need beyond its own, and the old one in
    proportion, to decide.
    """

    condition: str
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


class DiffGatePart(ReportRecord):
    """The gate; ``each`` is the coverage by which its conditions hold together."""

    verdict: Literal["pass", "fail", "undecided"]
    each: Fraction
    conditions: list[DiffConditionPart]


class Difference(ReportRecord):
    """A whole difference.

    ``told`` are the sentences that come first: what is not alike in the two reports. ``across`` are
    the words that allowed it. ``old`` is absent where there is no baseline, and that was allowed.
    ``together`` is the coverage of all differences at once, ``each`` that of a single one.
    ``verdict`` is that of the gate; without a gate it says whether any figure is worse.
    """

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["difference"] = "difference"
    of: Literal["sweeps", "maps"]
    version: str
    baseline: Name
    old: DiffSidePart | None
    new: DiffSidePart
    across: list[str]
    told: list[str]
    together: Fraction
    each: Fraction
    tolerance: Annotated[float, Field(ge=0.0, lt=1.0)]
    figures: list[DiffFigurePart]
    gate: DiffGatePart | None
    verdict: Literal["pass", "fail", "undecided"]
    assumptions: list[str]
    started: str
    command: Name


def difference_json(found: Difference) -> str:
    """The JSON form."""
    return as_json(found)


def difference_schema() -> str:
    """The published JSON Schema of a difference."""
    return as_schema(Difference, f"relcheck difference, format {FORMAT_VERSION}")
