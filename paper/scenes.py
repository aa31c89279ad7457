"""Made scenes with a class for each pixel, so that segmentation can be studied without data.

    python -m paper.scenes --out FOLDER

They look a little like land cover from above: regions with smooth borders, roads, five classes.
Forest and field have the same colors and differ in texture, every scene has a light of its own, and
noise lies over all of it. They are no measurement of anything on Earth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

CLASSES = ("water", "forest", "field", "town", "road")
SIDE = 32
PARTS = {"train": (1, 1000), "validation": (2, 200), "test": (3, 200)}
"""Name -> seed and number of scenes."""

COLORS = np.array(
    [(60, 80, 120), (80, 110, 70), (80, 110, 70), (130, 110, 110), (120, 115, 110)], np.float64
)
"""Mean color of each class; those of forest and field are alike."""

LIGHT, NOISE = 18.0, 14.0
"""Standard deviations of a scene's own color and of each pixel's."""

Pixels = npt.NDArray[np.uint8]


def _smooth(rng: np.random.Generator, cells: int) -> npt.NDArray[np.float64]:
    """A random field, (SIDE, SIDE): a coarse grid of normal numbers, between them cubic."""
    grid = rng.standard_normal((cells, cells)).astype(np.float32)
    large = Image.fromarray(grid).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float64)


def make_scene(rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """One scene.

    Args:
        rng: of all of it.

    Returns:
        Pixels uint8 (32, 32, 3), and the class of each, uint8 (32, 32), a number of `CLASSES`.
    """
    regions = np.stack([_smooth(rng, 5) for _ in CLASSES[:-1]])
    classes = regions.argmax(axis=0).astype(np.uint8)
    bend = _smooth(rng, 4)
    classes[np.abs(bend - np.median(bend)) < 0.06] = len(CLASSES) - 1
    rows, columns = np.mgrid[:SIDE, :SIDE]
    angle = rng.uniform(0, np.pi)
    stripes = np.sin(1.6 * (np.cos(angle) * rows + np.sin(angle) * columns))
    blocks = rng.standard_normal((SIDE // 2, SIDE // 2)).repeat(2, 0).repeat(2, 1)
    textures = np.stack(
        [
            3 * _smooth(rng, 8),
            18 * rng.standard_normal((SIDE, SIDE)),
            18 * stripes,
            20 * blocks,
            np.zeros((SIDE, SIDE)),
        ]
    )
    texture = np.take_along_axis(textures, classes[None], 0)[0]
    light = rng.normal(0.0, LIGHT) + rng.normal(0.0, LIGHT / 3, 3)
    noise = rng.normal(0.0, NOISE, (SIDE, SIDE, 3))
    pixels = COLORS[classes] + texture[..., None] + light + noise
    return np.clip(pixels, 0, 255).astype(np.uint8), classes


def make_scenes(seed: int, count: int) -> tuple[Pixels, Pixels]:
    """Scenes, uint8 (count, 32, 32, 3), and their classes, uint8 (count, 32, 32).

    Args:
        seed: of all of them; each scene depends on it and on its own number alone.
        count: of scenes.
    """
    made = [make_scene(np.random.default_rng([seed, number])) for number in range(count)]
    pixels, classes = zip(*made, strict=True)
    return np.stack(pixels), np.stack(classes)


def write_scenes(out: Path, parts: dict[str, tuple[int, int]]) -> None:
    """Write ``PART.npz`` with scenes and classes, and ``train-images.npz`` without.

    Args:
        out: folder, made where it is not there.
        parts: name -> seed and number of scenes.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, (seed, count) in parts.items():
        pixels, classes = make_scenes(seed, count)
        np.savez_compressed(out / f"{name}.npz", images=pixels, labels=classes)
        if name == "train":
            np.savez_compressed(out / "train-images.npz", images=pixels)


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="a tenth of the scenes")
    asked = parser.parse_args()
    share = 10 if asked.quick else 1
    write_scenes(asked.out, {name: (seed, n // share) for name, (seed, n) in PARTS.items()})


if __name__ == "__main__":
    main()
