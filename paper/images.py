"""The images of the study, drawn from CIFAR-10: to train on, to validate and calibrate, to test.

    python -m paper.images --train CIFAR --test CIFAR --out FOLDER
    python -m paper.images --made --out FOLDER

The first two are apart, both from the training images; none of them is a test image. With
``--made`` they are few, and drawn by the project itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from analyzer.errors import InputError
from exporters.datasets.cifar10 import Subset, read_cifar10
from paper.made_images import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporters.datasets.images import LabelledImages

TRAIN, VALIDATION, TEST = 20_000, 2_000, 1_000
"""Images of each part."""

MADE = (("train", 3_000), ("validation", 200), ("test", 200))
"""The same, of those that the project draws."""


def stratified(labels: npt.NDArray[np.int64], sizes: Sequence[int], seed: int) -> list[list[int]]:
    """Disjoint draws with the same number of images of each class.

    Args:
        labels: int64 (n,), classes from 0.
        sizes: images of each draw, multiples of the number of classes.
        seed: of the order.

    Returns:
        Ascending numbers of images, for each draw.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    classes = np.unique(labels)
    columns = [order[labels[order] == label] for label in classes]
    draws, start = [], 0
    for size in sizes:
        stop = start + size // len(classes)
        draws.append(sorted(int(n) for column in columns for n in column[start:stop]))
        start = stop
    return draws


def save(path: Path, images: LabelledImages, rows: Sequence[int]) -> None:
    """Write some of the images as ``--data`` takes them.

    Args:
        path: an ``.npz`` file.
        images: of which some are written.
        rows: their numbers.
    """
    np.savez_compressed(path, images=images.pixels[rows], labels=images.labels[rows])


def write_parts(train: Path, test: Path, out: Path) -> None:
    """Write ``train.npz``, ``validation.npz`` and ``test.npz``.

    Args:
        train: CIFAR-10's training images, as `read_cifar10` takes them.
        test: its test images; the first ones are taken.
        out: folder, made where it is not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    images = read_cifar10(train, Subset.TRAIN)
    parts = stratified(images.labels, (TRAIN, VALIDATION), seed=0)
    for name, rows in zip(("train", "validation"), parts, strict=True):
        save(out / f"{name}.npz", images, rows)
    tests = read_cifar10(test, Subset.TEST)
    save(out / "test.npz", tests, range(min(TEST, len(tests.labels))))


def write_made(out: Path) -> None:
    """Write the same three files, of images that the project draws."""
    out.mkdir(parents=True, exist_ok=True)
    for seed, (name, count) in enumerate(MADE):
        save(out / f"{name}.npz", draw(count, seed), range(count))


def main() -> int:
    """Parse the arguments and write the files; 1 where the images cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m paper.images", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--train", type=Path, help="CIFAR-10's training images")
    parser.add_argument("--test", type=Path, help="its test images")
    parser.add_argument("--made", action="store_true", help="draw images instead")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    asked = parser.parse_args()
    if asked.made:
        write_made(asked.out)
        return 0
    if asked.train is None or asked.test is None:
        parser.error("name --train and --test, or --made")
    try:
        write_parts(asked.train, asked.test, asked.out)
    except InputError as error:
        print(f"paper.images: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
