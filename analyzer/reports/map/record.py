"""The vulnerability map as data: the JSON file, from which all other forms are made."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.decision import DecisionPart
from analyzer.reports.shared.records import (
    Count,
    CrashPart,
    DataPart,
    Fraction,
    GoldenPart,
    IntervalPart,
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
from analyzer.reports.shared.waivers import WaiverPart

FORMAT_VERSION: Literal["1.0"] = "1.0"


Change = Annotated[float, Field(ge=-1.0, le=1.0)]


class LossPart(ReportRecord):
    """Accuracy lost to one upset, with its interval; below 0 where it gains."""

    estimate: Change
    low: Change
    high: Change


class AreaPart(ReportRecord):
    """Effect on one image of one upset that is placed uniformly in a part of the memory.

    ``untried`` is the share of the part of which nothing is known. Where it exceeds the margin,
    there is no estimate: ``sdc``, ``due`` and ``loss`` are absent. ``critical_sdc``, a part of
    ``sdc``, is there with a table of critical confusions.
    """

    bits: Count
    trials: Count
    untried: Fraction
    sdc: IntervalPart | None
    due: IntervalPart | None
    loss: LossPart | None
    critical_sdc: IntervalPart | None = left_out()


class KindPart(AreaPart):
    """All tensors of one kind."""

    kind: str


class BitPart(AreaPart):
    """One bit position of all elements of one type and encoding."""

    dtype: str
    encoding: str
    bit: Count
    field: str


class ColumnPart(ReportRecord):
    """One bit position of one tensor: estimates from few trials, without intervals."""

    bit: Count
    trials: Count
    sdc: Fraction | None
    due: Fraction | None


class SiteStratumPart(ReportRecord):
    """Bit positions of a tensor whose upsets move values about equally far."""

    reach: Literal["severe", "large", "moderate", "slight"]
    positions: list[int]
    trials: Count
    exhaustive: bool


class TensorPart(AreaPart):
    """One tensor."""

    name: Name
    kind: str
    dtype: str
    shape: list[int]
    sdc_share: Fraction | None
    exhaustive: bool
    leveugle: Count
    stop: Literal["precision", "decided", "budget", "interrupted"]
    strata: list[SiteStratumPart]
    columns: list[ColumnPart]
    crashes: list[CrashPart]


class WorthPart(ReportRecord):
    """A part of the memory as something to protect: its share of storage and of silent corruption.

    ``name``: a bit position, a field of the number, or a tensor. ``sdc_per_bit``: probability of
    SDC given one upset there, which is silent corruption per bit of storage; parts of one sort are
    ranked by it. ``check_kib``: check bits of SEC-DED, words of 64 data bits of this part alone.
    """

    part: Literal["bit", "field", "tensor"]
    name: Name
    dtype: str
    encoding: str
    bits: Count
    storage_share: Fraction
    sdc_share: Fraction
    sdc_per_bit: Fraction
    check_kib: Annotated[float, Field(ge=0.0)]
    sdc_share_per_kib: Annotated[float, Field(ge=0.0)]


class MapPlanPart(ReportRecord):
    """The plan of the map; the same plan gives the same figures."""

    id: str
    seed: int
    encoding: str
    fault: str
    margin: Fraction
    confidence: Fraction
    batch: int
    precise_int8: bool = False
    exhaustive: bool
    include: list[str]
    exclude: list[str]
    kinds: list[str]


class MapConditionPart(ReportRecord):
    """One gate condition in one part of the memory, ``place``, and its evidence.

    ``tensor`` is its name where the condition is on tensors. Without an estimate there is no
    evidence; ``more_trials`` says, of an undecided one, about how many in this part would decide.
    """

    condition: str
    metric: str
    operator: Literal["<="] = "<="
    bound: Fraction
    place: Name
    tensor: Name | None
    verdict: Literal["pass", "fail", "undecided"]
    evidence: IntervalPart | None
    trials: Count
    more_trials: Count | None
    level: Literal["error", "warning"]
    reason: str = ""
    waiver: WaiverPart | None = None


class MapGatePart(ReportRecord):
    """The gate: every condition in every part that it is on."""

    verdict: Literal["pass", "fail", "undecided"]
    conditions: list[MapConditionPart]


class MapReport(ReportRecord):
    """A whole map."""

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["vulnerability map"] = "vulnerability map"
    tool: ToolPart
    model: ModelPart
    data: DataPart
    golden: GoldenPart
    decision: DecisionPart
    plan: MapPlanPart
    protection: ProtectionPart | None = left_out()
    severity: SeverityPart | None = left_out()
    whole: AreaPart
    kinds: list[KindPart]
    bits: list[BitPart]
    tensors: list[TensorPart]
    worth: list[WorthPart] | None = left_out()
    trials: Count
    leveugle: Count
    gate: MapGatePart | None = left_out()
    assumptions: list[str]
    run: RunPart


def to_json(report: MapReport) -> str:
    """The JSON report."""
    return as_json(report)


def json_schema() -> str:
    """The published JSON Schema of the map."""
    return as_schema(MapReport, f"relcheck vulnerability map, format {FORMAT_VERSION}")


def by_share(report: MapReport) -> list[TensorPart]:
    """Tensors by their share of the SDC of an upset anywhere, largest first.

    Where shares are not known: by their SDC times their size, and those that are not tried last.
    """

    def place(tensor: TensorPart) -> tuple[bool, float, int, str]:
        harm = tensor.sdc_share
        if harm is None and tensor.sdc is not None:
            harm = tensor.sdc.estimate * tensor.bits
        return tensor.sdc is None, -(harm or 0.0), -tensor.bits, tensor.name

    return sorted(report.tensors, key=place)


PROTECTED = 0.8
"""The share of the SDC that the tensors of the advice carry together."""


def advice(report: MapReport) -> str:
    """The advice of the map, in a sentence: the tensors to protect first, and their share."""
    if any(t.stop != "precision" for t in report.tensors):
        return (
            "This map is not finished: its shares may change, and name no tensor to protect before "
            "it is."
        )
    if report.whole.sdc is None or not report.whole.sdc.estimate:
        return (
            "No upset caused silent corruption in any trial: the map names no tensor to protect, "
            "and its upper limits say what may have been missed."
        )
    taken, carried, bits = 0, 0.0, 0
    for tensor in by_share(report):
        taken, carried, bits = taken + 1, carried + (tensor.sdc_share or 0.0), bits + tensor.bits
        if carried >= PROTECTED:
            break
    tensors = "the tensor" if taken == 1 else f"the {taken} tensors"
    hold, cause = ("which holds", "causes") if taken == 1 else ("which together hold", "cause")
    return (
        f"To protect first: {tensors} with the largest share of SDC, {hold} "
        f"{100 * bits / report.whole.bits:.0f} % of the bits at risk and {cause} about "
        f"{100 * carried:.0f} % of the SDC of an upset anywhere."
    )
