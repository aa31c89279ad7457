"""A request for the self-supervised pretraining of a network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, InstanceOf

from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.train import Decay, Part, Positive
from analyzer.reports.formats import RecordKind
from exporters.pretraining.methods import method_named
from exporters.torch.source import Source, parse_shape, parse_source


class PretrainRequest(Request):
    """A network that is to be pretrained. A setting that is None is that of the method's paper.

    Attributes:
        source: The network.
        method: ``simsiam``, ``swav``, ``dino`` or ``ssql``, and its own settings.
        data: Images; classes are not needed, and only measured with.
        out: File for the checkpoint.
        validation: Images that features are measured on; None: a share of ``data``.
        held_out: That share.
        labels: List of files and classes of ``data``.
        part: ``train``, ``val`` or ``test`` of ``data``, where it has such parts.
        validation_labels: As ``labels``, of the validation images, which may lie in ``data``.
        validation_part: As ``part``, of the validation images, which may lie in ``data``.
        init: Checkpoint to begin with, in any layout that ``relcheck train --init`` takes.
        shape: Channels, rows and columns of the input; None: as the network's place recommends.
        preprocessing: What is said of it, as text by name of the metadata entry.
        state: Folder that keeps the training; None: beside ``out``.
        full_precision: On a GPU: float32 throughout.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.PRETRAINING

    source: Annotated[InstanceOf[Source], fields.from_text(parse_source)]
    method: Annotated[Any, fields.from_text(method_named)]
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
    batch: Annotated[int | None, Field(ge=2)] = None
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
