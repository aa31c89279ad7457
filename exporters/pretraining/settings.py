"""The settings of a pretraining: those of the method's paper, but for what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporters.pretraining.methods.method import Method
from exporters.training.settings import FitSettings

REFERENCE_BATCH = 256
"""Learning rates of the papers are those of this batch (Goyal et al. 2017, arXiv:1706.02677)."""

STEPS, LEAST_BATCH = 32, 32
"""Steps of an epoch that a smaller batch makes possible, down to this one."""


def batch_for(images: int, paper: int) -> int:
    """The paper's batch; of few images a half, a quarter, ... that leaves 32 steps per epoch.

    Args:
        images: number of training images.
        paper: the batch of the paper.

    >>> batch_for(50_000, 512), batch_for(3_600, 512), batch_for(100, 256)
    (512, 64, 32)
    """
    batch = paper
    while images // batch < STEPS and batch > LEAST_BATCH:
        batch //= 2
    return batch


def settings_for(method: Method, images: int, given: Mapping[str, Any]) -> FitSettings:
    """The settings of one pretraining.

    Args:
        method: names those of its paper.
        images: number of training images.
        given: fields of `FitSettings` that were asked for; None counts as not asked for.
    """
    paper, asked = dict(method.paper), {k: v for k, v in given.items() if v is not None}
    batch = asked.get("batch") or batch_for(images, paper["batch"])
    epochs = asked.get("epochs") or paper["epochs"]
    rate = paper["learning_rate"] * batch / REFERENCE_BATCH
    warmup = paper.get("warmup", 0.0) * epochs / paper["epochs"]
    scaled = {"batch": batch, "epochs": epochs, "learning_rate": rate, "warmup": warmup}
    return FitSettings(**{**paper, **scaled, "floor": 0.0, "keep": "last", **asked})
