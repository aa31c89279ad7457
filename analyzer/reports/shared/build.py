"""Parts of reports that several commands share."""

from typing import Any

from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.result import Crash
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.reports.shared.records import CrashPart, DataPart, ModelPart, StepPart, UpsetPart


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
        remarks=list(data.remarks),
        fed=data.recipe.summary,
        preprocessing=[
            StepPart(name=s.name, value=s.value, origin=s.origin.value)  # type: ignore[arg-type]  # validated
            for s in data.recipe.steps
        ],
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


def crash_part(crash: Crash) -> CrashPart:
    """A pattern that killed its process, site by site."""
    upsets = [UpsetPart(tensor=u.tensor, element=u.element, bit=u.bit) for u in crash.upsets]
    return CrashPart(severe=crash.stratum, trial=crash.trial, upsets=upsets)


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
