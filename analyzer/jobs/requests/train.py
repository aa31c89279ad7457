"""A request for the training of a network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, InstanceOf

from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.words import read_share, reads_one_of
from analyzer.reports.formats import RecordKind
from exporters.torch.source import Source, parse_shape, parse_source

Positive = Annotated[float | None, Field(gt=0.0, allow_inf_nan=False)]
Decay = Annotated[float | None, Field(ge=0.0, allow_inf_nan=False)]
Part = Annotated[float, BeforeValidator(read_share), Field(gt=0.0, lt=1.0)]
FLIPS = ("none", "horizontal", "both")


class TrainRequest(Request):
    """A network that is to be trained. A setting that is None is the recipe's.

    Attributes:
        source: The network.
        data: Training images.
        out: File for the trained weights.
        onnx: File for the ONNX model; None: none is written.
        validation: Images that decide which epoch is best; None: a share of ``data``.
        held_out: That share.
        labels: List of files and classes of ``data``.
        masks: Folder with a mask for each image of ``data``.
        part: ``train``, ``val`` or ``test`` of ``data``, where it has such parts.
        validation_labels: As ``labels``, of the validation images, which may lie in ``data``.
        validation_masks: As ``masks``, of the validation images.
        validation_part: As ``part``, of the validation images, which may lie in ``data``.
        weights: Checkpoint with the network's own names.
        init: Checkpoint in a published layout.
        shape: Channels, rows and columns of the input; None: as the network's place recommends.
        preprocessing: What is said of it, as text by name of the metadata entry.
        recipe: ``paper`` or ``small``; None: by the size of the input.
        qat: Quantization-aware: ``out`` becomes the int8 ONNX model.
        batchnorm_epochs: ``qat``: epochs until BatchNorm is frozen.
        range_epochs: ``qat``: epochs until the ranges are frozen.
        reduce_range: ``qat``: weights of 7 bits.
        state: Folder that keeps the training; None: beside ``out``.
        full_precision: On a GPU: float32 throughout.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.TRAINING

    source: Annotated[InstanceOf[Source], fields.from_text(parse_source)]
    data: Path
    out: Path
    onnx: Path | None = None
    validation: Path | None = None
    held_out: Part = 0.1
    labels: Path | None = None
    masks: Path | None = None
    part: str | None = None
    validation_labels: Path | None = None
    validation_masks: Path | None = None
    validation_part: str | None = None
    weights: Path | None = None
    init: Path | None = None
    shape: Annotated[tuple[int, int, int] | None, fields.from_text(parse_shape)] = Field(
        default=None, alias="input"
    )
    preprocessing: Mapping[str, str] = {}
    recipe: str | None = None
    epochs: fields.Count | None = None
    batch: fields.Count | None = None
    optimizer: str | None = None
    lr: Positive = None
    momentum: Annotated[float | None, Field(ge=0.0, lt=1.0)] = None
    weight_decay: Decay = None
    schedule: str | None = None
    factor: Annotated[float | None, Field(gt=0.0, lt=1.0)] = None
    patience: Annotated[int | None, Field(ge=0)] = None
    min_lr: Positive = None
    warmup: Decay = None
    clip_norm: Positive = None
    smoothing: Annotated[float | None, Field(ge=0.0, lt=1.0)] = None
    pad: Annotated[int | None, Field(ge=0, le=1024)] = None
    flips: Annotated[
        Literal["none", "horizontal", "both"] | None, BeforeValidator(reads_one_of(FLIPS))
    ] = None
    qat: bool = False
    batchnorm_epochs: Annotated[int | None, Field(ge=0)] = None
    range_epochs: Annotated[int | None, Field(ge=0)] = None
    reduce_range: bool = False
    seed: int = Field(default=0, ge=0)
    device: fields.Device = "cpu"
    full_precision: bool = False
    threads: Annotated[int | None, Field(ge=0, le=256)] = None
    state: Path | None = None

    @property
    def state_folder(self) -> Path:
        """The folder that keeps the training."""
        return self.state or self.out.with_name(f"{self.out.name}.training")

    @property
    def validates_apart(self) -> bool:
        """True if the validation images are named, rather than held out."""
        return any(
            (self.validation, self.validation_labels, self.validation_masks, self.validation_part)
        )
