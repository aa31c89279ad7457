"""From a measured target to its report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.campaign.coding_loss import CodingLoss
from analyzer.campaign.events.breakdown import EventBreakdown
from analyzer.campaign.events.result import EventResult
from analyzer.campaign.golden_answers import GoldenAnswers
from analyzer.campaign.plan import Plan
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.faults.space import FaultSpace
from analyzer.gate.target_figures import TargetFigures
from analyzer.gate.target_judge import TargetJudgement
from analyzer.model import Model
from analyzer.reports.shared.build import ModelNotes, data_part, model_part
from analyzer.reports.shared.classes import classes_part
from analyzer.reports.shared.decision import decision_part
from analyzer.reports.shared.records import GoldenPart, RunPart, ToolPart
from analyzer.reports.target.baseline import class_parts, missing_classes
from analyzer.reports.target.memory import OutOfScopePart
from analyzer.reports.target.record import (
    CampaignPart,
    DocumentPart,
    EnvironmentPart,
    EvidencePart,
    TargetPart,
    TargetReport,
    UsePart,
)
from analyzer.reports.target.regions import RegionContents, region_part
from analyzer.reports.target.sentences import (
    joint_sentence,
    limits_of,
    method_sentence,
    target_assumptions,
)
from analyzer.reports.target.swept import SweptRegion
from analyzer.reports.target.totals import sensitivity_parts, total_part
from analyzer.reports.target.trials import EventTrialPart
from analyzer.reports.target.verdict import verdict_part
from analyzer.reports.target.vulnerability import vulnerability_part
from analyzer.targets.target import DeploymentTarget


@dataclass(frozen=True)
class TargetContents:
    """All that a report on a target is made of.

    Attributes:
        target: The target.
        file: Its name, as users know it.
        sha256: Digest of its file.
        model: The model.
        space: The bits at risk.
        data: The data set.
        memory: The protected memory; None: nothing is protected.
        coding: What encodings cost without faults; None: nothing is lost.
        golden: The golden run.
        plan: Of the campaign.
        notes: On how the model ran.
        members: Of each region, the indices of its tensors in ``space``.
        events: Trials of one event each; None: no region is in that regime.
        swept: By number of the region, sweeps of those that meet several events.
        figures: All figures that conditions may be about.
        judged: Each condition with its evidence.
        confidence: Of each interval, before looks share the error.
        breakdown: The trials of single events, taken apart; None: there are none.
        worst: The events that harmed most.
    """

    target: DeploymentTarget
    file: str
    sha256: str
    model: Model
    space: FaultSpace
    data: Dataset
    memory: ProtectedMemory | None
    coding: CodingLoss | None
    golden: GoldenAnswers
    plan: Plan
    notes: ModelNotes
    members: Sequence[Sequence[int]]
    events: EventResult | None
    swept: Mapping[int, SweptRegion]
    figures: TargetFigures
    judged: Sequence[TargetJudgement]
    confidence: float
    breakdown: EventBreakdown | None
    worst: Sequence[EventTrialPart]


def build_target_report(
    contents: TargetContents, tool: ToolPart, run: RunPart, evidence: EvidencePart
) -> TargetReport:
    """Put everything that a reviewer needs into one record.

    Args:
        contents: what was found, and of what.
        tool: versions.
        run: times and host.
        evidence: for the tool.
    """
    target, plan, golden = contents.target, contents.plan, contents.golden
    model = model_part(contents.model, contents.space, contents.notes)
    environment, definition = target.environment, golden.judge.definition
    regions = [region_part(region) for region in _regions(contents)]
    breakdown, names = contents.breakdown, contents.model.metadata.labels
    generated = contents.data.kind is DataKind.GENERATED
    shares = breakdown.classes if breakdown and not generated else None
    by_class = classes_part(shares, names, plan.confidence)
    return TargetReport(
        document=DocumentPart(**target.document.model_dump()),
        verdict=verdict_part(contents.judged, contents.figures, model, _confidence(contents)),
        target=TargetPart(
            name=target.name, about=target.about, file=contents.file, sha256=contents.sha256
        ),
        tool=tool,
        model=model,
        data=data_part(contents.data),
        golden=GoldenPart(metric=plan.metric, value=golden.metric),
        classes=[] if generated else class_parts(golden, names),
        by_class=by_class,
        by_class_missing=""
        if by_class
        else missing_classes(golden, breakdown, generated=generated),
        decision=decision_part(definition),
        environment=EnvironmentPart(**environment.model_dump()),
        use=UsePart(**target.use.model_dump()),
        regions=regions,
        out_of_scope=_out_of_scope(contents),
        campaign=_campaign(contents),
        total=total_part(contents.figures, contents.events, target, contents.coding),
        sensitivity=sensitivity_parts(contents.figures, contents.judged),
        worst=list(contents.worst),
        vulnerability=vulnerability_part(
            breakdown,
            contents.space,
            [region.name for region in target.region],
            contents.members,
        ),
        assumptions=target_assumptions(plan, contents.data, target),
        limits=limits_of(target, regions),
        evidence=evidence,
        run=run,
    )


def _regions(contents: TargetContents) -> list[RegionContents]:
    return [
        RegionContents(
            number=number,
            exposure=exposure,
            tensors=contents.members[number],
            space=contents.space,
            memory=contents.memory,
            coding=contents.coding,
            events=contents.events,
            swept=contents.swept.get(number),
            inferences_per_hour=contents.target.use.inferences_per_hour,
        )
        for number, exposure in enumerate(contents.figures.exposures)
    ]


def _confidence(contents: TargetContents) -> float:
    """Of the intervals by which conditions are judged; those of sweeps share no error of looks."""
    if contents.events is None or contents.swept:
        return contents.confidence
    return contents.events.figures.confidence


def _out_of_scope(contents: TargetContents) -> list[OutOfScopePart]:
    """Stored tensors that were left out by the selection, then those that the tool cannot hit."""
    selection, members = contents.plan.selection, {t.name for t in contents.space.members}
    left = [t for t in contents.model.inventory.at_risk if t.name not in members]
    found = []
    if left:
        flags = [
            *(f"--include {glob}" for glob in selection.include),
            *(f"--exclude {glob}" for glob in selection.exclude),
            *(f"--kinds {kind.value}" for kind in selection.kinds),
        ]
        reason = f"left out by {', '.join(flags)}" if flags else "shares its bytes with another"
        bits = sum(tensor.values.size * tensor.element.bits for tensor in left)
        found.append(OutOfScopePart(reason=reason, tensors=len(left), bits=bits))
    parts = model_part(contents.model, contents.space).out_of_scope
    found += [OutOfScopePart(reason=p.reason, tensors=p.tensors, bits=p.bits) for p in parts]
    return found


def _campaign(contents: TargetContents) -> CampaignPart:
    plan, events = contents.plan, contents.events
    rows = [row for swept in contents.swept.values() for row in swept.record.rates]
    stop = events.stop.value if events else rows[0].stop
    if any(row.stop in ("budget", "interrupted") for row in rows):
        stop = next(row.stop for row in rows if row.stop in ("budget", "interrupted"))
    return CampaignPart(
        plan=plan.id,
        seed=plan.seed,
        encoding=plan.encoding,
        batch=plan.batch,
        precise_int8=plan.precise_int8,
        include=list(plan.selection.include),
        exclude=list(plan.selection.exclude),
        kinds=[kind.value for kind in plan.selection.kinds],
        precision=plan.precision,
        confidence=plan.confidence,
        interval_confidence=_confidence(contents),
        looks=events.looks if events else 0,
        trials=(events.trials if events else 0) + sum(row.trials for row in rows),
        images=(events.images if events else 0) + sum(row.images for row in rows),
        stop=stop,
        method=method_sentence(bool(events), bool(rows), bool(events and events.exhaustive)),
        joint=joint_sentence(plan, len(contents.judged)),
    )
