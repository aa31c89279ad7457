"""The part of a training that is quantization-aware: its objective, its file, and the proof."""

from collections.abc import Mapping
from dataclasses import replace

import onnx

from analyzer.errors import BadOption
from analyzer.evaluation.sources import ImageSource
from analyzer.jobs.requests.train import TrainRequest
from analyzer.reports.training.record import QuantizationPart
from exporters.qat.objective import QuantizationAware, quantization_aware
from exporters.qat.rounding import check_installed
from exporters.qat.settings import QatSettings
from exporters.torch.initial import Initial
from exporters.training.objective import Objective
from exporters.training.settings import FitSettings

TRAINED = 0.1
"""Share of the rate of fine-tuning where the network is trained already, classifier and all."""

ONLY = ("batchnorm_epochs", "range_epochs", "reduce_range")
"""Fields of the request that say something about quantization only."""

WEIGHT_FILES = (".pt", ".pth", ".th", ".ckpt", ".bin", ".safetensors")
"""Endings that promise weights of torch."""


def check_quantization(request: TrainRequest) -> None:
    """Refuse options that do not go together, before any work.

    Raises:
        BadOption: they do not.
        TorchMissing: a package of the extra is not installed.
    """
    if not request.qat:
        values = {name: getattr(request, name) for name in ONLY}
        stated = [
            name for name, value in values.items() if value is not None and value is not False
        ]
        if stated:
            raise BadOption(f"--{stated[0].replace('_', '-')} belongs to --qat; give both or none")
        return
    if request.onnx:
        raise BadOption("--onnx: with --qat, --out is the ONNX model already; leave --onnx out")
    if request.out.suffix in WEIGHT_FILES:
        raise BadOption(
            f"--out {request.out}: with --qat the result is an ONNX model; let its name end in "
            ".onnx"
        )
    check_installed()


def gentler(request: TrainRequest, initial: Initial | None, settings: FitSettings) -> FitSettings:
    """Settings whose rate suits a network that is trained and only has to get used to int8.

    Args:
        request: a rate that it states stays.
        initial: the weights that the network begins with.
        settings: of a float training.
    """
    if not request.qat or request.lr is not None or initial is None or initial.fresh:
        return settings
    return replace(
        settings,
        learning_rate=settings.learning_rate * TRAINED,
        floor=settings.floor * (TRAINED if request.min_lr is None else 1.0),
    )


def quantized(
    request: TrainRequest,
    objective: Objective,
    shape: tuple[int, int, int],
    entries: Mapping[str, str],
    images: ImageSource,
    plan: FitSettings,
) -> QuantizationAware:
    """Make an objective quantization-aware.

    Args:
        request: says when BatchNorm and ranges are frozen.
        objective: of the float network.
        shape: C, H, W of its input.
        entries: metadata of the file that is written.
        images: training images.
        plan: length of the training and of its steps.

    Raises:
        ExportError: the network has no ONNX form.
        CannotQuantize: it cannot be quantized.
    """
    values = {name: getattr(request, name) for name in ONLY}
    stated = {name: value for name, value in values.items() if value is not None}
    settings = replace(QatSettings.over(plan.epochs, len(images) // plan.batch), **stated)
    return quantization_aware(objective, shape, entries, settings, images)


def quantization_part(
    aware: QuantizationAware, model: onnx.ModelProto, images: ImageSource
) -> QuantizationPart:
    """The report's part on the quantization.

    Args:
        aware: after its training.
        model: the file.
        images: those that ONNX Runtime and torch are compared on.

    Raises:
        CannotQuantize: ONNX Runtime cannot run the file.
    """
    found, settings = aware.agreement(model, images), aware.settings
    return QuantizationPart(
        batchnorm_epochs=settings.batchnorm_epochs,
        range_epochs=settings.range_epochs,
        weight_bits=7 if settings.reduce_range else 8,
        images=found.images,
        differing=found.differing,
        scores_differing=found.scores_differing,
        simulation_differing=found.simulation_differing,
        float_operators=found.float_operators,
        precise_int8=found.saturating,
        words=found.sentence,
    )
