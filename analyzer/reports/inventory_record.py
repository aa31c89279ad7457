"""The fault space of a model as data: what ``relcheck inspect --json`` writes."""

from collections.abc import Mapping, Sequence
from typing import Literal

from analyzer import __version__
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.model import Model
from analyzer.reports.shared.records import AccelerationPart, Count, Digest, Name, ReportRecord


class TensorEntry(ReportRecord):
    """One stored tensor at risk.

    Attributes:
        name: Of the tensor.
        kind: Of the tensor.
        dtype: Element type.
        bits: At risk.
        route: The way in which the engine faults it; None: the engine was not asked.
        reason: Why it is not faulted in place; None: it is.
    """

    name: Name
    kind: str
    dtype: str
    bits: Count
    route: str | None
    reason: str | None


class LeftOutEntry(ReportRecord):
    """One stored tensor that is out of scope, and why."""

    name: Name
    dtype: str
    bits: Count
    reason: str


class Inventory(ReportRecord):
    """Everything that a model stores: at risk, or out of scope."""

    kind: Literal["inventory"] = "inventory"
    version: str
    model: Name
    model_sha256: Digest
    opset: Count
    bits_at_risk: Count
    parameters: Count
    tensors: list[TensorEntry]
    out_of_scope: list[LeftOutEntry]
    accelerations: list[AccelerationPart]
    notes: list[Name]


def inventory_record(
    model: Model,
    space: FaultSpace,
    tensors: Sequence[TensorSite],
    routes: Mapping[str, str],
    reasons: Mapping[str, str],
    states: Sequence[tuple[str, bool, str]],
    notes: Sequence[str],
) -> Inventory:
    """The fault space as data.

    Args:
        model: the ONNX file.
        space: its bits at risk.
        tensors: of the space, in the order that was asked for.
        routes: tensor name -> the way in which the engine faults it.
        reasons: tensor name -> the reason why it is not faulted in place.
        states: of each acceleration: its name, true if it is in force, and the reason.
        notes: sentences on how the model runs.
    """
    return Inventory(
        version=__version__,
        model=model.path.name,
        model_sha256=model.sha256,
        opset=model.opset,
        bits_at_risk=space.bits,
        parameters=space.parameters,
        tensors=[
            TensorEntry(
                name=t.name,
                kind=t.kind.value,
                dtype=t.dtype,
                bits=t.bits,
                route=routes.get(t.name),
                reason=reasons.get(t.name),
            )
            for t in tensors
        ],
        out_of_scope=[
            LeftOutEntry(name=o.name, dtype=o.dtype, bits=o.bits, reason=o.reason)
            for o in model.inventory.out_of_scope
        ],
        accelerations=[
            AccelerationPart(name=name, in_force=in_force, reason=reason)
            for name, in_force, reason in states
        ],
        notes=list(notes),
    )
