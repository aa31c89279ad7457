"""`CampaignResult` -> `Report`."""

from collections.abc import Sequence

import numpy as np

from analyzer.campaign.plan import Plan
from analyzer.campaign.result import CampaignResult, RateResult
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.faults.space import FaultSpace
from analyzer.gate import Judgement, overall
from analyzer.model import Model
from analyzer.reports.shared.assumptions import shared_bytes, sweep_assumptions
from analyzer.reports.shared.build import (
    NO_NOTES,
    ModelNotes,
    crash_part,
    data_part,
    interval_part,
    model_part,
    sweep_fields,
)
from analyzer.reports.shared.classes import ClassesPart, classes_part
from analyzer.reports.shared.decision import decision_part
from analyzer.reports.shared.left_out import gate_scope
from analyzer.reports.shared.records import (
    GoldenPart,
    MemoryPart,
    ProtectionPart,
    RunPart,
    ToolPart,
)
from analyzer.reports.shared.repetitions import RepetitionsPart
from analyzer.reports.shared.severity import severity_part
from analyzer.reports.shared.trials import TrialPart
from analyzer.reports.shared.waivers import waiver_part
from analyzer.reports.sweep.record import (
    ConditionPart,
    DevicesPart,
    GatePart,
    PlanPart,
    RatePart,
    Report,
    StratumPart,
)
from analyzer.stats.memory import MemoryEstimate


def build_report(
    result: CampaignResult,
    model: Model,
    space: FaultSpace,
    data: Dataset,
    definition: AnswerDefinition,
    judgements: Sequence[Judgement],
    tool: ToolPart,
    run: RunPart,
    notes: ModelNotes = NO_NOTES,
    protection: ProtectionPart | None = None,
    worst: Sequence[TrialPart] = (),
    repetitions: RepetitionsPart | None = None,
) -> Report:
    """Put everything a reviewer needs into one record.

    Args:
        result: the finished campaign.
        model: the ONNX file.
        space: its bits at risk.
        data: the data set.
        definition: what an answer is.
        judgements: of the gate, one per condition; may be empty.
        tool: versions.
        run: times and host.
        notes: on how the model ran.
        protection: of the memory.
        worst: its worst trials, the worst one first.
        repetitions: of a published protocol; None: none was asked for.
    """
    plan, part = result.plan, model_part(model, space, notes)
    return Report(
        tool=tool,
        model=part,
        data=data_part(data),
        golden=GoldenPart(metric=plan.metric, value=result.golden),
        decision=decision_part(definition),
        plan=PlanPart(id=plan.id, **sweep_fields(plan)),
        protection=protection,
        severity=severity_part(definition.confusions),
        rates=[_rate(r, _classes(r, result.plan, model, data)) for r in result.rates],
        worst=list(worst),
        repetitions=repetitions,
        gate=GatePart(
            verdict=v.value if (v := overall(judgements, part.share_out_of_scope)) else None,
            conditions=[_condition(j) for j in judgements],
            scope=gate_scope(part) if judgements else "",
        ),
        assumptions=[*sweep_assumptions(plan, data), *shared_bytes(space)],
        run=run,
    )


def _classes(result: RateResult, plan: Plan, model: Model, data: Dataset) -> ClassesPart | None:
    """Silent corruption by class; None without, and of random inputs, which are of no class."""
    if data.kind is DataKind.GENERATED:
        return None
    return classes_part(result.classes, model.metadata.labels, plan.confidence)


def _rate(result: RateResult, by_class: ClassesPart | None) -> RatePart:
    found = result.estimate
    return RatePart(
        rate=result.rate,
        expected_flips=result.expected_flips,
        p_faulty=result.p_faulty,
        trials=result.tally.trials,
        images=result.tally.images,
        stop=result.stop.value,
        metric=interval_part(found.metric if found else None),
        sdc=interval_part(found.sdc if found else None),
        due=interval_part(found.due if found else None),
        masked=interval_part(found.masked if found else None),
        devices=_devices(result.devices),
        crashes=[crash_part(c) for c in result.crashes],
        strata=[
            StratumPart(severe=s.name, probability=s.weight, trials=s.tally.trials)
            for s in result.strata
        ],
        memory=_memory(result.memory),
        critical_sdc=interval_part(found.critical_sdc if found else None),
        noncritical_sdc=interval_part(found.noncritical_sdc if found else None),
        by_class=by_class,
    )


def _memory(found: MemoryEstimate | None) -> MemoryPart | None:
    if found is None:
        return None
    corrected, detected = interval_part(found.corrected), interval_part(found.detected)
    assert corrected is not None
    assert detected is not None
    return MemoryPart(corrected=corrected, detected=detected)


def _devices(values: tuple[float, ...]) -> DevicesPart | None:
    if not values:
        return None
    p05, median, p95 = (float(q) for q in np.quantile(values, (0.05, 0.5, 0.95)))
    return DevicesPart(minimum=min(values), p05=p05, median=median, p95=p95, maximum=max(values))


def _condition(judgement: Judgement) -> ConditionPart:
    condition = judgement.condition
    return ConditionPart(
        condition=str(condition),
        metric=condition.metric,
        operator=">=" if condition.at_least else "<=",
        bound=condition.bound,
        rate=condition.rate,
        verdict=judgement.verdict.value,
        evidence=interval_part(judgement.interval),
        more_trials=judgement.more_trials,
        level=condition.level.value,
        reason=judgement.reason,
        waiver=waiver_part(judgement.waiver),
    )
