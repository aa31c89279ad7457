"""CIFAR-10 (A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009).

Its authors publish the same 60,000 images as Python pickles and as plain bytes; both are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, FileMissing
from exporters.datasets.archives import read_archive
from exporters.datasets.images import LabelledImages
from exporters.datasets.pickles import read_pickle

SIDE, COLORS, CLASSES = 32, 3, 10
IMAGE_BYTES = COLORS * SIDE * SIDE
FOLDERS = ("cifar-10-batches-py", "cifar-10-batches-bin")
NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


class Subset(StrEnum):
    """The training images or the test images."""

    TRAIN = "train"
    TEST = "test"


FILES: dict[Subset, tuple[str, ...]] = {
    Subset.TRAIN: tuple(f"data_batch_{number}" for number in range(1, 6)),
    Subset.TEST: ("test_batch",),
}


def read_cifar10(path: Path, part: Subset) -> LabelledImages:
    """Read CIFAR-10 from a folder as published, or images from an ``.npz`` file.

    Args:
        path: a folder that holds, or is, ``cifar-10-batches-py`` or ``cifar-10-batches-bin``; or
            an archive for `exporters.datasets.archives.read_archive`, taken whole.
        part: the images that are read from a folder.

    Returns:
        Pixels, uint8 (N, 32, 32, 3), labels from 0 to 9, in the order of the files.

    Raises:
        FileMissing: there is no such data set.
        BadData: it is damaged.
    """
    if path.is_file():
        return _checked(_read_archive(path), path)
    folder = find_folder(path)
    if folder is None:
        raise FileMissing(
            f"there is no CIFAR-10 in {path}; it would be a folder {FOLDERS[0]} or {FOLDERS[1]}"
        )
    binary = any(folder.glob("*.bin"))
    suffix, reader = (".bin", _read_binary) if binary else ("", _read_python)
    found = [_read(folder / f"{name}{suffix}", reader) for name in FILES[part]]
    pixels, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _checked(LabelledImages(pixels, labels), folder)


def find_folder(path: Path) -> Path | None:
    """The folder with the batches: ``path`` itself or one in it; None if there is none."""
    for folder in (path, *(path / name for name in FOLDERS)):
        if any(folder.glob("test_batch*")):
            return folder
    return None


Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def _read(path: Path, reader: Callable[[bytes], Batch]) -> Batch:
    try:
        return reader(path.read_bytes())
    except FileNotFoundError as error:
        raise FileMissing(f"{path.name} is missing in {path.parent}") from error
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadData(f"{path} is no batch of CIFAR-10: {error}") from error


def _read_binary(data: bytes) -> Batch:
    """One label byte and 3072 pixels per image, color by color."""
    if len(data) % (IMAGE_BYTES + 1):
        raise ValueError(f"its {len(data):,} bytes are no whole number of images")
    rows = np.frombuffer(data, np.uint8).reshape(-1, IMAGE_BYTES + 1)
    return _as_images(rows[:, 1:]), rows[:, 0].astype(np.int64)


def _read_python(data: bytes) -> Batch:
    """A dictionary with ``data``, uint8 (N, 3072), and ``labels``, a list."""
    entries = read_pickle(data)
    pixels, labels = entries.get("data"), entries.get("labels")
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != IMAGE_BYTES:
        raise ValueError(f"'data' is no array of {IMAGE_BYTES} bytes per image")
    if not isinstance(labels, Sequence) or not all(isinstance(label, int) for label in labels):
        raise ValueError("'labels' is no list of integers")
    if len(labels) != len(pixels):
        raise ValueError(f"it holds {len(pixels)} images but {len(labels)} labels")
    return _as_images(pixels), np.array(labels, np.int64)


def _as_images(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pixels uint8 (N, 3072), color by color, as (N, 32, 32, 3)."""
    return np.ascontiguousarray(rows.reshape(-1, COLORS, SIDE, SIDE).transpose(0, 2, 3, 1))


def _read_archive(path: Path) -> LabelledImages:
    try:
        return read_archive(path)
    except (ValueError, OSError, KeyError, EOFError) as error:
        raise BadData(f"{path} is no archive of labelled images: {error}") from error


def _checked(images: LabelledImages, where: Path) -> LabelledImages:
    labels = images.labels
    if images.pixels.dtype != np.uint8 or images.pixels.shape[1:] != (SIDE, SIDE, COLORS):
        raise BadData(f"the images in {where} are not bytes of {SIDE}x{SIDE} in three colors")
    if not len(labels) or len(labels) != len(images.pixels):
        raise BadData(f"{where} holds {len(images.pixels)} images and {len(labels)} labels")
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise BadData(f"a label in {where} is not from 0 to {CLASSES - 1}")
    return images


def fetch_cifar10(folder: Path) -> None:
    """Download the data set into a folder, by torchvision, from where torchvision gets it.

    Raises:
        TorchMissing: torchvision is not installed.
        FileMissing: the download failed.
    """
    from exporters.torch.zoo import import_torchvision

    import_torchvision()
    from torchvision.datasets import CIFAR10

    try:
        CIFAR10(str(folder), download=True)
    except (OSError, RuntimeError) as error:  # no network, a full disk, a wrong checksum
        raise FileMissing(
            f"there is no CIFAR-10 in {folder}, and it cannot be fetched: {error}; put a copy "
            f"({FOLDERS[0]} or {FOLDERS[1]}) there"
        ) from error
