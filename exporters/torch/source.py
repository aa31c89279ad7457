"""The arguments of ``relcheck export``, parsed: the network, and the shape of its input."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from analyzer.errors import BadNetwork, BadOption, quoted
from analyzer.model import limits

COLORS = 3


class SourceKind(StrEnum):
    """The place that a network comes from."""

    TORCHVISION = "torchvision"
    SEGMENTATION = "segmentation"
    CIFAR = "cifar"
    FILE = "file"
    MODULE = "module"


OWN_PLACES = (SourceKind.TORCHVISION, SourceKind.SEGMENTATION, SourceKind.CIFAR)
"""Places whose networks are known by name."""


@dataclass(frozen=True)
class Source:
    """One network.

    Attributes:
        kind: The place that it comes from.
        place: The Python file or module; ``torchvision``, ``segmentation`` or ``cifar``.
        name: The architecture, or the factory in that place.
    """

    kind: SourceKind
    place: str
    name: str

    def __str__(self) -> str:
        """As it was written."""
        return f"{self.place}:{self.name}"


def parse_source(text: str) -> Source:
    """Parse ``torchvision:NAME``, ``segmentation:NAME``, ``cifar:NAME``, or a factory's place.

    >>> parse_source("torchvision:resnet50").kind.value
    'torchvision'
    >>> parse_source("segmentation:swin_unet").name
    'swin_unet'
    >>> parse_source("nets/mine.py:build")
    Source(kind=<SourceKind.FILE: 'file'>, place='nets/mine.py', name='build')
    >>> str(parse_source("mine.nets:build"))
    'mine.nets:build'

    Raises:
        BadNetwork: the text has none of these forms.
    """
    place, colon, name = text.rpartition(":")
    if not colon or not place or not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise BadNetwork(
            f"{quoted(text)} names no network; write torchvision:NAME, cifar:NAME, "
            "segmentation:NAME, path/to/module.py:factory or package.module:factory"
        )
    if place in OWN_PLACES:
        return Source(SourceKind(place), place, name)
    if place.endswith(".py"):
        return Source(SourceKind.FILE, place, name)
    if not all(part.isidentifier() for part in place.split(".")):
        raise BadNetwork(
            f"{quoted(place)} is neither a Python file (path/to/module.py) nor a module "
            "(package.module)"
        )
    return Source(SourceKind.MODULE, place, name)


def parse_shape(text: str) -> tuple[int, int, int]:
    """Parse ``SIDE``, ``ROWSxCOLUMNS`` or ``CHANNELSxROWSxCOLUMNS``.

    >>> parse_shape("224"), parse_shape("360x480"), parse_shape("1x28x28")
    ((3, 224, 224), (3, 360, 480), (1, 28, 28))

    Raises:
        BadOption: the text has none of these forms, or the size is too large.
    """
    try:
        sizes = [int(part) for part in text.lower().split("x")]
    except ValueError:
        sizes = []
    if not 1 <= len(sizes) <= 3 or min(sizes) < 1:
        raise BadOption(
            f"--input {quoted(text)} is no image size; write 224, 360x480 (rows x columns) or "
            "1x28x28 (channels first)"
        )
    if len(sizes) == 1:
        sizes *= 2
    channels, rows, columns = [COLORS, *sizes] if len(sizes) == 2 else sizes
    if channels * rows * columns > limits.IMAGE_PIXELS:
        raise BadOption(f"--input {text} is larger than any image that relcheck handles")
    return channels, rows, columns


def module_file(place: str) -> Path:
    """The Python file of a `SourceKind.FILE`.

    Raises:
        BadNetwork: there is no such file.
    """
    path = Path(place)
    if not path.is_file():
        raise BadNetwork(f"there is no Python file {path}")
    return path
