"""Images in four kinds of pattern, a tiny network, and methods with tiny heads."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from analyzer.evaluation.sources import ArraySource
from analyzer.model import Preprocessing
from exporters.pretraining.methods import method_named
from exporters.pretraining.pretrain import Order, Pretrained, pretrain
from exporters.training.observer import TrainingObserver
from exporters.training.settings import FitSettings

SIDE, CLASSES = 12, 4
PREPARATION = Preprocessing("NCHW", mean=(0.5,), std=(0.25,))

TINY = {
    "simsiam": "simsiam:dim=16",
    "ssql": "ssql:dim=16",
    "swav": "swav:dim=8,hidden=16,prototypes=12,local=1,queue=24,queue_from=1",
    "dino": "dino:hidden=16,dim=8,out=24,local=1,momentum=0.9",
}


def images(count: int = 64, seed: int = 0, labelled: bool = True) -> ArraySource:
    """Noise over one of four patterns, which is the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=count)
    patterns = np.random.default_rng(99).integers(60, 200, size=(CLASSES, 4, 4, 3))
    pixels = patterns[labels].repeat(3, 1).repeat(3, 2) + rng.normal(0, 25, (count, SIDE, SIDE, 3))
    return ArraySource(
        "patterns",
        pixels.clip(0, 255).astype(np.uint8),
        labels if labelled else None,
        f"patterns {seed} {count} {labelled}",
    )


def network(seed: int = 0) -> Any:
    torch.manual_seed(seed)
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 1, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, CLASSES),
    )


def order(method: str, labelled: bool = True, count: int = 64, **changes: Any) -> Order:
    """An order of two epochs.

    Args:
        method: as ``--method`` takes it, or a name of ``TINY``.
        labelled: images have classes.
        count: training images.
        changes: settings of the engine.
    """
    settings: dict[str, Any] = {
        "epochs": 2,
        "batch": 16,
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "threads": 0,
        "schedule": "cosine",
        "keep": "last",
        "seed": 3,
        **changes,
    }
    return Order(
        network=network(),
        name="tiny.py:network",
        origin="random",
        method=method_named(TINY.get(method, method)),
        shape=(3, SIDE, SIDE),
        preparation=PREPARATION,
        training=images(count, 0, labelled),
        left_out=images(32, 1, labelled),
        settings=FitSettings(**settings),
    )


def run(what: Order, folder: Path | None = None, **told: Any) -> Pretrained:
    return pretrain(what, folder, TrainingObserver(**told))
