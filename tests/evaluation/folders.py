"""Folders of images for tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from analyzer.model import InputSignature, Preprocessing

COLOR = InputSignature("image", "float32", (None, 6, 6, 3))
GREY = InputSignature("image", "float32", (None, 1, 6, 6))
AS_PIXELS = Preprocessing(scale=1.0)


def write_image(path: Path, value: int) -> None:
    """One image of 6x6 pixels of one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 6, 3), value, np.uint8)).save(path)


def image_folder(root: Path, classes: Mapping[str, Sequence[int]]) -> Path:
    """Class folders of images that have the values listed, and the values as their names."""
    for name, values in classes.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for value in values:
            write_image(root / name / f"{value:03}.png", value)
    return root
