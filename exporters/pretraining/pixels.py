"""Pixels become the numbers that a network takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.errors import DataMismatch
from analyzer.evaluation.sources import Image
from analyzer.model import Preprocessing
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch


def network_input(image: Image, channels: int, preparation: Preprocessing) -> torch.Tensor:
    """X = (pixel * scale - mean) / std, float32 (channels, rows, columns).

    Args:
        image: (rows, columns, channels), already of the network's size.
        channels: that the network takes.
        preparation: scale, mean, deviation and color order.

    Raises:
        DataMismatch: the image has another number of channels.
    """
    if image.shape[2] != channels:
        raise DataMismatch(
            f"images of {image.shape[2]} channels; the network takes {channels} (--input)"
        )
    pixels = image[..., ::-1] if preparation.color == "BGR" and channels == 3 else image
    mean, std = (np.asarray(v, np.float32) for v in (preparation.mean, preparation.std))
    values = (pixels.astype(np.float32) * np.float32(preparation.scale) - mean) / std
    tensor: torch.Tensor = need("torch").from_numpy(
        np.ascontiguousarray(values.transpose(2, 0, 1), np.float32)
    )
    return tensor
