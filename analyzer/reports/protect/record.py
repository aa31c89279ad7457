"""A protection plan as data: the JSON file, from which all other forms are made."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.protect.variants import VariantPart
from analyzer.reports.shared.decision import DecisionPart
from analyzer.reports.shared.records import (
    CodingLossPart,
    Count,
    DataPart,
    Fraction,
    GoldenPart,
    IntervalPart,
    ModelPart,
    Name,
    ReportRecord,
    RunPart,
    ToolPart,
    as_json,
    as_schema,
)

FORMAT_VERSION: Literal["1.0"] = "1.0"

Amount = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
VerdictWord = Literal["pass", "fail", "undecided"]


class AmountPart(ReportRecord):
    """A figure in the unit of the budget, with its confidence interval."""

    estimate: Amount
    low: Amount
    high: Amount


class BudgetPart(ReportRecord):
    """One budget: what nothing, the plan by the survey, and the confirmed plan come to.

    ``unit``: ``FIT``, or ``per event``: harmful events per event that hits the memory as it is
    without protection. ``planned_deviation``: standard deviation of the planned figure. ``found``
    is absent where nothing was confirmed.
    """

    condition: str
    outcome: Literal["sdc", "due"]
    unit: Literal["FIT", "per event"]
    bound: Amount
    verdict: VerdictWord
    unprotected: Amount
    planned: Amount
    planned_deviation: Amount
    found: AmountPart | None


class ProtectedRegionPart(ReportRecord):
    """One memory under the plan.

    ``protect``: as the flag ``--protect`` and a target file write it. ``sdc`` and ``due`` are
    probabilities given one event in the protected memory, check bits included; absent where nothing
    was confirmed, or too much is untried.
    """

    name: Name
    fault: str
    tensors: Count
    data_bits: Count
    protect: str
    protected_bits: Count
    check_bits: Count
    trials: Count
    sdc: IntervalPart | None
    due: IntervalPart | None
    note: str


class RulePart(ReportRecord):
    """One rule of a plan.

    ``sdc_before`` and ``sdc_after``: expected silent corruption in the tensors of the rule, in the
    unit of the budgets. ``removed_share``: of the silent corruption of the whole memory, what the
    rule removes; ``removed_per_kib``: of that, per KiB of check bits; absent where there are none.
    """

    region: Name
    rule: str
    tensors: Count
    protected_bits: Count
    check_bits: Count
    sdc_before: Amount
    sdc_after: Amount
    removed_share: Annotated[float, Field(le=1.0)]
    removed_per_kib: float | None


class ChosenPart(ReportRecord):
    """The choice for one tensor; ``scheme`` is empty where it is left as it is."""

    region: Name
    tensor: Name
    bits: Count
    scheme: str
    positions: list[int]
    check_bits: Count
    sdc_before: Amount
    sdc_after: Amount
    due_before: Amount
    due_after: Amount


class AlternativePart(ReportRecord):
    """The plan beside what else might be done, by the figures of the maps.

    ``meets``: whether the expected harm, with the margin for uncertainty, is within all budgets.
    """

    name: str
    check_bits: Count
    overhead: Amount
    sdc: Amount
    due: Amount
    meets: bool


class RoundPart(ReportRecord):
    """One plan that was confirmed or was not."""

    protect: list[str]
    check_bits: Count
    seed: Count
    trials: Count
    verdict: VerdictWord
    found: list[AmountPart | None]


class SearchPart(ReportRecord):
    """The search that found the plan.

    ``part_of_budget``: what the plan was drafted for, so that little is left to chance where it is
    confirmed. ``least_check_bits``: no plan for that part has fewer check bits by the survey.
    ``deviations``: standard deviations of the planned figure that the plan allows for.
    ``interval_confidence``: of each interval, so that all rounds and budgets hold jointly.
    """

    seed: Count
    schemes: list[str]
    encoding: str
    batch: Count
    confidence: Fraction
    interval_confidence: Fraction
    deviations: Amount
    part_of_budget: Fraction
    rounds_allowed: Count
    least_check_bits: Count
    optimal: bool
    survey_trials: Count
    include: list[str]
    exclude: list[str]
    kinds: list[str]


class ProtectionPlanReport(ReportRecord):
    """A whole plan.

    ``protect``: the plan as one ``--protect`` of a run; empty with several regions, whose events
    and protections are their own. ``reached``: false where no plan meets the budgets by the survey;
    the plan is then the one that leaves least. ``cut_short``: what ended parts of the search early;
    empty where the plan passed all the same. Without ``rounds`` the plan was not confirmed.
    ``bounds``: the method by which the plan bounds activations; empty: the model stays as it is.
    With bounds all figures of the plan are of the bounded model, and ``model`` is the one that was
    given. ``variants``: both, side by side; none where no bounds were asked for.
    """

    format_version: Literal["1.0"] = FORMAT_VERSION
    kind: Literal["protection plan"] = "protection plan"
    tool: ToolPart
    model: ModelPart
    data: DataPart
    golden: GoldenPart
    decision: DecisionPart
    target: Name
    verdict: VerdictWord
    reached: bool
    cut_short: list[Literal["budget", "interrupted"]] = Field(default_factory=list)
    protect: str
    bounds: str = ""
    variants: list[VariantPart] = Field(default_factory=list)
    budgets: list[BudgetPart]
    data_bits: Count
    check_bits: Count
    regions: list[ProtectedRegionPart]
    rules: list[RulePart]
    alternatives: list[AlternativePart]
    rounds: list[RoundPart]
    coding_loss: CodingLossPart | None
    search: SearchPart
    tensors: list[ChosenPart]
    notes: list[str]
    assumptions: list[str]
    run: RunPart

    @property
    def overhead(self) -> float:
        """Check bits per data bit."""
        return self.check_bits / self.data_bits if self.data_bits else 0.0


def to_json(report: ProtectionPlanReport) -> str:
    """The JSON report."""
    return as_json(report)


def plan_schema() -> str:
    """The published JSON Schema of protection plans."""
    title = f"relcheck protection plan, format {FORMAT_VERSION}"
    return as_schema(ProtectionPlanReport, title)
