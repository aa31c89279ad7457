"""The optimizers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from exporters.torch.optional_package import need
from exporters.training.settings import FitSettings

if TYPE_CHECKING:
    import torch

Make = Callable[[Any, Any, FitSettings], Any]
"""Takes ``torch.optim``, the parameters and the settings; returns the optimizer."""


def _nesterov(optim: Any, parameters: Any, settings: FitSettings) -> Any:
    return optim.SGD(
        parameters,
        settings.learning_rate,
        momentum=settings.momentum,
        nesterov=settings.momentum > 0,
        weight_decay=settings.weight_decay,
    )


def _sgd(optim: Any, parameters: Any, settings: FitSettings) -> Any:
    return optim.SGD(
        parameters,
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )


def _radam(optim: Any, parameters: Any, settings: FitSettings) -> Any:
    return optim.RAdam(parameters, settings.learning_rate, weight_decay=settings.weight_decay)


def _adam(optim: Any, parameters: Any, settings: FitSettings) -> Any:
    return optim.Adam(parameters, settings.learning_rate, weight_decay=settings.weight_decay)


def _adamw(optim: Any, parameters: Any, settings: FitSettings) -> Any:
    return optim.AdamW(parameters, settings.learning_rate, weight_decay=settings.weight_decay)


OPTIMIZERS: dict[str, Make] = {
    "radam": _radam,  # Liu et al. 2020, arXiv:1908.03265
    "sgd": _sgd,
    "nesterov": _nesterov,
    "adam": _adam,
    "adamw": _adamw,
}
"""Name -> the function that makes it."""


def make_optimizer(parameters: Iterable[Any], settings: FitSettings) -> torch.optim.Optimizer:
    """Make the optimizer of a training; each group keeps its rate as ``base_lr``.

    Args:
        parameters: as `exporters.training.objective.Objective.parameters` gives them.
        settings: name the optimizer.

    Raises:
        BadOption: there is no optimizer of this name.
    """
    make = OPTIMIZERS.get(settings.optimizer)
    if make is None:
        guess = meant(settings.optimizer, OPTIMIZERS)
        raise BadOption(
            f"there is no optimizer {settings.optimizer}{guess}; use {', '.join(OPTIMIZERS)}"
        )
    optimizer: torch.optim.Optimizer = make(need("torch").optim, list(parameters), settings)
    for group in optimizer.param_groups:
        group.setdefault("base_lr", group["lr"])
        group.setdefault("base_decay", group["weight_decay"])
    return optimizer
