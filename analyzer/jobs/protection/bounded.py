"""Bounded models: the model with bounds on its activations, and what they cost without faults."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import BadOption, InputError
from analyzer.evaluation.calibration import say_calibration
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.jobs.before_after import Images, compare_twins, read_images
from analyzer.jobs.data import data_beside
from analyzer.jobs.harden import resources_of
from analyzer.jobs.observer import Observer
from analyzer.jobs.requests.base import JudgedRequest
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.sources import ModelInMemory
from analyzer.model import Model
from analyzer.model.metadata import read_metadata
from analyzer.reports.before_after.record import BeforeAfterPart
from analyzer.reports.protect.bounds import too_inaccurate, too_slow
from exporters.hardening.harden import harden
from exporters.hardening.interface import Change, Order
from exporters.hardening.mitigations import find_mitigation
from exporters.hardening.subject import open_subject


@dataclass(frozen=True)
class BoundedModel:
    """A model with bounds on its activations.

    Attributes:
        method: Word of the mitigation.
        source: The model, as campaigns take it.
        change: The bounds, and where they come from.
        twins: The original and it, without faults.
        note: What is to be known of the images that the bounds come from; empty: nothing.
    """

    method: str
    source: ModelInMemory
    change: Change
    twins: BeforeAfterPart
    note: str

    def refusal(self, request: ProtectRequest) -> str:
        """The reason why no plan may take it; empty: one may.

        Args:
            request: has the limits of accuracy and latency.
        """
        effect, latency = self.twins.effect, self.twins.latency
        if effect.before - effect.after > request.max_loss:
            return too_inaccurate(effect, request.max_loss)
        if request.max_latency is not None and latency.ratio > request.max_latency:
            return too_slow(latency, request.max_latency)
        return ""


@dataclass(frozen=True)
class NotConsidered:
    """Bounds of which no plan was drafted.

    Attributes:
        method: Word of the mitigation.
        reason: In a sentence, without a full stop.
        bounded: The bounded model, where it was made.
    """

    method: str
    reason: str
    bounded: BoundedModel | None = None


def bounded_models(
    model: Model, request: ProtectRequest, observer: Observer
) -> list[BoundedModel | NotConsidered]:
    """The model with the bounds of each method.

    Args:
        model: as it is.
        request: names the methods and the data.
        observer: is told how it goes.

    Raises:
        BadOption: activations are to be measured, and there are no data.
        InputError: the data cannot be read.
    """
    if not request.bounds:
        return []
    judged = read_images(model, _asked(request), observer)
    measured = judged
    if request.calibration_data is not None:
        given = {"data": request.calibration_data, "images": None}
        given |= dict.fromkeys(("labels", "masks", "part"))
        measured = read_images(model, _asked(request).model_copy(update=given), observer)
    _check_measurable(request.bounds, measured.data)
    return [
        _attempt(model, method, request, measured, judged, observer) for method in request.bounds
    ]


def _asked(request: ProtectRequest) -> JudgedRequest:
    """The data of a request, and what it says of answers."""
    fields = JudgedRequest.model_fields.keys() - {"outputs", "command"}
    return JudgedRequest(**{name: getattr(request, name) for name in fields})


def _check_measurable(methods: Sequence[str], data: Dataset) -> None:
    """Refuse bounds from random inputs: real images would be cut off by them.

    Raises:
        BadOption: a method measures activations, and there are no images.
    """
    for method in methods:
        if "thresholds" in find_mitigation(method).options and data.kind is DataKind.GENERATED:
            raise BadOption(
                f"--bounds {method} starts from the largest value of each activation; give --data "
                "or --calibration-data with images"
            )


def _attempt(
    model: Model,
    method: str,
    request: ProtectRequest,
    measured: Images,
    judged: Images,
    observer: Observer,
) -> BoundedModel | NotConsidered:
    try:
        made = _bounded(model, method, request.out, measured, judged, observer)
    except InputError as error:  # nothing to bound, bounded already, an old opset ...
        return NotConsidered(method, str(error))
    why = made.refusal(request)
    return NotConsidered(method, why, made) if why else made


def _bounded(
    model: Model,
    method: str,
    out: Path | None,
    measured: Images,
    judged: Images,
    observer: Observer,
) -> BoundedModel:
    """Bound the activations of a model.

    Raises:
        InputError: it cannot be bounded, or fails on the data.
    """
    subject, mitigation = open_subject(model), find_mitigation(method)
    mitigation.requires(subject)
    change = harden(subject, mitigation, Order(), resources_of(measured, observer))
    name = out or Path(f"{model.path.stem}_{method}.onnx")
    return BoundedModel(
        method=method,
        source=ModelInMemory(change.proto.SerializeToString(deterministic=True), str(name)),
        change=change,
        twins=compare_twins(model, change.proto, name, judged, observer),
        note=say_calibration(read_metadata(change.proto).calibrations, judged.data),
    )


def request_for(request: ProtectRequest, model: Model, bounded: BoundedModel) -> ProtectRequest:
    """The same request for a bounded model, on the same data.

    Args:
        request: for the model as it is.
        model: as it is; it may have its data set beside it.
        bounded: the bounded model.
    """
    data = request.data or data_beside(model)
    return request.model_copy(update={"model": bounded.source, "data": data})
