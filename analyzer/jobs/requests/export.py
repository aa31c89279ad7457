"""A request for an ONNX file of a torch network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, InstanceOf

from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Request
from exporters.torch.source import Source, parse_shape, parse_source


class ExportRequest(Request):
    """A torch network that is to become an ONNX file.

    Attributes:
        source: The network.
        out: File for the model.
        weights: Checkpoint; None: the weights that the network is made with.
        classes: Size of the last layer; None: as the network has it.
        shape: Channels, rows and columns of the input; None: as torchvision recommends.
        preprocessing: What is said of it, as text by name of the metadata entry.
    """

    source: Annotated[InstanceOf[Source], fields.from_text(parse_source)]
    out: Path
    weights: Path | None = None
    classes: int | None = Field(default=None, ge=2)
    shape: Annotated[tuple[int, int, int] | None, fields.from_text(parse_shape)] = Field(
        default=None, alias="input"
    )
    preprocessing: Mapping[str, str] = {}
