"""Resizing and cropping, to the pixel as torchvision does them.

The numbers were computed once by torchvision 0.29.1 on Pillow 13.0: ``Resize(resize)`` and
``CenterCrop(crop)`` of a PIL image. In 800 random cases of sizes up to 300, in grey and in color,
no pixel differed.
"""

import zlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.evaluation.image_sizes import crop_start, resized_size
from analyzer.evaluation.preprocess import Target, prepare
from analyzer.model import Preprocessing

PIXELS = Target("NHWC", 3, None, None, "uint8")

CASES = [
    ((8, 11), 8, 8, (8, 11), 3448529641),
    ((11, 8), 8, 7, (11, 8), 3098769395),
    ((375, 500), 256, 224, (256, 341), 2936974008),
    ((500, 333), 256, 224, (384, 256), 287405282),
    ((31, 32), 20, 13, (20, 20), 3108303148),
    ((97, 64), 32, 32, (48, 32), 4077436790),
    ((64, 64), 33, 10, (33, 33), 819435417),
    ((5, 90), 4, 3, (4, 72), 3322269220),
]
"""Size, resize, crop; what torchvision made of it: the size resized, and a checksum at the end."""


def pattern(rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """An image in which no two neighbours are alike: uint8 (1, rows, columns, 3)."""
    r, c, k = np.indices((rows, columns, 3))
    return np.asarray((7 * r + 13 * c + 29 * k + r * c) % 256, np.uint8)[None]


@pytest.mark.parametrize(("size", "resize", "crop", "resized", "checksum"), CASES)
def test_images_are_those_of_torchvision(
    size: tuple[int, int], resize: int, crop: int, resized: tuple[int, int], checksum: int
) -> None:
    assert resized_size(*size, resize) == resized
    found = prepare(pattern(*size), PIXELS, Preprocessing(resize=resize, crop=crop))
    assert found.shape == (1, crop, crop, 3)
    assert zlib.crc32(found.tobytes()) == checksum


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 2000))
def test_the_longer_side_is_cut_off_not_rounded(rows: int, columns: int, length: int) -> None:
    """torchvision: ``int(size * long / short)``."""
    short, long = sorted((rows, columns))
    wanted = (length, int(length * long / short))
    found = resized_size(rows, columns, length)
    assert found == (wanted if rows <= columns else wanted[::-1])


@given(st.integers(1, 4000), st.data())
def test_the_crop_begins_where_torchvisions_does(length: int, data: st.DataObject) -> None:
    """torchvision: ``int(round((length - side) / 2.0))``, by which 0.5 and 2.5 go down."""
    side = data.draw(st.integers(1, length))
    twice = length - side
    half = twice // 2
    assert crop_start(length, side) == (half + (half % 2) if twice % 2 else half)
