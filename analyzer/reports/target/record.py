"""The report on a deployment target as data: the JSON file, from which all other forms are made."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.classes import ClassesPart
from analyzer.reports.shared.decision import DecisionPart
from analyzer.reports.shared.records import (
    CodingLossPart,
    Count,
    DataPart,
    Digest,
    Fraction,
    GoldenPart,
    ModelPart,
    Name,
    ReportRecord,
    RunPart,
    ToolPart,
    as_json,
    as_schema,
    left_out,
)
from analyzer.reports.target.memory import (
    Amount,
    AmountPart,
    FitPart,
    OutOfScopePart,
    RegionPart,
    Standing,
)
from analyzer.reports.target.trials import EventTrialPart
from analyzer.reports.target.vulnerability import VulnerabilityPart

FORMAT_VERSION: Literal["1.0"] = "1.0"

INPUT_TO = (
    "This verdict is input to an FMEDA of the item. It is no statement of compliance with any "
    "standard."
)

VerdictWord = Literal["pass", "fail", "undecided"]


class DocumentPart(ReportRecord):
    """The report as a controlled document; empty fields were not given."""

    number: Name
    prepared: Name
    reviewed: Name
    approved: Name


class TargetConditionPart(ReportRecord):
    """One condition, the figure, and the bound that it is judged by.

    ``figure`` says which: ``sdc_fit``, ``due_fit`` and ``critical_sdc_fit`` are FIT of the whole
    memory; ``metric_event`` is the mean score given one event, in the worst region;
    ``metric_mean`` is the mean score at a moment drawn from the mission. ``evidence`` is absent
    without an estimate, and ``reason`` says why. ``confidence``: of the evidence's interval, so
    that all conditions hold jointly.
    ``probability``: of a FIT condition, the largest P(outcome | one event) that it leaves; absent
    where it says nothing. ``requirement``: id of the requirement that it shows to be met.
    """

    condition: str
    figure: Literal["sdc_fit", "due_fit", "critical_sdc_fit", "metric_event", "metric_mean"]
    operator: Literal[">=", "<="]
    bound: Amount
    unit: Literal["FIT", "fraction"]
    origin: Literal["target", "command"]
    requirement: Name
    level: Literal["error", "warning"]
    verdict: VerdictWord
    evidence: AmountPart | None
    confidence: Fraction
    probability: Fraction | None
    reason: str


class VerdictPart(ReportRecord):
    """The verdict over all conditions; without conditions there is none.

    ``scope`` says of which stored bits it does not speak; empty where these are few.
    """

    verdict: VerdictWord | None
    conditions: list[TargetConditionPart]
    scope: str
    input_to: str = INPUT_TO


class TargetPart(ReportRecord):
    """The target: its file, its digest, and what it is about."""

    name: Name
    about: str
    file: Name
    sha256: Digest


class EnvironmentPart(ReportRecord):
    """The place: its flux over that of the place for which raw rates hold."""

    name: Name
    flux_factor: Amount
    source: Name
    standing: Standing | None
    ambient: Name


class UsePart(ReportRecord):
    """Inferences per hour, and the hours of the mission."""

    inferences_per_hour: Amount
    mission_hours: Amount


class ClassPart(ReportRecord):
    """Fault-free answers on the images of one class; ``name`` is what the model calls it."""

    index: Count
    name: Name
    images: Count
    score: Fraction


class CampaignPart(ReportRecord):
    """The campaign: its plan, its extent, and what its intervals promise.

    ``confidence``: asked for. ``interval_confidence``: that of each interval in this report, which
    is higher where looks and conditions share the error. ``joint`` says what holds together.
    """

    plan: str
    seed: Count
    encoding: str
    batch: Count
    precise_int8: bool
    include: list[str]
    exclude: list[str]
    kinds: list[str]
    precision: Fraction
    confidence: Fraction
    interval_confidence: Fraction
    looks: Count
    trials: Count
    images: Count
    stop: Literal["precision", "decided", "budget", "interrupted"]
    method: str
    joint: str


class TotalPart(ReportRecord):
    """All regions together.

    Where a region lacks its raw rate no FIT is there, and ``missing`` says whose figure is missing.
    ``fit``: event by event; absent where a region is in the regime of several events. There
    ``windowed`` is true, and ``sdc_fit`` and ``due_fit`` count windows of such a region that end in
    the bad state instead of its events. ``coding_loss``: of the encodings of all regions together;
    absent where nothing is lost. A region has its own where it is the only one that loses.
    """

    bits_at_risk: Count
    events_per_hour: Amount | None
    fit: FitPart | None
    sdc_fit: AmountPart | None
    due_fit: AmountPart | None
    missing: str
    windowed: bool
    coding_loss: CodingLossPart | None = left_out()


class SensitivityPart(ReportRecord):
    """FIT, and the verdict on each condition, if raw rates were so many times as high."""

    factor: Amount
    sdc_fit: AmountPart
    due_fit: AmountPart
    verdicts: list[VerdictWord]


class SelfTestPart(ReportRecord):
    """Self-test of this model on this machine: patterns run live and by the oracle, compared.

    ``compared``: patterns that two different ways ran. ``identical``: those whose answers agree bit
    for bit. ``passed``: so do all of them, and the answers without faults.
    """

    patterns: Count
    compared: Count
    identical: Count
    passed: bool


class EvidencePart(ReportRecord):
    """Evidence for the tool: what was asked of it on this machine, and where the rest stands.

    ``known_answers`` counts the questions whose answers were worked out by hand and that the tool
    answered rightly. ``self_test`` is absent where none was run, and ``left_out`` says why.
    """

    known_answers: Count
    known_answers_asked: Count
    self_test: SelfTestPart | None
    left_out: str
    verification: Name = "docs/verification.md"
    method: Name = "docs/method-targets.md"


class TargetReport(ReportRecord):
    """A whole report on a target, in the order in which a reviewer reads it.

    ``by_class``: silent corruption by class given one event anywhere in the regions of that regime;
    absent without such figures, and ``by_class_missing`` says why. ``worst`` are the events that
    harmed most. ``vulnerability`` is absent where every region is swept.
    """

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["target"] = "target"
    document: DocumentPart
    verdict: VerdictPart
    target: TargetPart
    tool: ToolPart
    model: ModelPart
    data: DataPart
    golden: GoldenPart
    classes: list[ClassPart]
    by_class: ClassesPart | None
    by_class_missing: str
    decision: DecisionPart
    environment: EnvironmentPart
    use: UsePart
    regions: Annotated[list[RegionPart], Field(min_length=1)]
    out_of_scope: list[OutOfScopePart]
    campaign: CampaignPart
    total: TotalPart
    sensitivity: list[SensitivityPart]
    worst: list[EventTrialPart]
    vulnerability: VulnerabilityPart | None
    assumptions: list[str]
    limits: list[str]
    evidence: EvidencePart
    run: RunPart


def to_json(report: TargetReport) -> str:
    """The JSON report."""
    return as_json(report)


def json_schema() -> str:
    """The published JSON Schema of reports on targets."""
    return as_schema(
        TargetReport, f"relcheck report on a deployment target, format {FORMAT_VERSION}"
    )
