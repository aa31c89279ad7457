"""The fault space of one model: what is at risk, what is not, and how the engine reaches it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.answers import Failure
from analyzer.errors import DataMismatch, GoldenFailed, NothingAtRisk, UnclearAnswer
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.of_model import define_for_model
from analyzer.evaluation.outcome import Judge
from analyzer.faults.space import FaultSpace
from analyzer.jobs.data import find_data
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.notes import MOST_IMAGES, coupling_of, int8_note, notes_on
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.report import Report
from analyzer.jobs.requests.checks import InspectRequest
from analyzer.jobs.sources import open_model
from analyzer.model import Model
from analyzer.reports.inventory import fault_space_text
from analyzer.reports.tables import Row
from analyzer.runtime.executor import Executor
from analyzer.runtime.layout.restrict import routes_of
from analyzer.runtime.open import open_executor
from analyzer.runtime.ort.acceleration import Acceleration
from analyzer.runtime.ort.device import Device
from analyzer.runtime.partial.golden_cache import Cache
from analyzer.verification.decisions import judge_of_decisions

DEFAULT_CACHE = 2 << 30
"""Bytes of golden values that campaigns may keep unless told otherwise (``--cache``)."""


@dataclass(frozen=True)
class FaultSpaceFound:
    """The bits at risk of a model.

    Attributes:
        model: The model.
        space: Its bits at risk; no tensor if nothing is at risk.
        routes: Tensor name -> how the engine faults the tensor.
        reasons: Tensor name -> why the tensor is not faulted in place.
        accelerations: The state of each: in force, or why not.
        notes: What a reader must know about how the model runs.
    """

    model: Model
    space: FaultSpace
    routes: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    accelerations: Sequence[Acceleration] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, repr=False, kw_only=True)
class Inspection(Report[FaultSpaceFound]):
    """The fault space of a model."""

    @property
    def bits(self) -> int:
        """Number of bits at risk."""
        return self.record.space.bits

    def to_text(self) -> str:
        """Tensors, kinds, types, bits and routes; what is out of scope and why."""
        found = self.record
        states = [(a.name, a.in_force, a.reason) for a in found.accelerations]
        return fault_space_text(
            found.model, found.space, found.routes, found.reasons, states, found.notes
        )

    def rows(self) -> list[Row]:
        """One row per stored tensor: at risk with its bits and route, or out of scope and why."""
        found = self.record
        rows: list[Row] = [
            {
                "tensor": t.name,
                "at_risk": True,
                "kind": t.kind.value,
                "dtype": t.dtype,
                "bits": t.bits,
                "route": found.routes.get(t.name),
                "reason": found.reasons.get(t.name),
            }
            for t in found.space.tensors
        ]
        empty = dict.fromkeys(("kind", "dtype", "bits", "route"))
        for left in found.model.inventory.out_of_scope:
            stored = empty | {"dtype": left.dtype, "bits": left.bits}
            rows.append({"tensor": left.name, "at_risk": False, **stored, "reason": left.reason})
        return rows


def inspect_model(request: InspectRequest, observer: Observer = SILENT) -> Inspection:
    """Find the fault space of a model, and the route to each of its tensors.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    model = open_model(request.model)
    try:
        space = model.space(request.selection, request.encoding)
    except NothingAtRisk:
        return Inspection(record=FaultSpaceFound(model, FaultSpace(())))
    return Inspection(record=_reached(model, space, request, device, observer))


def _judge(model: Model, data: Dataset, batch: AnyBatch, executor: Executor) -> Judge | None:
    """A judge of decisions; None where nothing tells what an answer is, or there is none."""
    first = executor.run(batch.feeds(model.signature.name))
    if isinstance(first, Failure):
        return None
    try:
        definition = define_for_model(model, data, batch, first, executor.run)
        return judge_of_decisions(definition, first, batch.images)
    except (GoldenFailed, UnclearAnswer, DataMismatch):
        return None


def _reached(
    model: Model, space: FaultSpace, request: InspectRequest, device: Device, observer: Observer
) -> FaultSpaceFound:
    """The space with the routes and accelerations of an executor as campaigns have it."""
    data = find_data(model, request, observer).first(MOST_IMAGES)
    fixed = model.signature.fixed_batch
    coupling = coupling_of(model, data)
    batch, *more = make_batches(data, fixed or 1, 0, fixed is not None)
    cache = Cache(DEFAULT_CACHE)
    executor = open_executor(model, space, batch.feeds(model.signature.name), device, cache)
    routes, reasons = routes_of(executor.layout, [t.name for t in space.members])
    judge = _judge(model, data, batch, executor)
    int8 = int8_note(model, [batch, *more], judge, device) if judge else None
    notes = notes_on(coupling, executor.layout, fixed or 1, int8).sentences
    return FaultSpaceFound(model, space, routes, reasons, executor.accelerations, notes)
