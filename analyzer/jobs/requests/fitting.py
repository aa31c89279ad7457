"""The common part of requests that train a network: images, optimization, and where it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, InstanceOf

from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.words import read_share
from exporters.torch.source import Source, parse_shape, parse_source

Positive = Annotated[float | None, Field(gt=0.0, allow_inf_nan=False)]
Decay = Annotated[float | None, Field(ge=0.0, allow_inf_nan=False)]
Part = Annotated[float, BeforeValidator(read_share), Field(gt=0.0, lt=1.0)]


class FitRequest(Request):
    """A network that is to learn from images. A setting that is None has a default elsewhere.

    Attributes:
        source: The network.
        data: Images that it learns from.
        out: File for the weights.
        validation: Images that it is measured on; None: a share of ``data``.
        held_out: That share.
        labels: List of files and classes of ``data``.
        part: ``train``, ``val`` or ``test`` of ``data``, where it has such parts.
        validation_labels: As ``labels``, of the validation images, which may lie in ``data``.
        validation_part: As ``part``, of the validation images, which may lie in ``data``.
        init: Checkpoint in a published layout.
        shape: Channels, rows and columns of the input; None: as the network's place recommends.
        preprocessing: What is said of it, as text by name of the metadata entry.
        state: Folder that keeps the training; None: beside ``out``.
        full_precision: On a GPU: float32 throughout.
    """

    source: Annotated[InstanceOf[Source], fields.from_text(parse_source)]
    data: Path
    out: Path
    validation: Path | None = None
    held_out: Part = 0.1
    labels: Path | None = None
    part: str | None = None
    validation_labels: Path | None = None
    validation_part: str | None = None
    init: Path | None = None
    shape: Annotated[tuple[int, int, int] | None, fields.from_text(parse_shape)] = Field(
        default=None, alias="input"
    )
    preprocessing: Mapping[str, str] = {}
    epochs: fields.Count | None = None
    batch: fields.Count | None = None
    optimizer: str | None = None
    lr: Positive = None
    momentum: Annotated[float | None, Field(ge=0.0, lt=1.0)] = None
    weight_decay: Decay = None
    schedule: str | None = None
    warmup: Decay = None
    clip_norm: Positive = None
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
        return any((self.validation, self.validation_labels, self.validation_part))
