"""The augmentation of an image, done to its mask as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pictures

from analyzer.evaluation.image_sizes import crop_start, resized_size
from analyzer.evaluation.rules.pixel_scores import IGNORED
from analyzer.evaluation.sources import Image, Mask
from exporters.torch.optional_package import need
from exporters.training.augmentation import Augmentation, Flips

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class JointAugmentation:
    """The way from images and masks to inputs and classes of pixels.

    Masks are resized to the nearest pixel, for there is no class between two classes; what is added
    around an image has no class.

    Attributes:
        images: The way of the images.
    """

    images: Augmentation

    def plain(self, mask: Mask) -> Mask:
        """The classes of the pixels of `Augmentation.plain`, uint8 (rows, columns).

        Args:
            mask: uint8 (rows, columns), as large as its image.
        """
        pixels = self._resized(mask)
        if side := self.images.preprocessing.crop:
            rows, columns = (crop_start(length, side) for length in pixels.shape)
            pixels = pixels[rows : rows + side, columns : columns + side]
        return nearest(pixels, *self.images.shape[1:])

    def augmented(
        self, image: Image, mask: Mask, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A random crop of both, mirrored or not: float32 (C, H, W) and int64 (H, W).

        Args:
            image: (rows, columns, channels).
            mask: uint8 (rows, columns).
            rng: of the random numbers.

        Raises:
            DataMismatch: as of `Augmentation.augmented`.
        """
        twin = np.random.default_rng()
        twin.bit_generator.state = rng.bit_generator.state
        view, classes = self.images.augmented(image, rng), self._followed(mask, twin)
        tensor = need("torch").from_numpy(np.ascontiguousarray(classes).astype(np.int64))
        return view, tensor

    def _followed(self, mask: Mask, rng: np.random.Generator) -> Mask:
        """The steps of `Augmentation.augmented`, which draws its numbers in the same order."""
        pixels, given = self._resized(mask), self.images
        if side := given.preprocessing.crop:
            pixels = _random_part(pixels, side, side, rng)
        pixels = nearest(pixels, *given.shape[1:])
        if given.pad:
            pixels = np.pad(pixels, given.pad, constant_values=IGNORED)
            pixels = _random_part(pixels, *given.shape[1:], rng)
        if given.flips is not Flips.NONE and rng.random() < 0.5:
            pixels = pixels[:, ::-1]
        if given.flips is Flips.BOTH and rng.random() < 0.5:
            pixels = pixels[::-1]
        return pixels

    def _resized(self, mask: Mask) -> Mask:
        if not self.images.preprocessing.resize:
            return mask
        rows, columns = mask.shape
        return nearest(mask, *resized_size(rows, columns, self.images.preprocessing.resize))


def _random_part(mask: Mask, rows: int, columns: int, rng: np.random.Generator) -> Mask:
    top = int(rng.integers(mask.shape[0] - rows + 1))
    left = int(rng.integers(mask.shape[1] - columns + 1))
    return mask[top : top + rows, left : left + columns]


def nearest(mask: Mask, rows: int, columns: int) -> Mask:
    """A mask of another size; each pixel has the class of the nearest one.

    Args:
        mask: uint8 (rows, columns).
        rows: wanted.
        columns: wanted.

    >>> nearest(np.array([[1, 255]], np.uint8), 2, 4).tolist()
    [[1, 1, 255, 255], [1, 1, 255, 255]]
    """
    if mask.shape == (rows, columns):
        return mask
    picture = Pictures.fromarray(np.ascontiguousarray(mask))
    return np.asarray(picture.resize((columns, rows), Pictures.Resampling.NEAREST))
