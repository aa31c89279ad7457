"""Views are drawn: a pure function of an image and of random numbers."""

from __future__ import annotations

import numpy as np

from analyzer.evaluation.sources import Image
from exporters.pretraining.views.operations import (
    Box,
    change_colors,
    crop_box,
    jitter,
    resized_bands,
)
from exporters.pretraining.views.view import SMALL, View

BLUR = (0.1, 2.0)
"""Least and largest radius of the Gaussian, in pixels (SimCLR, arXiv:2002.05709, appendix A)."""


def is_picture(image: Image) -> bool:
    """True for uint8 with three channels: red, green, blue."""
    return bool(image.dtype == np.uint8 and image.shape[2] == 3)


def draw_view(image: Image, view: View, rng: np.random.Generator) -> Image:
    """One view of an image.

    Args:
        image: (rows, columns, channels). Anything but a picture is only cropped, resized and
            mirrored: sensors have bands, no colors.
        view: its law.
        rng: of the random numbers.

    Returns:
        (side, side, channels): uint8 of a picture, else float32.
    """
    rows, columns = image.shape[:2]
    box = crop_box(rows, columns, view.scale, rng)
    mirrored = rng.random() < view.mirror
    drawn = (
        _picture(image, view, box, rng)
        if is_picture(image)
        else resized_bands(image, box, view.side)
    )
    return np.ascontiguousarray(drawn[:, ::-1] if mirrored else drawn)


def _picture(image: Image, view: View, box: Box, rng: np.random.Generator) -> Image:
    from PIL import Image as Pillow

    size = (view.side, view.side)
    picture = Pillow.fromarray(image).resize(size, Pillow.Resampling.BICUBIC, box=box)
    if rng.random() < view.jitter_share:
        picture = jitter(picture, view.jitter, rng)
    gray = rng.random() < view.gray
    radius = rng.uniform(*BLUR) if rng.random() < view.blur else 0.0
    return np.asarray(change_colors(picture, gray, radius, rng.random() < view.solarize))


def whole_image(image: Image, side: int) -> Image:
    """The central square of an image, as features are measured on it, without randomness.

    Of large images 7/8 of the shorter side, as the papers evaluate (256 pixels, cut to 224); of
    small ones all of it.

    Args:
        image: (rows, columns, channels).
        side: of the result, in pixels.

    Returns:
        (side, side, channels): uint8 of a picture, else float32.
    """
    rows, columns = image.shape[:2]
    length = min(rows, columns) if side < SMALL else max(1, round(min(rows, columns) * 7 / 8))
    left, upper = (columns - length) // 2, (rows - length) // 2
    box = (left, upper, left + length, upper + length)
    return _resized(image, side, box) if is_picture(image) else resized_bands(image, box, side)


def _resized(image: Image, side: int, box: Box) -> Image:
    from PIL import Image as Pillow

    picture = Pillow.fromarray(image).resize((side, side), Pillow.Resampling.BICUBIC, box=box)
    return np.asarray(picture)
