"""All that changes while a network is trained, and how it is kept and taken up again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exporters.torch.optional_package import need
from exporters.training.checkpoint import Content
from exporters.training.history import EpochFigures
from exporters.training.objective import Objective
from exporters.training.schedules.schedule import Schedule

if TYPE_CHECKING:
    import torch

Weights = dict[str, Any]
"""A ``state_dict`` on the CPU."""


@dataclass
class TrainingState:
    """All that changes while a network is trained.

    Random numbers are no part of it: those of each epoch follow from its seed and number.

    Attributes:
        objective: Its network changes.
        optimizer: With its moments.
        schedule: With its memory.
        scaler: Of float16 losses.
        history: The epochs that are done.
        best: The network's state after the best of them.
    """

    objective: Objective
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    scaler: torch.amp.GradScaler
    history: list[EpochFigures] = field(default_factory=list)
    best: Weights = field(default_factory=dict)

    def add(self, done: EpochFigures) -> None:
        """One more epoch is done."""
        self.history.append(done)
        self.schedule.epoch_done(done.watched_value(self.objective.better))
        if done.best:
            self.best = copied(self.objective.network)

    def content(self) -> Content:
        """The state in plain containers and tensors."""
        latest = self.history and self.history[-1].best
        return {
            # The same tensors are written once.
            "network": self.best if latest else copied(self.objective.network),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "schedule": dict(self.schedule.state()),
            "scaler": self.scaler.state_dict(),
            "history": [done.as_plain() for done in self.history],
        }

    def restore(self, content: Content) -> None:
        """Take up what was kept."""
        self.objective.network.load_state_dict(content["network"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.schedule.restore(content["schedule"])
        self.scaler.load_state_dict(content["scaler"])
        self.history = [EpochFigures(**done) for done in content["history"]]
        self.best = content["best"]


def copied(network: torch.nn.Module) -> Weights:
    """A copy of a network's state in the CPU's memory, which training does not touch."""
    return {
        name: value.detach().to("cpu", copy=True) if hasattr(value, "detach") else value
        for name, value in network.state_dict().items()
    }


def not_finite(network: torch.nn.Module) -> str | None:
    """The name of a tensor with a NaN or an infinity; None if there is none.

    Buffers count, but for those of observers that begin with infinite ranges.
    """
    torch = need("torch")
    for name, value in [*network.named_parameters(), *network.named_buffers()]:
        if name.rpartition(".")[2] in ("min_val", "max_val", "eps"):
            continue
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            return str(name)
    return None
