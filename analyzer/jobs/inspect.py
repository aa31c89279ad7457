"""The fault space of one model: what is at risk, what is not, and how the engine reaches it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from analyzer.answers import Failure
from analyzer.errors import DataMismatch, GoldenFailed, NothingAtRisk, UnclearAnswer
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.of_model import define_for_model
from analyzer.evaluation.outcome import Judge
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.jobs.data import find_data
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.notes import MOST_IMAGES, coupling_of, int8_note, notes_on
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.report import Report
from analyzer.jobs.requests.checks import InspectRequest
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.sources import files_of, open_model
from analyzer.model import Model
from analyzer.reports.formats import RecordKind, find_format
from analyzer.reports.inventory import fault_space_text
from analyzer.reports.inventory_record import Inventory, inventory_record
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
        sort: Order of the tensors: ``file``, ``bits``, ``name`` or ``kind``.
        top: Most tensors of the text; None: all.
    """

    model: Model
    space: FaultSpace
    routes: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    accelerations: Sequence[Acceleration] = ()
    notes: Sequence[str] = ()
    sort: str = "file"
    top: int | None = None

    @property
    def tensors(self) -> list[TensorSite]:
        """Those at risk in the order that was asked for."""
        keys: dict[str, Callable[[TensorSite], tuple[Any, ...]]] = {
            "bits": lambda t: (-t.bits, t.name),
            "name": lambda t: (t.name,),
            "kind": lambda t: (t.kind.value, -t.bits, t.name),
        }
        found = list(self.space.tensors)
        return sorted(found, key=keys[self.sort]) if self.sort in keys else found

    @property
    def states(self) -> list[tuple[str, bool, str]]:
        """Of each acceleration: its name, true if it is in force, and the reason."""
        return [(a.name, a.in_force, a.reason) for a in self.accelerations]

    @property
    def content(self) -> Inventory:
        """The fault space as plain data."""
        return inventory_record(
            self.model,
            self.space,
            self.tensors,
            self.routes,
            self.reasons,
            self.states,
            self.notes,
        )


@dataclass(frozen=True, repr=False, kw_only=True)
class Inspection(Report[FaultSpaceFound]):
    """The fault space of a model."""

    kind: ClassVar[RecordKind | None] = RecordKind.INVENTORY

    @property
    def bits(self) -> int:
        """Number of bits at risk."""
        return self.record.space.bits

    def to_text(self) -> str:
        """Tensors, kinds, types, bits and routes; what is out of scope and why."""
        found = self.record
        return fault_space_text(
            found.model,
            found.space,
            found.routes,
            found.reasons,
            found.states,
            found.notes,
            found.tensors[: found.top],
        )

    def to(self, name: str) -> str:
        """The fault space in another form.

        Args:
            name: of the form: ``json``.

        Raises:
            BadOption: there is no such form.
        """
        form = find_format(RecordKind.INVENTORY, name)
        return super().to(name) if form is None else form.render(self.record.content)

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
            for t in found.tensors
        ]
        empty = dict.fromkeys(("kind", "dtype", "bits", "route"))
        for left in found.model.inventory.out_of_scope:
            stored = empty | {"dtype": left.dtype, "bits": left.bits}
            rows.append({"tensor": left.name, "at_risk": False, **stored, "reason": left.reason})
        return rows


def inspect_model(request: InspectRequest, observer: Observer = SILENT) -> Inspection:
    """Find the fault space of a model, and the route to each tensor; write what was asked for.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    check_targets([*request.outputs.values()], [*files_of(request.model), *request.data_files])
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    model = open_model(request.model)
    try:
        space = model.space(request.selection, request.encoding)
        found = _reached(model, space, request, device, observer)
    except NothingAtRisk:
        found = FaultSpaceFound(model, FaultSpace(()))
    found = replace(found, sort=request.sort, top=request.top)
    written = write_report(RecordKind.INVENTORY, found.content, request.outputs)
    printed = printed_form(request.outputs)
    return Inspection(record=found, written=tuple(written), printed=printed)


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
