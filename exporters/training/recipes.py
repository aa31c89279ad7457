"""Settings that are used where the user says nothing: the paper's, and others for small images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from exporters.training.augmentation import Flips

SMALL_SIDE = 64
"""Inputs up to so many pixels are small: their networks are trained from scratch, at high rates."""

FINE_TUNING = 0.1
"""Share of the learning rate of the recipe for small images where weights are loaded."""


@dataclass(frozen=True)
class Recipe:
    """One set of defaults.

    Attributes:
        name: For people and reports.
        source: The place that it comes from.
        settings: Fields of `exporters.training.settings.FitSettings` by name.
        smoothing: Share of the label that is spread over all classes.
        pad: Pixels around the image before a random part is taken.
        flips: Directions.
    """

    name: str
    source: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    smoothing: float = 0.0
    pad: int = 0
    flips: Flips = Flips.HORIZONTAL


PAPER = Recipe("paper", "Milazzo et al. 2025, section IV-C")
"""RAdam, 128 images, rate 1e-3, a tenth on each plateau with patience 5, until convergence: the
defaults of `FitSettings`."""

SMALL = Recipe(
    "small",
    "models/README.md",
    {
        "epochs": 40,
        "optimizer": "nesterov",
        "learning_rate": 0.2,
        "weight_decay": 5e-4,
        "schedule": "one-cycle",
    },
    smoothing=0.05,
    pad=4,
)
"""The recipe of the CIFAR-10 networks in ``models/``, with more epochs."""

RECIPES = {recipe.name: recipe for recipe in (PAPER, SMALL)}


def find_recipe(name: str | None, shape: tuple[int, int, int]) -> Recipe:
    """The recipe of a name; without one, by the size of the input.

    Args:
        name: one of `RECIPES`; None: small for inputs up to 64 pixels, else the paper's.
        shape: C, H, W of the input.

    Raises:
        BadOption: there is no recipe of this name.
    """
    if name is None:
        return SMALL if max(shape[1:]) <= SMALL_SIDE else PAPER
    if name not in RECIPES:
        raise BadOption(
            f"--recipe {name} is unknown{meant(name, RECIPES)}; use {' or '.join(RECIPES)}"
        )
    return RECIPES[name]
