"""The settings of a training: a recipe, and what the request says otherwise."""

import os
from dataclasses import replace
from typing import Any

from analyzer.evaluation.preprocess import check_channels
from analyzer.jobs.requests.train import TrainRequest
from analyzer.model import Preprocessing
from exporters.training.augmentation import Augmentation, Flips
from exporters.training.recipes import FINE_TUNING, SMALL, Recipe
from exporters.training.settings import FitSettings

FIELDS = {
    "lr": "learning_rate",
    "min_lr": "floor",
    **{n: n for n in ("epochs", "batch", "optimizer", "momentum", "weight_decay", "schedule")},
    **{n: n for n in ("factor", "patience", "warmup", "clip_norm")},
}
"""Field of the request -> field of `FitSettings`, where the recipe has a say."""

MOST_THREADS = 16

USUAL_BATCH = 128
"""The rate of the recipe for small images is for batches of this size, and in proportion for
others (Goyal et al. 2017, arXiv:1706.02677)."""


def fit_settings(request: TrainRequest, recipe: Recipe, begins: bool) -> FitSettings:
    """The settings of the engine.

    Args:
        request: says what differs from the recipe.
        recipe: says the rest.
        begins: True if the network begins with random weights.
    """
    values: dict[str, Any] = dict(recipe.settings)
    if recipe is SMALL:
        begin = 1.0 if begins else FINE_TUNING
        values["learning_rate"] *= begin * (request.batch or USUAL_BATCH) / USUAL_BATCH
    if request.schedule == "plateau" and request.epochs is None:
        values.pop("epochs", None)  # it ends by itself
    given = {own: getattr(request, name) for name, own in FIELDS.items()}
    values |= {name: value for name, value in given.items() if value is not None}
    settings = FitSettings(
        **values,
        seed=request.seed,
        device=request.device,
        mixed=not request.full_precision,
        threads=_threads(request),
    )
    if request.min_lr is None:  # three reductions at the paper's settings
        settings = replace(settings, floor=settings.learning_rate / 1000)
    return settings


def _threads(request: TrainRequest) -> int:
    if request.threads is not None:
        return request.threads
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))


def augmentation(
    request: TrainRequest, recipe: Recipe, shape: tuple[int, int, int], stated: Preprocessing
) -> Augmentation:
    """The way from images to inputs.

    Args:
        request: says what differs from the recipe.
        recipe: says the rest.
        shape: C, H, W of the input.
        stated: how images become inputs without augmentation.

    Raises:
        DataMismatch: means or deviations are not one for all channels, nor one for each.
    """
    check_channels(stated, shape[0])
    pad = recipe.pad if request.pad is None else request.pad
    return Augmentation(shape, stated, pad, Flips(request.flips or recipe.flips))
