"""`CampaignResult` -> `Report`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.result import CampaignResult, Crash, RateResult
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.gate import Judgement, overall
from analyzer.model import Model
from analyzer.reports.parts import (
    CrashPart,
    DataPart,
    GoldenPart,
    IntervalPart,
    ModelPart,
    RunPart,
    ToolPart,
    UpsetPart,
)
from analyzer.reports.report import (
    ConditionPart,
    DevicesPart,
    GatePart,
    PlanPart,
    RatePart,
    Report,
    StratumPart,
)
from analyzer.space import FaultSpace
from analyzer.stats.intervals import Interval


def build_report(
    result: CampaignResult,
    model: Model,
    space: FaultSpace,
    data: Dataset,
    judgements: Sequence[Judgement],
    tool: ToolPart,
    run: RunPart,
) -> Report:
    """Put everything a reviewer needs into one record."""
    plan = result.plan
    return Report(
        tool=tool,
        model=model_part(model, space),
        data=data_part(data),
        golden=GoldenPart(metric=plan.metric, value=result.golden),  # type: ignore[arg-type]  # validated
        plan=PlanPart(id=plan.id, **sweep_fields(plan)),
        rates=[_rate(r) for r in result.rates],
        gate=GatePart(
            verdict=v.value if (v := overall(judgements)) else None,
            conditions=[_condition(j) for j in judgements],
        ),
        assumptions=assumptions(plan, data),
        run=run,
    )


def model_part(model: Model, space: FaultSpace) -> ModelPart:
    """Which model, and how much of it is at risk."""
    return ModelPart(
        path=model.path.name,
        sha256=model.sha256,
        opset=model.opset,
        parameters=space.parameters,
        bits_at_risk=space.bits,
    )


def data_part(data: Dataset) -> DataPart:
    """Which data."""
    return DataPart(
        kind=data.kind.value,
        name=data.name,
        sha256=data.sha256,
        images=len(data),
        labelled=data.labels is not None,
        note=data.note,
    )


def plan_fields(plan: Plan) -> dict[str, Any]:
    """What all reports say of a plan."""
    return {
        "seed": plan.seed,
        "encoding": plan.encoding,
        "fault": str(plan.fault),
        "confidence": plan.confidence,
        "batch": plan.batch,
        "include": plan.selection.include,
        "exclude": plan.selection.exclude,
        "kinds": [k.value for k in plan.selection.kinds],
    }


def sweep_fields(plan: Plan) -> dict[str, Any]:
    """What reports of sweeps say of a plan."""
    return plan_fields(plan) | {"exposure": plan.exposure.value, "precision": plan.precision}


def _interval(interval: Interval) -> IntervalPart:
    return IntervalPart(estimate=interval.estimate, low=interval.low, high=interval.high)


def _rate(result: RateResult) -> RatePart:
    found = result.estimate
    return RatePart(
        rate=result.rate,
        expected_flips=result.expected_flips,
        p_faulty=result.p_faulty,
        trials=result.tally.trials,
        images=result.tally.images,
        stop=result.stop.value,
        metric=_interval(found.metric),
        sdc=_interval(found.sdc),
        due=_interval(found.due),
        masked=_interval(found.masked),
        devices=_devices(result.devices),
        crashes=[crash_part(c) for c in result.crashes],
        strata=[
            StratumPart(severe=s.name, probability=s.weight, trials=s.tally.trials)
            for s in result.strata
        ],
    )


def crash_part(crash: Crash) -> CrashPart:
    """A pattern that killed its process, site by site."""
    upsets = [UpsetPart(tensor=u.tensor, element=u.element, bit=u.bit) for u in crash.upsets]
    return CrashPart(severe=crash.stratum, trial=crash.trial, upsets=upsets)


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
        evidence=_interval(judgement.interval),
    )


def assumptions(plan: Plan, data: Dataset) -> list[str]:
    """What the figures rest on, in sentences."""
    lasts = {
        Exposure.TRANSIENT: "Each batch meets a fault pattern of its own (transient exposure).",
        Exposure.RESIDENT: "One fault pattern stays for the whole data set (resident exposure); "
        "figures are means over devices.",
    }
    held = (
        "Values are held as serialized in the file."
        if plan.encoding == "stored"
        else f"Floating-point values are held as {plan.encoding} fixed point, rounded to its grid."
    )
    lines = [
        "Every bit at risk is hit independently with the stated probability: the number of upsets "
        "is Binomial(bits, rate), their places are uniform without replacement.",
        f"Fault model: {plan.fault}. {held}",
        lasts[plan.exposure],
        "At risk are stored initializers only. Activations, instructions, control logic and the "
        "runtime's own memory are taken to be fault-free.",
        "SDC: the decision differs from the fault-free run and nothing announces it. DUE: NaN, "
        "infinity or a runtime error. Masked: the rest. A DUE never counts as a right answer.",
        "The data set is taken as given: intervals cover the randomness of the faults, not that "
        "of the choice of images.",
        f"Intervals have {plan.confidence:.0%} confidence each, not jointly.",
    ]
    if data.kind is DataKind.GENERATED:
        lines.insert(0, "No data set was given: " + data.note.removeprefix("no data set: ") + ".")
    return lines
