"""Pixels of images in other sizes: Pillow's antialiased bilinear filter, crops, nearest pixels."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analyzer.evaluation.image_sizes import crop_start

CHANNELS = (1, 3, 4)
"""Of pictures, which Pillow resizes whole; images of other numbers are resized band by band."""

Values = npt.NDArray[Any]
"""(n, rows, columns, channels), or one image of them."""


def all_exactly(images: Values, rows: int, columns: int) -> Values:
    """Images of so many rows and columns.

    Args:
        images: (n, rows, columns, channels), of any size.
        rows: pixels from top to bottom afterwards.
        columns: pixels from left to right afterwards.

    Returns:
        Of the same type; bands of other types than uint8 become float32 where they are resized.
    """
    if images.shape[1:3] == (rows, columns):
        return images
    return np.stack([_exactly(i, rows, columns) for i in images])


def _exactly(image: Values, rows: int, columns: int) -> Values:
    if image.dtype == np.uint8 and image.shape[-1] in CHANNELS:
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        resized = np.asarray(picture.resize((columns, rows), Image.Resampling.BILINEAR))
        return resized.reshape(rows, columns, -1)
    plain = image if image.dtype == np.uint8 else image.astype(np.float32)
    bands = (Image.fromarray(np.ascontiguousarray(band)) for band in np.moveaxis(plain, -1, 0))
    made = [np.asarray(b.resize((columns, rows), Image.Resampling.BILINEAR)) for b in bands]
    return np.stack(made, axis=-1)


def center_crop(images: Values, side: int) -> Values:
    """The central square of images.

    Args:
        images: (n, rows, columns, channels).
        side: pixels of the square, not more than rows and columns.
    """
    top, left = (crop_start(length, side) for length in images.shape[1:3])
    return images[:, top : top + side, left : left + side]


def nearest(mask: npt.NDArray[np.uint8], rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """A mask of so many rows and columns, of the nearest pixels.

    Args:
        mask: uint8 (rows, columns).
        rows: pixels from top to bottom afterwards.
        columns: pixels from left to right afterwards.
    """
    if mask.shape == (rows, columns):
        return mask
    picture = Image.fromarray(np.ascontiguousarray(mask))
    return np.asarray(picture.resize((columns, rows), Image.Resampling.NEAREST))
