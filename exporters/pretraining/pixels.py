"""Pixels become numbers: standardized channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyzer.errors import BadOption
from analyzer.evaluation.sources import Image, ImageSource
from exporters.pretraining.views.draw import is_picture
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of pixels from 0 to 1; torchvision's networks and the papers take them."""

Pair = tuple[Sequence[float], Sequence[float]]
"""Mean and standard deviation."""

MEASURED = 256
"""Images that the statistics of other sensors are measured on."""


@dataclass(frozen=True, slots=True)
class Standardization:
    """x = (pixel * scale - mean) / std.

    Attributes:
        scale: Factor on pixels.
        mean: Of scaled pixels, one number for each channel.
        std: Likewise, above 0.
        measured: True if mean and std were measured on the images.
    """

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    measured: bool = False

    def tensor(self, image: Image) -> torch.Tensor:
        """A network's input, float32 (channels, rows, columns).

        Args:
            image: (rows, columns, channels).
        """
        scaled = image.astype(np.float32) * np.float32(self.scale)
        values = (scaled - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        tensor: torch.Tensor = need("torch").from_numpy(
            np.ascontiguousarray(values.transpose(2, 0, 1))
        )
        return tensor


def standardization(
    source: ImageSource, mean: Sequence[float] | None, std: Sequence[float] | None, seed: int
) -> Standardization:
    """The standardization of a source: ImageNet's of pictures, else as measured on some images.

    Args:
        source: one image or more.
        mean: as asked for, of pixels from 0 to 1; one number, or one for each channel.
        std: likewise.
        seed: draws the images that are measured.

    Raises:
        BadOption: there are more numbers than channels, or fewer, or a deviation is not above 0.
    """
    first = source.image(0)
    channels = first.shape[2]
    scale = 1 / 255 if first.dtype == np.uint8 else 1.0
    measured = False
    if is_picture(first):
        usual: Pair = (IMAGENET_MEAN, IMAGENET_STD)
    elif mean is None or std is None:
        usual, measured = _measured(source, scale, seed), True
    else:
        usual = mean, std
    return Standardization(
        scale,
        _of_each("mean", usual[0] if mean is None else mean, channels),
        _of_each("std", usual[1] if std is None else std, channels),
        measured,
    )


def _of_each(name: str, values: Sequence[float], channels: int) -> tuple[float, ...]:
    if len(values) not in (1, channels):
        raise BadOption(f"--{name} has {len(values)} numbers, but the images {channels} channels")
    if name == "std" and min(values) <= 0:
        raise BadOption(f"--std has {min(values):g}; a standard deviation is above 0")
    return tuple(values) * (channels if len(values) == 1 else 1)


def _measured(source: ImageSource, scale: float, seed: int) -> Pair:
    """Mean and standard deviation of each channel, over images drawn by the seed."""
    count = min(MEASURED, len(source))
    rows = np.random.default_rng(seed).choice(len(source), count, replace=False)
    means, squares = [], []
    for row in np.sort(rows):
        pixels = source.image(int(row)).astype(np.float64).reshape(-1, source.image(0).shape[2])
        means.append((pixels * scale).mean(axis=0))
        squares.append(((pixels * scale) ** 2).mean(axis=0))
    mean = np.mean(means, axis=0)
    deviation = np.sqrt(np.maximum(np.mean(squares, axis=0) - mean**2, 1e-12))
    return tuple(mean.tolist()), tuple(deviation.tolist())
