"""Learning-rate schedules: one file each, and the one list."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from exporters.training.schedules.constant import Constant
from exporters.training.schedules.cosine import Cosine
from exporters.training.schedules.one_cycle import OneCycle
from exporters.training.schedules.plateau import Plateau
from exporters.training.schedules.schedule import Schedule
from exporters.training.settings import FitSettings

Make = Callable[[FitSettings, int], Schedule]
"""Takes the settings and the steps of an epoch."""


def _lowest(settings: FitSettings) -> float:
    return min(1.0, settings.floor / settings.learning_rate)


def _plateau(settings: FitSettings, steps: int) -> Schedule:
    return Plateau(settings.factor, settings.patience, _lowest(settings))


def _cosine(settings: FitSettings, steps: int) -> Schedule:
    total, warmup = (settings.epochs or 1) * steps, round(settings.warmup * steps)
    return Cosine(total, warmup, _lowest(settings))


def _one_cycle(settings: FitSettings, steps: int) -> Schedule:
    return OneCycle((settings.epochs or 1) * steps)


def _constant(settings: FitSettings, steps: int) -> Schedule:
    return Constant()


SCHEDULES: dict[str, Make] = {
    "plateau": _plateau,
    "cosine": _cosine,
    "one-cycle": _one_cycle,
    "constant": _constant,
}
"""Name -> the function that makes it."""

ENDLESS = frozenset({"plateau", "constant"})
"""Schedules that do not depend on the number of epochs."""


def make_schedule(settings: FitSettings, steps: int) -> Schedule:
    """Make the schedule of a training.

    Args:
        settings: name the schedule.
        steps: of one epoch.

    Raises:
        BadOption: there is no schedule of this name, or it cannot do without a number of epochs.
    """
    make = SCHEDULES.get(settings.schedule)
    if make is None:
        guess = meant(settings.schedule, SCHEDULES)
        raise BadOption(
            f"there is no schedule {settings.schedule}{guess}; use {', '.join(SCHEDULES)}"
        )
    if settings.epochs is None and settings.schedule != "plateau":
        raise BadOption(
            f"the schedule {settings.schedule} needs a number of epochs: only plateau can tell "
            "when a training has converged; give --epochs"
        )
    return make(settings, steps)
