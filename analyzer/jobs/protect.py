"""``relcheck protect``: the cheapest protection of a memory that meets a budget, confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from analyzer.campaign.result import Stop
from analyzer.gate import Verdict
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.protection import record as parts
from analyzer.jobs.protection.confirm import OnTarget
from analyzer.jobs.protection.draft import (
    AIM,
    Draft,
    Surveyed,
    best_reachable,
    choices_in,
    schemes_of,
)
from analyzer.jobs.protection.regions import (
    budgets_of,
    regions_at_risk,
    target_of,
)
from analyzer.jobs.protection.rounds import Round, Terms, limits_of, try_plans
from analyzer.jobs.protection.survey import stops_of, survey_events
from analyzer.jobs.provenance import acceleration_parts, run_part, tool_part
from analyzer.jobs.report import Report, Status, status_of
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.sources import files_of, open_model
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.reports.formats import RecordKind
from analyzer.reports.protect.record import ProtectionPlanReport
from analyzer.reports.protect.table import plan_rows
from analyzer.reports.protect.text import to_text
from analyzer.reports.shared.assumptions import ReportAssumptions, assumptions
from analyzer.reports.shared.build import data_part, model_part
from analyzer.reports.shared.decision import decision_part
from analyzer.reports.shared.records import GoldenPart
from analyzer.reports.tables import Row
from analyzer.runtime.ort.device import Device
from analyzer.targets.target import DeploymentTarget

SURVEYED = 0.4
"""Of the budget of CPU time, what the survey may take."""

MARGIN = 1.645
"""Standard deviations that a draft allows for: its figure is in the budget with 95 %."""


@dataclass(frozen=True, repr=False, kw_only=True)
class ProtectionReport(Report[ProtectionPlanReport]):
    """A finished search for a protection."""

    kind: ClassVar[RecordKind | None] = RecordKind.PROTECTION

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
    check_targets([*request.outputs.values()], inputs)
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    watch = Stopwatch(request.budget, request.inline, observer.alive)
    space = open_model(request.model).space(request.selection, request.encoding)
    target = target_of(space, request)
    terms = Terms(
        budgets=budgets_of(target, request),
        rounds=request.rounds,
        confidence=request.confidence,
        seed=request.seed + 1,
        deviations=MARGIN,
    )
    regions, limits = regions_at_risk(space, target), limits_of(terms.budgets, terms.deviations)
    seconds = SURVEYED * request.budget
    survey = survey_events(request, target, regions, limits, seconds, device, observer)
    watch.charge(survey.worker_seconds)
    surveyed = choices_in(survey, regions, schemes_of(request))
    campaign = OnTarget(request, target, terms.budgets, observer, watch.charge)
    rounds = try_plans(surveyed, terms, campaign, lambda: request.budget - watch.cpu_seconds)
    record = _record(surveyed, rounds, terms, target, request, device, watch)
    written = write_report(RecordKind.PROTECTION, record, request.outputs)
    return ProtectionReport(
        record=record,
        written=tuple(written),
        cut_short=_cut_short(surveyed, rounds),
        printed=printed_form(request.outputs),
    )


def _cut_short(surveyed: Sequence[Surveyed], rounds: Sequence[Round]) -> frozenset[Stop]:
    """Reasons for which maps ended early; none if the plan passed all the same."""
    if rounds and rounds[-1].verdict is Verdict.PASS:
        return frozenset()
    return stops_of(surveyed[0].survey)


def _record(
    surveyed: Sequence[Surveyed],
    rounds: Sequence[Round],
    terms: Terms,
    target: DeploymentTarget,
    request: ProtectRequest,
    device: Device,
    watch: Stopwatch,
) -> ProtectionPlanReport:
    last = rounds[-1] if rounds else None
    limits = limits_of(terms.budgets, terms.deviations)
    draft = last.draft if last else best_reachable(surveyed, limits)
    first = surveyed[0].survey.analysis
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
        verdict=(last.verdict if last else Verdict.FAIL).value,
        reached=last is not None,
        protect=draft.protections[0].name if len(draft.protections) == 1 else "",
        budgets=parts.budget_parts(surveyed, draft, terms, last),
        data_bits=sum(one.space.bits for one in surveyed),
        check_bits=draft.solution.cost,
        regions=parts.region_parts(surveyed, draft, last),
        rules=parts.rule_parts(surveyed, draft),
        alternatives=parts.alternative_parts(surveyed, draft, terms, request),
        rounds=parts.round_parts(rounds),
        coding_loss=parts.coding_part(last),
        search=parts.search_part(surveyed, draft, terms, request),
        tensors=parts.chosen_parts(surveyed, draft),
        notes=_notes(surveyed, draft, limits.deviations, bool(rounds)),
        assumptions=_assumptions(surveyed, terms),
        run=run_part(
            watch,
            None,
            request.command,
            acceleration_parts(first.executor),
            [request.model],
        ),
    )


def _notes(
    surveyed: Sequence[Surveyed], draft: Draft, deviations: float, reached: bool
) -> list[str]:
    notes = [one.region.note for one in surveyed if one.region.note]
    if reached and draft.deviations < deviations:
        notes.append(
            "the survey is not precise enough for a plan with a margin for its uncertainty; a "
            "larger --budget makes it so"
        )
    if stops_of(surveyed[0].survey):
        notes.append(
            "the survey ended early, with its part of the --budget: the plan may protect more than "
            "is needed; what is untried counts as if every event there did harm"
        )
    return notes


def _assumptions(surveyed: Sequence[Surveyed], terms: Terms) -> list[str]:
    analysis = surveyed[0].survey.analysis
    plan = analysis.context.plan
    own = ReportAssumptions(
        faults=[
            "Each figure counts single upset events, one at a time, on one image of the data set "
            "chosen uniformly. An event may hit check bits.",
            "What a scheme does to an event was found by running its decoder. A decoder, a copy "
            "that words are written anew from, and the voter are taken to be fault-free.",
        ],
        trials=(
            f"A plan was drafted from a survey for {AIM:.0%} of the budget, where that can be met, "
            f"and allows for {terms.deviations:g} standard deviations of its figures. It was "
            "confirmed by single events on the protected memory with another seed. The error is "
            f"shared among at most {terms.rounds} plans.",
        ),
        covered="the choice of upsets and of images from it, not that of the data set",
    )
    return [line for line in assumptions(plan, analysis.data, own) if "not jointly" not in line]
