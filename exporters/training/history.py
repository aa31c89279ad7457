"""The epochs that are done, and which of them is the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from exporters.training.objective import Better


@dataclass(frozen=True, slots=True)
class EpochFigures:
    """One epoch in figures.

    Attributes:
        epoch: From 1.
        loss: Mean of the training loss.
        learning_rate: At its last step.
        validation: Figures of the objective on the validation images; empty without.
        best: True if no epoch before was better.
        seconds: Wall time of it, validation included.
        cpu_seconds: CPU time likewise.
    """

    epoch: int
    loss: float
    learning_rate: float
    validation: Mapping[str, float]
    best: bool
    seconds: float
    cpu_seconds: float

    @property
    def watched(self) -> str:
        """The figure in which a plateau is found: ``loss`` if there is one."""
        return "loss" if "loss" in self.validation else next(iter(self.validation), "loss")

    def watched_value(self, better: Mapping[str, Better]) -> float:
        """The watched figure, turned so that lower is better; without validation, the loss.

        Args:
            better: direction by figure.
        """
        if not self.validation:
            return self.loss
        value = self.validation[self.watched]
        return -value if better[self.watched] is Better.HIGHER else value

    def as_plain(self) -> dict[str, Any]:
        """The record in plain containers, for a checkpoint."""
        return {**asdict(self), "validation": dict(self.validation)}


def best_of(history: Sequence[EpochFigures]) -> EpochFigures:
    """The best epoch: the last that was better than all before; without validation, the last.

    Args:
        history: one epoch or more.
    """
    return [done for done in history if done.best][-1]


def is_best(
    validation: Mapping[str, float], better: Mapping[str, Better], history: Sequence[EpochFigures]
) -> bool:
    """True if an epoch is better than all before: by the first figure, among equals by the next.

    Args:
        validation: its figures; empty: nothing tells, and the latest counts.
        better: direction by figure.
        history: the epochs before.
    """
    if not validation or not history:
        return True
    before = best_of(history).validation
    for name, value in validation.items():
        if value != before[name]:
            return better[name].improves(value, before[name])
    return False
