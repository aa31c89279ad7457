"""One training: a network learns from images, and is written with what others must know of it."""

import hashlib
import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from analyzer.errors import FileMissing
from analyzer.jobs.files import check_targets, write_report, write_whole
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.report import Report
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.train import TrainRequest
from analyzer.jobs.training_data import TrainingData, images_part, open_data
from analyzer.jobs.training_device import ready_device
from analyzer.jobs.training_observer import epoch_part, training_observer
from analyzer.jobs.training_quantization import (
    check_quantization,
    gentler,
    quantization_part,
    quantized,
)
from analyzer.jobs.training_settings import augmentation, fit_settings
from analyzer.model import write_preprocessing
from analyzer.model.metadata import PREFIX, write_labels
from analyzer.reports.before_after.record import FilePart
from analyzer.reports.formats import RecordKind
from analyzer.reports.tables import Row, training_rows
from analyzer.reports.training.record import NetworkPart, QuantizationPart, TrainingReport
from analyzer.reports.training.text import training_text
from exporters.qat.objective import QuantizationAware
from exporters.segmentation.task import SegmentationTask
from exporters.torch.export import SEED, ExportRequest, build
from exporters.torch.optional_package import need
from exporters.torch.torch_model import check_parity
from exporters.torch.trained_file import TrainedFacts, trained_file
from exporters.training.augmentation import Augmentation
from exporters.training.loop import FitResult, fit
from exporters.training.networks import NetworkRequest, TrainableNetwork, make_network
from exporters.training.objective import Objective
from exporters.training.recipes import Recipe, find_recipe
from exporters.training.settings import FitSettings
from exporters.training.tasks import TaskSettings

SEGMENTATION = SegmentationTask.name


@dataclass(frozen=True, repr=False, kw_only=True)
class TrainedNetwork(Report[TrainingReport]):
    """A trained network: its files are written."""

    kind: ClassVar[RecordKind | None] = RecordKind.TRAINING

    def to_text(self) -> str:
        """The report as plain text, 80 columns wide."""
        return training_text(self.record)

    def rows(self) -> list[Row]:
        """One row per epoch."""
        return training_rows(self.record)


@dataclass(frozen=True)
class _Prepared:
    """All that a training is made of."""

    data: TrainingData
    made: TrainableNetwork
    recipe: Recipe
    settings: FitSettings
    images: Augmentation
    objective: Objective


def train_network(request: TrainRequest, observer: Observer = SILENT) -> TrainedNetwork:
    """Train one network, and write what was asked for.

    A training that was interrupted goes on from its last epoch.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the data, the network or the machine.
        KeyboardInterrupt: as it came; the epochs that are done are kept.
    """
    _check_files(request)
    ready_device(request, observer)
    observer.preparing("reading the data")
    with observer.suspended():
        prepared = _prepared(request)
        observer.prepared()
        for line in _head(request, prepared):
            observer.message(line)
        found = fit(
            prepared.objective,
            prepared.data.training,
            prepared.data.validation,
            prepared.settings,
            request.state_folder,
            training_observer(observer, prepared.settings.epochs),
        )
        files, quantization = _written(request, prepared)
    record = _record(request, prepared, found, files, quantization)
    reports = write_report(RecordKind.TRAINING, record, request.outputs)
    written = (*(Path(file.path) for file in files), *reports)
    return TrainedNetwork(record=record, written=written, printed=printed_form(request.outputs))


def _check_files(request: TrainRequest) -> None:
    """Refuse targets and checkpoints, before the work starts, that would fail after it."""
    check_quantization(request)
    read = [path for path in (request.weights, request.init) if path]
    for path in read:
        if not path.is_file():
            raise FileMissing(f"there is no checkpoint {path}")
    targets = [path for path in (request.out, request.onnx, *request.outputs.values()) if path]
    check_targets(targets, [*read, request.data])


def _prepared(request: TrainRequest) -> _Prepared:
    data = open_data(request)
    made = make_network(
        NetworkRequest(
            request.source,
            data.classes,
            request.shape,
            request.preprocessing,
            request.weights,
            request.init,
            request.seed,
            data.task.name == SEGMENTATION,
        )
    )
    recipe = find_recipe(request.recipe, made.shape)
    settings = fit_settings(request, recipe, begins=made.initial is None)
    settings = gentler(request, made.initial, settings)
    images = augmentation(request, recipe, made.shape, made.preprocessing)
    objective = data.task.objective(
        TaskSettings(
            network=made.network,
            augmentation=images,
            identity={"network": str(request.source), "weights at the start": _origin(made)},
            smoothing=recipe.smoothing if request.smoothing is None else request.smoothing,
            batch=settings.batch,
            threads=settings.threads,
            classes=data.classes,
        )
    )
    if request.qat:
        entries = _entries(request, data, made)
        objective = quantized(request, objective, made.shape, entries, data.training, settings)
    return _Prepared(data, made, recipe, settings, images, objective)


