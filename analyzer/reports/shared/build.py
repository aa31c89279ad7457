"""Parts of reports that several commands share, made of campaigns, models and data sets."""

from dataclasses import dataclass
from typing import Any

from analyzer.campaign.coding_loss import CodingLoss
from analyzer.campaign.plan import Plan
from analyzer.campaign.result import Crash
from analyzer.evaluation.dataset import Dataset
from analyzer.faults.protections import parse_protection
from analyzer.faults.protections.protection import ProtectedMemory, storage_overhead
from analyzer.faults.space import FaultSpace, Target
from analyzer.model import Model
from analyzer.reports.shared.left_out import left_out_parts
from analyzer.reports.shared.records import (
    CodingLossPart,
    CrashPart,
    DataPart,
    IntervalPart,
    ModelPart,
    ProtectionPart,
    StepPart,
    UpsetPart,
)
from analyzer.stats.intervals import Interval


@dataclass(frozen=True, slots=True)
class ModelNotes:
    """Notes for a reader about the run of a model.

    Attributes:
        sentences: In the order of their weight.
        coupled: True if images of one run influence one another.
    """

    sentences: tuple[str, ...] = ()
    coupled: bool = False


NO_NOTES = ModelNotes()


def model_part(model: Model, space: FaultSpace, notes: ModelNotes = NO_NOTES) -> ModelPart:
    """The model, and how much of it is at risk.

    Args:
        model: the ONNX file.
        space: its bits at risk, check bits of a protection included.
        notes: on how it ran.
    """
    return ModelPart(
        path=model.path.name,
        sha256=model.sha256,
        opset=model.opset,
        parameters=sum(t.elements for t in space.tensors if t.target is not Target.CHECK),
        bits_at_risk=space.bits,
        notes=list(notes.sentences),
        coupled=notes.coupled,
        bits_out_of_scope=model.inventory.bits_left_out,
        share_out_of_scope=model.inventory.share_left_out,
        out_of_scope=left_out_parts(model.inventory),
    )


def protection_part(
    plan: Plan, memory: ProtectedMemory | None, coding: CodingLoss | None
) -> ProtectionPart | None:
    """The protection of the memory; None: there is none.

    Args:
        plan: of the campaign.
        memory: the protected memory, if there is one.
        coding: what its encoding costs; None: nothing is lost.
    """
    if memory is None:
        return None
    protection = parse_protection(plan.protection)
    loss = None
    if coding is not None:
        loss = CodingLossPart(unencoded=coding.unencoded, lost=coding.lost, changed=coding.changed)
    return ProtectionPart(
        rules=plan.protection,
        about=protection.about,
        data_bits=memory.data.bits,
        protected_bits=memory.protected_bits,
        check_bits=memory.space.bits - memory.data.bits,
        overhead=str(storage_overhead(memory)),
        coding_loss=loss,
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
        "precise_int8": plan.precise_int8,
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
