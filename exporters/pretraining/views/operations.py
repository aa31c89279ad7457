"""The operations that views are made of; each is a pure function of its arguments.

Pictures are changed by Pillow, whose operations the papers' own code used.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from analyzer.evaluation.sources import Image

if TYPE_CHECKING:
    from PIL import Image as Pillow

RATIO = (3 / 4, 4 / 3)
"""Least and largest width of a crop as a multiple of its height."""

TRIES = 10
"""Draws of a crop that fits into the image, before the largest central one is taken."""

SOLARIZE_FROM = 128

Box = tuple[int, int, int, int]
"""Left, upper, right, lower, in pixels."""


def crop_box(rows: int, columns: int, scale: tuple[float, float], rng: np.random.Generator) -> Box:
    """A random crop, its area uniform, its ratio log-uniform.

    Szegedy et al. 2015, arXiv:1409.4842, section 6.

    Args:
        rows: of the image.
        columns: of the image.
        scale: least and largest share of the area, in (0, 1].
        rng: of the random numbers.
    """
    for _ in range(TRIES):
        area = rows * columns * rng.uniform(*scale)
        ratio = math.exp(rng.uniform(math.log(RATIO[0]), math.log(RATIO[1])))
        width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < width <= columns and 0 < height <= rows:
            left = int(rng.integers(columns - width + 1))
            upper = int(rng.integers(rows - height + 1))
            return left, upper, left + width, upper + height
    width = min(columns, max(1, round(rows * RATIO[1])))
    height = min(rows, max(1, round(columns / RATIO[0])))
    left, upper = (columns - width) // 2, (rows - height) // 2
    return left, upper, left + width, upper + height


def jitter(
    picture: Pillow.Image, strengths: tuple[float, float, float, float], rng: np.random.Generator
) -> Pillow.Image:
    """Change brightness, contrast, saturation and hue, in random order.

    Args:
        picture: RGB.
        strengths: as of `exporters.pretraining.views.view.View`.
        rng: of the random numbers.
    """
    from PIL import ImageEnhance

    enhancers = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
    factors = [rng.uniform(max(0.0, 1.0 - x), 1.0 + x) for x in strengths[:3]]
    turn = rng.uniform(-strengths[3], strengths[3])
    for index in rng.permutation(4):
        if index == 3:
            picture = turn_hue(picture, turn)
        else:
            picture = enhancers[index](picture).enhance(factors[index])
    return picture


def turn_hue(picture: Pillow.Image, turn: float) -> Pillow.Image:
    """Turn all hues by a share of the color circle.

    Args:
        picture: RGB.
        turn: -0.5 to 0.5.
    """
    from PIL import Image

    hue, saturation, value = picture.convert("HSV").split()
    turned = (np.asarray(hue, np.int64) + round(turn * 256)) % 256
    parts = (Image.fromarray(turned.astype(np.uint8)), saturation, value)
    return Image.merge("HSV", parts).convert("RGB")


def change_colors(picture: Pillow.Image, gray: bool, blur: float, solarize: bool) -> Pillow.Image:
    """Take colors away, blur, solarize, in this order.

    Args:
        picture: RGB.
        gray: take colors away.
        blur: radius of the Gaussian in pixels; 0: none.
        solarize: invert pixels of 128 and more.
    """
    from PIL import ImageFilter, ImageOps

    if gray:
        picture = picture.convert("L").convert("RGB")
    if blur:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    return ImageOps.solarize(picture, SOLARIZE_FROM) if solarize else picture


def resized_bands(image: Image, box: Box, side: int) -> Image:
    """A crop of an image with any number of channels, resized bilinearly band by band.

    Args:
        image: (rows, columns, channels), of any type.
        box: the crop.
        side: of the result, in pixels.

    Returns:
        float32 (side, side, channels).
    """
    from PIL import Image as Pillow

    bands = [
        Pillow.fromarray(np.ascontiguousarray(image[:, :, channel], np.float32)).resize(
            (side, side), Pillow.Resampling.BILINEAR, box=box
        )
        for channel in range(image.shape[2])
    ]
    return np.stack([np.asarray(band, np.float32) for band in bands], axis=2)
