"""``relcheck protect``: the cheapest protection of a memory that meets a budget, confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import onnx

from analyzer.campaign.result import Stop
from analyzer.gate import Verdict
from analyzer.jobs.before_after import write_model
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.protection import record as parts
from analyzer.jobs.protection.bounded import BoundedModel
from analyzer.jobs.protection.draft import AIM, Draft, Surveyed
from analyzer.jobs.protection.regions import budgets_of, target_of, unjudged_bounds
from analyzer.jobs.protection.rounds import Search, Terms, limits_of, try_plans
from analyzer.jobs.protection.survey import stops_of
from analyzer.jobs.protection.survey_variants import Surveyor, survey_variants
from analyzer.jobs.protection.variant_parts import variant_parts
from analyzer.jobs.protection.variants import Variant, least_harmful
from analyzer.jobs.provenance import acceleration_parts, run_part, tool_part
from analyzer.jobs.report import Report, Status, status_of
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.sources import files_of, open_model
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.reports.formats import RecordKind
from analyzer.reports.protect.record import ProtectionPlanReport
from analyzer.reports.protect.sentences import (
    NO_MARGIN,
    SURVEY_CUT,
    SURVEY_INTERRUPTED,
    plan_assumptions,
    unjudged_note,
)
from analyzer.reports.protect.table import plan_rows
from analyzer.reports.protect.text import to_text, verdict_text
from analyzer.reports.protect.variants import VariantPart
from analyzer.reports.shared.build import data_part, model_part
from analyzer.reports.shared.decision import decision_part
from analyzer.reports.shared.records import GoldenPart
from analyzer.reports.tables import Row
from analyzer.runtime.ort.device import Device
from analyzer.targets.target import DeploymentTarget

SURVEYED = 0.4
"""Of the budget of CPU time, what the survey may take."""

EARLY: dict[Stop, Literal["budget", "interrupted"]] = {
    Stop.BUDGET: "budget",
    Stop.INTERRUPTED: "interrupted",
}
"""Reasons why parts end early, as reports name them."""

MARGIN = 1.645
"""Standard deviations that a draft allows for: its figure is in the budget with 95 %."""


@dataclass(frozen=True, repr=False, kw_only=True)
class ProtectionReport(Report[ProtectionPlanReport]):
    """A finished search for a protection.

    Attributes:
        bounded: The model with bounds that the plan takes; None: the model as it is.
    """

    kind: ClassVar[RecordKind | None] = RecordKind.PROTECTION

    bounded: onnx.ModelProto | None = None

    @property
    def verdict(self) -> Verdict:
        """Verdict of the budgets on the confirmed plan."""
        return Verdict(self.record.verdict)

    @property
    def passed(self) -> bool:
        """True if the plan meets every budget, confirmed."""
        return self.verdict is Verdict.PASS

    @property
    def protect(self) -> str:
        """The plan as ``--protect`` writes it; empty with several memories."""
        return self.record.protect

    @property
    def status(self) -> Status:
        """OK if the plan passed."""
        return status_of(self.verdict, self.complete)

    def to_text(self) -> str:
        """The plan as plain text, 80 columns wide."""
        return to_text(self.record)

    def to_verdict(self) -> str:
        """The verdict, the plan as ``--protect`` writes it, and the budgets."""
        return verdict_text(self.record)

    def rows(self) -> list[Row]:
        """One row per tensor, in the order of the file."""
        return plan_rows(self.record)


def plan_protection(request: ProtectRequest, observer: Observer = SILENT) -> ProtectionReport:
    """Find the cheapest protection that meets the budgets, and confirm it.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the target, the model or the data.
    """
    request.check()
    inputs = [*files_of(request.model), *request.data_files]
    inputs += [request.target] if isinstance(request.target, Path) else []
    check_targets([*request.outputs.values(), *([request.out] if request.out else [])], inputs)
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    watch = Stopwatch(request.budget, request.inline, observer.alive, observer.message)
    model = open_model(request.model)
    target = target_of(model.space(request.selection, request.encoding), request)
    terms = Terms(
        budgets=budgets_of(target, request),
        rounds=request.rounds,
        confidence=request.confidence,
        seed=request.seed + 1,
        deviations=MARGIN,
    )
    limits = limits_of(terms.budgets, terms.deviations)
    seconds = SURVEYED * request.budget
    surveyor = Surveyor(target, terms.budgets, limits, seconds, device, observer, watch)
    variants, left = survey_variants(model, request, surveyor)
    search = try_plans(variants, terms, lambda: request.budget - watch.cpu_seconds)
    plan = search.plan or least_harmful(variants, limits)
    bounded = variants[plan.variant].bounded
    written = _write_bounded(request, bounded)
    about = variant_parts(variants, left, search, plan, terms.budgets, bool(written))
    record = _record(variants, plan, search, about, terms, target, request, device, watch)
    written += write_report(RecordKind.PROTECTION, record, request.outputs)
    return ProtectionReport(
        record=record,
        bounded=bounded.change.proto if bounded else None,
        written=tuple(written),
        cut_short=_cut_short(search),
        kept=request.journal is not NOWHERE,
        printed=printed_form(request.outputs),
    )


def _cut_short(search: Search) -> frozenset[Stop]:
    """Reasons for which parts ended early; none if the plan passed all the same."""
    return frozenset() if search.verdict is Verdict.PASS else search.cut_short


def _write_bounded(request: ProtectRequest, bounded: BoundedModel | None) -> list[Path]:
    """Write the bounded model that the plan takes, where a file was named for it."""
    if bounded is None or request.out is None:
        return []
    write_model(bounded.change.proto, request.out)
    return [request.out]


def _record(
    variants: Sequence[Variant],
    draft: Draft,
    search: Search,
    about: list[VariantPart],
    terms: Terms,
    target: DeploymentTarget,
    request: ProtectRequest,
    device: Device,
    watch: Stopwatch,
) -> ProtectionPlanReport:
    last, surveyed = search.last, variants[draft.variant].surveyed
    first = variants[0].surveyed[0].survey.analysis
    context = first.context
    return ProtectionPlanReport(
        tool=tool_part(device),
        model=model_part(first.model, first.space, first.notes),
        data=data_part(first.data),
        golden=GoldenPart.model_validate(
            {"metric": context.plan.metric, "value": context.golden.metric}
        ),
        decision=decision_part(context.golden.judge.definition),
        target=target.name if request.target else "",
        verdict=search.verdict.value,
        reached=search.plan is not None,
        cut_short=[word for stop, word in EARLY.items() if stop in _cut_short(search)],
        protect=draft.protections[0].name if len(draft.protections) == 1 else "",
        bounds=variants[draft.variant].bounds,
        variants=about,
        budgets=parts.budget_parts(surveyed, draft, terms, search),
        data_bits=sum(one.space.bits for one in surveyed),
        check_bits=draft.solution.cost,
        regions=parts.region_parts(surveyed, draft, last),
        rules=parts.rule_parts(surveyed, draft),
        alternatives=parts.alternative_parts(surveyed, draft, terms, request),
        rounds=parts.round_parts(search.rounds),
        coding_loss=parts.coding_part(last),
        search=parts.search_part(surveyed, draft, terms, request),
        tensors=parts.chosen_parts(surveyed, draft),
        notes=_notes(variants, surveyed, search, terms, unjudged_bounds(target, terms.budgets)),
        assumptions=plan_assumptions(context.plan, first.data, AIM, terms.deviations, terms.rounds),
        run=run_part(
            watch,
            None,
            request.command,
            acceleration_parts(first.executor),
            [request.model],
        ),
    )


def _notes(
    variants: Sequence[Variant],
    surveyed: Sequence[Surveyed],
    search: Search,
    terms: Terms,
    unjudged: Sequence[str],
) -> list[str]:
    notes = [one.region.note for one in surveyed]
    notes.append(unjudged_note(unjudged))
    if search.plan is not None and search.plan.deviations < terms.deviations:
        notes.append(NO_MARGIN)
    stops = frozenset[Stop]().union(*(stops_of(v.surveyed[0].survey) for v in variants))
    if stops:
        notes.append(SURVEY_INTERRUPTED if Stop.INTERRUPTED in stops else SURVEY_CUT)
    return list(filter(None, notes))
