"""Parts of reports that several commands share, made of campaigns, models and data sets."""

from typing import Any

from analyzer.campaign.plan import Plan
from analyzer.campaign.result import Crash
from analyzer.evaluation.dataset import Dataset
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.reports.shared.records import (
    CrashPart,
    DataPart,
    IntervalPart,
    ModelPart,
    StepPart,
    UpsetPart,
)
from analyzer.stats.intervals import Interval


def model_part(model: Model, space: FaultSpace) -> ModelPart:
    """The model, and how much of it is at risk.

    Args:
        model: the ONNX file.
        space: its bits at risk.
    """
    return ModelPart(
        path=model.path.name,
        sha256=model.sha256,
        opset=model.opset,
        parameters=space.parameters,
        bits_at_risk=space.bits,
    )


def data_part(data: Dataset) -> DataPart:
    """The data set."""
    return DataPart(
        kind=data.kind.value,
        name=data.name,
        sha256=data.sha256,
        images=len(data),
        labelled=data.labels is not None,
        note=data.note,
        remarks=list(data.remarks),
        fed=data.recipe.summary,
        preprocessing=[
            StepPart(name=s.name, value=s.value, origin=s.origin.value)  # type: ignore[arg-type]  # validated
            for s in data.recipe.steps
        ],
    )


def interval_part(interval: Interval | None) -> IntervalPart | None:
    """A figure with its limits; None where there is no estimate.

    Cut to [0, 1], which a sum of weights may miss by an ulp.
    """
    if interval is None:
        return None
    ends = (interval.estimate, interval.low, interval.high)
    estimate, low, high = (min(max(x, 0.0), 1.0) for x in ends)
    return IntervalPart(estimate=estimate, low=low, high=high)


def plan_fields(plan: Plan) -> dict[str, Any]:
    """The fields that all reports have of a plan."""
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
    """The fields that reports of sweeps have of a plan."""
    return plan_fields(plan) | {"exposure": plan.exposure.value, "precision": plan.precision}


def crash_part(crash: Crash) -> CrashPart:
    """A pattern that killed its process, site by site."""
    upsets = [UpsetPart(tensor=u.tensor, element=u.element, bit=u.bit) for u in crash.upsets]
    return CrashPart(severe=crash.stratum, trial=crash.trial, upsets=upsets)
