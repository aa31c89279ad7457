"""Images that the project draws itself: ten classes of colored patterns that small networks learn.

They stand for no data set. With them ``make paper-quick`` needs no download.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from exporters.datasets.images import LabelledImages

SIDE, CLASSES = 32, 10

Coordinates = npt.NDArray[np.float64]


def draw(count: int, seed: int) -> LabelledImages:
    """Images of all classes in turn.

    Args:
        count: of images.
        seed: of places, sizes, colors and noise.

    Returns:
        Pixels, uint8 (count, 32, 32, 3), and labels from 0 to 9.

    >>> images = draw(20, seed=0)
    >>> images.pixels.shape, images.labels[:12].tolist()
    ((20, 32, 32, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % CLASSES
    pixels = np.stack([_image(int(label), rng) for label in labels])
    return LabelledImages(pixels, labels)


def _image(label: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A pattern in one color before another, both random, with noise."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)
    place = rng.uniform(10, 22, 2)
    inside = _pattern(label, y - place[0], x - place[1], rng.uniform(0.8, 1.2))
    dark, light = rng.uniform(20, 90, 3), rng.uniform(150, 230, 3)
    image = np.where(inside[:, :, None], light, dark) + rng.normal(0, 12, (SIDE, SIDE, 3))
    return image.clip(0, 255).astype(np.uint8)


def _pattern(label: int, y: Coordinates, x: Coordinates, size: float) -> npt.NDArray[np.bool_]:
    """Pixels that have the light color.

    Args:
        label: class.
        y: distance from a random place, downwards.
        x: the same, to the right.
        size: factor of lengths, about 1.
    """
    radius, period, width = np.hypot(y, x), 6 * size, 8 * size
    patterns = (
        lambda: y % period < period / 2,
        lambda: x % period < period / 2,
        lambda: (x + y) % period < period / 2,
        lambda: (y % period < period / 2) ^ (x % period < period / 2),
        lambda: radius < width,
        lambda: abs(radius - width) < 2,
        lambda: np.maximum(abs(y), abs(x)) < width,
        lambda: np.minimum(abs(y), abs(x)) < 2,
        lambda: radius % period < period / 2,
        lambda: y > 0,
    )
    return np.asarray(patterns[label]())
