"""CIFAR-10 for `relcheck data` and for training: read as published, fetched where it is not there.

`analyzer.evaluation.sources.cifar` reads the published folders.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import numpy as np

from analyzer.errors import BadData, FileMissing
from analyzer.evaluation.sources.cifar import NAMES, PUBLISHED, SIDE, find_published, read_part
from exporters.datasets.archives import read_archive
from exporters.datasets.images import LabelledImages

FOLDERS = tuple(form.folder for form in PUBLISHED if form.title == "CIFAR-10")
COLORS = 3

__all__ = ["NAMES", "SIDE", "Subset", "fetch_cifar10", "find_folder", "read_cifar10"]


class Subset(StrEnum):
    """The training images or the test images."""

    TRAIN = "train"
    TEST = "test"


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
    found = find_published(path)
    if found is None or found[1].title != "CIFAR-10":
        raise FileMissing(
            f"there is no CIFAR-10 in {path}; it would be a folder {FOLDERS[0]} or {FOLDERS[1]}"
        )
    return LabelledImages(*read_part(*found, part))


def find_folder(path: Path) -> Path | None:
    """The folder with the batches: ``path`` itself or one in it; None if there is none."""
    found = find_published(path)
    return found[0] if found is not None and found[1].title == "CIFAR-10" else None


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
    if labels.min() < 0 or labels.max() >= len(NAMES):
        raise BadData(f"a label in {where} is not from 0 to {len(NAMES) - 1}")
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
