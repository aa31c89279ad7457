"""A request for the training of a network."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from analyzer.jobs.requests.fitting import FitRequest, Positive
from analyzer.jobs.requests.words import reads_one_of
from analyzer.reports.formats import RecordKind

FLIPS = ("none", "horizontal", "both")


class TrainRequest(FitRequest):
    """A network that is to be trained. A setting that is None is the recipe's.

    Attributes:
        onnx: File for the ONNX model; None: none is written.
        masks: Folder with a mask for each image of ``data``.
        validation_masks: As ``masks``, of the validation images.
        weights: Checkpoint with the network's own names.
        recipe: ``paper`` or ``small``; None: by the size of the input.
        qat: Quantization-aware: ``out`` becomes the int8 ONNX model.
        batchnorm_epochs: ``qat``: epochs until BatchNorm is frozen.
        range_epochs: ``qat``: epochs until the ranges are frozen.
        reduce_range: ``qat``: weights of 7 bits.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.TRAINING

    onnx: Path | None = None
    masks: Path | None = None
    validation_masks: Path | None = None
    weights: Path | None = None
    recipe: str | None = None
    factor: Annotated[float | None, Field(gt=0.0, lt=1.0)] = None
    patience: Annotated[int | None, Field(ge=0)] = None
    min_lr: Positive = None
    smoothing: Annotated[float | None, Field(ge=0.0, lt=1.0)] = None
    pad: Annotated[int | None, Field(ge=0, le=1024)] = None
    flips: Annotated[
        Literal["none", "horizontal", "both"] | None, BeforeValidator(reads_one_of(FLIPS))
    ] = None
    qat: bool = False
    batchnorm_epochs: Annotated[int | None, Field(ge=0)] = None
    range_epochs: Annotated[int | None, Field(ge=0)] = None
    reduce_range: bool = False

    @property
    def validates_apart(self) -> bool:
        """True if the validation images are named, rather than held out."""
        return super().validates_apart or self.validation_masks is not None
