"""Images without meaning, with labels, to try commands on where there is no data set.

    python -m exporters.datasets.noise images.npz
    python -m exporters.datasets.noise images.npz --count 64 --classes 10

Each is a blurred random pattern, so that values and gradients are those of a photograph rather
than of single pixels.
"""

import argparse
from pathlib import Path

import numpy as np

from exporters.datasets.images import LabelledImages

SIDE, CELL = 320, 20
"""Pixels of an image, and of one cell of its pattern; larger than any network of the zoo takes."""


def noise_images(count: int, classes: int, seed: int = 0) -> LabelledImages:
    """Draw images and labels; they depend on the arguments alone.

    Args:
        count: number of images.
        classes: labels are below this number.
        seed: of the random numbers.

    Returns:
        uint8 pixels (count, SIDE, SIDE, 3), and int64 labels (count,).
    """
    rng = np.random.default_rng(seed)
    corners = rng.random((count, SIDE // CELL + 1, SIDE // CELL + 1, 3))
    place = np.arange(SIDE) / CELL
    cell, share = place.astype(int), (place % 1.0)[:, None]
    rows = corners[:, cell] * (1 - share[:, :, None]) + corners[:, cell + 1] * share[:, :, None]
    both = rows[:, :, cell] * (1 - share) + rows[:, :, cell + 1] * share
    return LabelledImages((both * 255).astype(np.uint8), rng.integers(classes, size=count))


def main() -> None:
    """Write one file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--classes", type=int, default=1000)
    given = parser.parse_args()
    made = noise_images(given.count, given.classes)
    np.savez_compressed(given.out, images=made.pixels, labels=made.labels)


if __name__ == "__main__":
    main()
