"""Labelled images in an ``.npz`` file: read, plain or as JPEG, and written."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exporters.datasets.images import LabelledImages


def read_archive(path: Path) -> LabelledImages:
    """Read ``images`` and ``labels``, or ``jpeg``, ``offsets`` and ``labels``.

    Args:
        path: An ``.npz`` file. ``jpeg`` is uint8, one file after the other; image i is
            ``jpeg[offsets[i]:offsets[i + 1]]``.

    Raises:
        ValueError: the file holds neither, or images of several sizes.
    """
    with np.load(path, allow_pickle=False) as archive:
        if "labels" not in archive or not ("images" in archive or "jpeg" in archive):
            raise ValueError(f"{path} holds no 'labels' with 'images' or 'jpeg'")
        labels = archive["labels"].astype(np.int64)
        if "images" in archive:
            return LabelledImages(archive["images"], labels)
        return LabelledImages(_decode(archive["jpeg"], archive["offsets"]), labels)


def _decode(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    from PIL import Image

    raw = data.tobytes()
    pictures = []
    for start, end in itertools.pairwise(offsets):
        with Image.open(io.BytesIO(raw[start:end]), formats=("JPEG",)) as picture:
            pictures.append(np.asarray(picture.convert("RGB")))
    return np.stack(pictures)


def write_archive(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The bytes of an ``.npz`` file, as ``np.savez_compressed`` writes it, without the time of day.

    Journals name data sets by their digest: the same images must give the same bytes.

    Args:
        arrays: by key, of any shape and type but objects.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for key, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()
