"""One pretraining: a network learns from images without their classes, and is written."""

import io
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from analyzer.errors import BadOption, FileMissing
from analyzer.jobs.files import check_targets, write_report, write_whole
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.pretraining_data import PretrainingData, open_images
from analyzer.jobs.pretraining_record import file_part, record_of, settings_parts
from analyzer.jobs.report import Report
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.pretrain import PretrainRequest
from analyzer.jobs.training_device import ready_device
from analyzer.jobs.training_observer import epoch_part, training_observer
from analyzer.jobs.training_settings import threads_of
from analyzer.reports.formats import RecordKind
from analyzer.reports.tables import Row, training_rows
from analyzer.reports.training.pretraining import PretrainingReport
from analyzer.reports.training.pretraining_text import (
    collapse_warning,
    epoch_line,
    pretraining_text,
)
from exporters.pretraining.pretrain import Order, has_collapsed, pretrain
from exporters.pretraining.settings import settings_for
from exporters.torch.optional_package import need
from exporters.training.history import EpochFigures
from exporters.training.networks import NetworkRequest, make_network
from exporters.training.observer import TrainingObserver
from exporters.training.settings import FitSettings

ASKED = {
    "lr": "learning_rate",
    **{n: n for n in ("epochs", "batch", "optimizer", "momentum", "weight_decay", "schedule")},
    **{n: n for n in ("warmup", "clip_norm", "seed", "device")},
}
"""Field of the request -> field of the engine's settings."""

UNKNOWN_CLASSES = 2
"""Size of the classifier that is taken out where nobody knows the number of classes."""


@dataclass(frozen=True, repr=False, kw_only=True)
class PretrainedNetwork(Report[PretrainingReport]):
    """A pretrained network: its checkpoint is written."""

    kind: ClassVar[RecordKind | None] = RecordKind.PRETRAINING

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        return pretraining_text(self.record)

    def rows(self) -> list[Row]:
        """One row per epoch."""
        return training_rows(self.record)


def pretrain_network(request: PretrainRequest, observer: Observer = SILENT) -> PretrainedNetwork:
    """Pretrain one network, and write what was asked for.

    A pretraining that was interrupted goes on from its last epoch.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the data, the network or the machine.
        KeyboardInterrupt: as it came; the epochs that are done are kept.
    """
    _check_files(request)
    ready_device(request, observer)
    torch = need("torch")
    observer.preparing("reading the data")
    with observer.suspended():
        data = open_images(request)
        order = _order(request, data)
        observer.prepared()
        for line in _head(order, data):
            observer.message(line)
        told = _told(observer, order.settings, len(data.training))
        found = pretrain(order, request.state_folder, told)
    buffer = io.BytesIO()
    torch.save(found.content, buffer)
    write_whole(request.out, buffer.getvalue())
    record = record_of(request, order, found, data, file_part(request.out, buffer.getvalue()))
    reports = write_report(RecordKind.PRETRAINING, record, request.outputs)
    return PretrainedNetwork(
        record=record, written=(request.out, *reports), printed=printed_form(request.outputs)
    )


def _check_files(request: PretrainRequest) -> None:
    """Refuse targets and a checkpoint, before the work starts, that would fail after it."""
    if request.init and not request.init.is_file():
        raise FileMissing(f"there is no checkpoint {request.init}")
    read = [path for path in (request.init, request.data) if path]
    check_targets([request.out, *request.outputs.values()], read)


def _order(request: PretrainRequest, data: PretrainingData) -> Order:
    shape = request.shape
    if shape and shape[1] != shape[2]:
        raise BadOption(f"--input {shape[1]}x{shape[2]}: views are squares; give one side")
    made = make_network(
        NetworkRequest(
            source=request.source,
            classes=max(UNKNOWN_CLASSES, data.classes),
            shape=request.shape,
            preprocessing=request.preprocessing,
            init=request.init,
            seed=request.seed,
            features=True,
        )
    )
    given: dict[str, Any] = {own: getattr(request, name) for name, own in ASKED.items()}
    settings = settings_for(request.method, len(data.training), given)
    return Order(
        network=made.network,
        name=str(request.source),
        origin="random" if made.initial is None else made.initial.origin,
        method=request.method,
        shape=made.shape,
        preparation=made.preprocessing,
        training=data.training,
        left_out=data.measured,
        settings=replace(
            settings, mixed=not request.full_precision, threads=threads_of(request.threads)
        ),
    )


def _head(order: Order, data: PretrainingData) -> list[str]:
    """The settings that were chosen, before the first epoch."""
    parts = settings_parts(order.method, order.settings)
    return [
        f"{order.method.name}: {order.name} on {len(data.training):,} images of "
        f"{data.training.name}, measured on {len(data.measured):,}; {len(order.views)} views each",
        ", ".join(f"{part.name} {part.value}" for part in parts),
    ]


def _told(observer: Observer, settings: FitSettings, images: int) -> TrainingObserver:
    """A line for each epoch, and a warning after the first one with a collapse."""
    warned, steps = False, max(1, images // settings.batch)

    def epoch(done: EpochFigures) -> None:
        nonlocal warned
        part = epoch_part(done)
        observer.message(epoch_line(part, settings.epochs or done.epoch))
        if has_collapsed(done, steps) and not warned:
            warned = True
            observer.message(collapse_warning(part))

    return replace(training_observer(observer, settings.epochs), epoch=epoch)