def _entries(request: TrainRequest, data: TrainingData, made: TrainableNetwork) -> dict[str, str]:
    """Metadata of a model that is written without a checkpoint."""
    names = data.training.classes
    return {
        f"{PREFIX}task": data.task.name,
        **write_preprocessing(made.preprocessing),
        **({f"{PREFIX}labels": write_labels(names)} if names else {}),
        f"{PREFIX}source": f"{request.source}, trained on {data.training.name}",
    }


def _origin(made: TrainableNetwork) -> str:
    return "random" if made.initial is None else made.initial.origin


def _head(request: TrainRequest, prepared: _Prepared) -> list[str]:
    """The settings that were chosen, before the first epoch."""
    settings, data = prepared.settings, prepared.data
    epochs = "until convergence"
    if settings.epochs:
        epochs = f"{settings.epochs} epoch{'s' * (settings.epochs > 1)}"
    return [
        f"{request.source} on {len(data.training):,} images of {data.training.name}, validation on "
        f"{len(data.validation):,}; {data.classes} classes",
        f"recipe {prepared.recipe.name}: {settings.optimizer}, batch {settings.batch}, rate "
        f"{settings.learning_rate:g}, {settings.schedule}, {epochs}",
        f"augmentation: {prepared.images.words()}",
    ]


Written = tuple[list[FilePart], QuantizationPart | None]
"""The files, and how the quantized one runs."""


def _written(request: TrainRequest, prepared: _Prepared) -> Written:
    """Write what was trained: weights and the ONNX model of them, or the int8 model."""
    objective = prepared.objective
    if not isinstance(objective, QuantizationAware):
        return _written_weights(request, prepared), None
    model = objective.model()
    part = quantization_part(objective, model, prepared.data.validation)
    content = model.SerializeToString(deterministic=True)
    write_whole(request.out, content)
    return [_file(request.out, content)], part


def _written_weights(request: TrainRequest, prepared: _Prepared) -> list[FilePart]:
    """Write the weights, and the ONNX model of them."""
    torch, buffer = need("torch"), io.BytesIO()
    preprocessing = write_preprocessing(prepared.made.preprocessing)
    facts = TrainedFacts(
        network=str(request.source),
        classes=prepared.data.classes,
        names=prepared.data.training.classes,
        shape=prepared.made.shape,
        preprocessing={key.removeprefix(PREFIX): text for key, text in preprocessing.items()},
        task=prepared.data.task.name,
    )
    torch.save(trained_file(facts, prepared.objective.network.state_dict()), buffer)
    write_whole(request.out, buffer.getvalue())
    files = [_file(request.out, buffer.getvalue())]
    if request.onnx:
        made = build(ExportRequest(request.source, request.out, None, None, {}))
        check_parity(made.model, made.network, made.shape, SEED)
        content = made.model.SerializeToString(deterministic=True)
        write_whole(request.onnx, content)
        files.append(_file(request.onnx, content))
    return files


def _file(path: Path, content: bytes) -> FilePart:
    return FilePart(path=str(path), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def _record(
    request: TrainRequest,
    prepared: _Prepared,
    found: FitResult,
    files: list[FilePart],
    quantization: QuantizationPart | None,
) -> TrainingReport:
    data, made = prepared.data, prepared.made
    settings: dict[str, Any] = asdict(prepared.settings)
    return TrainingReport(
        command=request.command,
        task=data.task.name,
        network=NetworkPart(
            source=str(request.source),
            parameters=sum(p.numel() for p in prepared.objective.network.parameters()),
            classes=data.classes,
            input=made.shape,
            weights=_origin(made),
            anew=made.initial.fresh if made.initial else (),
        ),
        training=images_part(data.training, data.words[0]),
        validation=images_part(data.validation, data.words[1]),
        recipe=f"{prepared.recipe.name}: {prepared.recipe.source}",
        settings={name: str(value) for name, value in settings.items()},
        augmentation=prepared.images.words(),
        device=found.device,
        precision=found.precision,
        steps=found.steps,
        epochs=tuple(epoch_part(done) for done in found.history),
        kept=found.kept.epoch,
        converged=found.converged,
        taken_over=found.taken_over,
        seconds=sum(done.seconds for done in found.history),
        cpu_seconds=sum(done.cpu_seconds for done in found.history),
        torch=str(need("torch").__version__),
        files=tuple(files),
        log=str(request.state_folder),
        quantization=quantization,
    )
