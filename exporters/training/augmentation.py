"""From an image as it is stored to an input of the network, augmented or not.

Without augmentation the steps are those of `analyzer.evaluation.preprocess`, to the bit, so that a
training measures the accuracy that ``relcheck run`` measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pictures

from analyzer.errors import DataMismatch
from analyzer.evaluation.image_sizes import crop_start, resized_size
from analyzer.evaluation.sources import Image
from analyzer.model import Preprocessing
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch

Shape = tuple[int, int, int]
Pixels = npt.NDArray[Any]


class Flips(StrEnum):
    """The directions in which images are mirrored, each with probability one half."""

    NONE = "none"
    HORIZONTAL = "horizontal"
    BOTH = "both"


@dataclass(frozen=True)
class Augmentation:
    """The way from images to inputs.

    Attributes:
        shape: C, H, W of the input.
        preprocessing: Resize, crop, color order, scale, mean and deviation.
        pad: Pixels of the mean color around the image before a random part of the input's size is
            taken; 0: none.
        flips: Directions.
    """

    shape: Shape
    preprocessing: Preprocessing
    pad: int = 0
    flips: Flips = Flips.HORIZONTAL

    def plain(self, image: Image) -> torch.Tensor:
        """The input of an image, float32 (C, H, W), as an ONNX model gets it.

        Args:
            image: (rows, columns, channels).

        Raises:
            DataMismatch: the image has other channels, or is smaller than the crop.
        """
        pixels = self._resized(image)
        if side := self.preprocessing.crop:
            rows, columns = (crop_start(length, side) for length in pixels.shape[:2])
            pixels = pixels[rows : rows + side, columns : columns + side]
        return self._tensor(self._values(resized(pixels, *self.shape[1:])))

    def augmented(self, image: Image, rng: np.random.Generator) -> torch.Tensor:
        """A random crop of an image, mirrored or not, float32 (C, H, W).

        Args:
            image: (rows, columns, channels).
            rng: of the random numbers.

        Raises:
            DataMismatch: as of `plain`.
        """
        pixels = self._resized(image)
        if side := self.preprocessing.crop:
            pixels = _random_part(pixels, side, side, rng)
        values = self._values(resized(pixels, *self.shape[1:]))
        if self.pad:
            values = np.pad(values, ((self.pad, self.pad), (self.pad, self.pad), (0, 0)))
            values = _random_part(values, *self.shape[1:], rng)
        if self.flips is not Flips.NONE and rng.random() < 0.5:
            values = values[:, ::-1]
        if self.flips is Flips.BOTH and rng.random() < 0.5:
            values = values[::-1]
        return self._tensor(values)

    def _resized(self, image: Image) -> Pixels:
        """The image with its shorter side as it is wanted, and large enough for the crop."""
        if image.shape[2] != self.shape[0]:
            raise DataMismatch(
                f"images of {image.shape[2]} channels; the network takes {self.shape[0]} (--input)"
            )
        rows, columns = image.shape[:2]
        if self.preprocessing.resize:
            rows, columns = resized_size(rows, columns, self.preprocessing.resize)
        side = self.preprocessing.crop
        if side and side > min(rows, columns):
            raise DataMismatch(
                f"images of {rows}x{columns} pixels are smaller than the crop of {side}; set "
                "--resize"
            )
        return resized(image, rows, columns)

    def _values(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Normalized values, float32 (rows, columns, channels)."""
        given = self.preprocessing
        if given.color == "BGR" and self.shape[0] == 3:
            pixels = pixels[..., ::-1]
        mean, std = (np.asarray(values, np.float32) for values in (given.mean, given.std))
        scaled = pixels.astype(np.float32) * np.float32(given.scale)
        return ((scaled - mean) / std).astype(np.float32)

    def _tensor(self, values: npt.NDArray[np.float32]) -> torch.Tensor:
        tensor: torch.Tensor = need("torch").from_numpy(
            np.ascontiguousarray(values.transpose(2, 0, 1))
        )
        return tensor

    def words(self) -> str:
        """The augmentation, for people and for the identity of a training."""
        given = self.preprocessing
        steps = [f"resize {given.resize}"] if given.resize else []
        steps += [f"random crop {given.crop}"] if given.crop else []
        steps += [f"shift by up to {self.pad} pixels"] if self.pad else []
        if self.flips is not Flips.NONE:
            steps.append({"both": "flips both ways"}.get(self.flips, f"{self.flips} flips"))
        return ", ".join(steps) or "none"


def _random_part(pixels: Pixels, rows: int, columns: int, rng: np.random.Generator) -> Pixels:
    top = int(rng.integers(pixels.shape[0] - rows + 1))
    left = int(rng.integers(pixels.shape[1] - columns + 1))
    return pixels[top : top + rows, left : left + columns]


def resized(image: Pixels, rows: int, columns: int) -> Pixels:
    """An image of another size, by PIL's bilinear interpolation with antialiasing.

    Args:
        image: (rows, columns, channels); uint8 of 1 or 3 channels as a picture, anything else
            channel by channel.
        rows: wanted.
        columns: wanted.
    """
    if image.shape[:2] == (rows, columns):
        return image
    size, how = (columns, rows), Pictures.Resampling.BILINEAR
    if image.dtype == np.uint8 and image.shape[2] == 3:
        return np.asarray(Pictures.fromarray(image).resize(size, how))
    kept = image if image.dtype == np.uint8 else image.astype(np.float32)
    planes = [np.ascontiguousarray(kept[..., channel]) for channel in range(image.shape[2])]
    return np.stack([np.asarray(Pictures.fromarray(p).resize(size, how)) for p in planes], axis=2)
