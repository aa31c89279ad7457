"""A small tree of images whose class can be seen, and a network that learns it."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("blue", "green", "red")

NETS = '''
from torch import nn

def small(num_classes=4):
    """Learns colors."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, num_classes),
    )

def fixed():
    return small(7)

def pixels(num_classes=4):
    return nn.Conv2d(3, num_classes, 1)
'''


def write_tree(folder: Path, count: int = 12, seed: int = 0) -> Path:
    """Parts train and val, a folder for each class, images of several sizes.

    A quarter of the validation images looks like one of another class.
    """
    rng = np.random.default_rng(seed)
    for part in ("train", "val"):
        for name in CLASSES:
            place = folder / part / name
            place.mkdir(parents=True)
            for number in range(count):
                rows, columns = rng.integers(10, 20, size=2)
                image = rng.integers(0, 160, size=(rows, columns, 3), dtype=np.uint8)
                wrong = part == "val" and number % 4 == 3
                image[..., (CLASSES.index(name) + wrong) % 3] += 60
                Image.fromarray(image).save(place / f"{number}.png")
    return folder


def write_nets(folder: Path) -> Path:
    """A Python file with networks."""
    path = folder / "nets.py"
    path.write_text(NETS)
    return path
