"""The steps of one epoch: rates, loss, gradients, optimizer."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.errors import TrainingDiverged
from exporters.torch.optional_package import need
from exporters.training.batches import Batches
from exporters.training.devices import Device
from exporters.training.objective import Batch, StepInfo
from exporters.training.observer import TrainingObserver
from exporters.training.settings import FitSettings
from exporters.training.state import TrainingState, not_finite

if TYPE_CHECKING:
    import torch

CHECKED = 50
"""Steps after which losses are looked at: each look waits for a GPU to finish its work."""


def remedy(settings: FitSettings, device: Device) -> str:
    """The end of a sentence about a loss that is not finite.

    Args:
        settings: of the training.
        device: its precision may be the cause.
    """
    mixed = ", or calculate in full precision" if device.reduced else ""
    return f"lower the learning rate ({settings.learning_rate:g}) or clip gradients{mixed}"


@dataclass(frozen=True)
class Steps:
    """The steps of a training.

    Attributes:
        batches: Of the training images.
        state: Changes with each step.
        settings: Of the training.
        device: Where it is done.
        observer: Told of each step.
    """

    batches: Batches
    state: TrainingState
    settings: FitSettings
    device: Device
    observer: TrainingObserver

    def run(self, epoch: int) -> float:
        """All steps of an epoch; returns the mean loss.

        Args:
            epoch: from 0.

        Raises:
            TrainingDiverged: a loss or a weight is NaN or infinite.
            BadData: an image cannot be read.
        """
        torch, steps = need("torch"), self.batches.steps
        network = self.state.objective.network.train()
        total = torch.zeros((), dtype=torch.float64, device=self.device.name)
        batches = closing(self.batches.epoch(epoch, self.settings.threads))
        with batches as made, self.observer.count(steps, f"epoch {epoch + 1}") as told:
            for number, batch in enumerate(made):
                info = StepInfo(epoch, epoch * steps + number, steps, self.settings.epochs)
                total += self._step(self.device.moved(batch), info)
                if (number + 1) % CHECKED == 0 or number + 1 == steps:
                    self._check(float(total), info)
                told(number)
        if name := not_finite(network):
            raise TrainingDiverged(
                f"{name} holds NaN or infinity after epoch {epoch + 1}; "
                f"{remedy(self.settings, self.device)}"
            )
        return float(total) / steps

    def _step(self, batch: Batch, info: StepInfo) -> torch.Tensor:
        """One step; returns the loss."""
        optimizer, scaler = self.state.optimizer, self.state.scaler
        self._set_rates(info)
        optimizer.zero_grad(set_to_none=True)
        with self.device.autocast():
            loss = self.state.objective.loss(batch, info)
        scaler.scale(loss).backward()
        if self.settings.clip_norm is not None:
            scaler.unscale_(optimizer)
            changed = [p for group in optimizer.param_groups for p in group["params"]]
            need("torch").nn.utils.clip_grad_norm_(changed, self.settings.clip_norm)
        scaler.step(optimizer)
        scaler.update()
        self.state.objective.after_step(info)
        return loss.detach().double()

    def _set_rates(self, info: StepInfo) -> None:
        share, end = self.state.schedule.share(info.step), self.settings.weight_decay_end
        for group in self.state.optimizer.param_groups:
            if not group.get("fixed_lr"):
                group["lr"] = group["base_lr"] * share
            if end is not None and group["base_decay"]:
                fallen = 0.5 * (1.0 + math.cos(math.pi * info.share))
                group["weight_decay"] = end + (group["base_decay"] - end) * fallen

    def _check(self, total: float, info: StepInfo) -> None:
        """Refuse to go on with a loss that is NaN or infinite."""
        if math.isfinite(total):
            return
        number = info.step % info.steps + 1
        first = (number - 1) // CHECKED * CHECKED + 1
        raise TrainingDiverged(
            f"the loss became {total} in epoch {info.epoch + 1}, between steps {first} and "
            f"{number} of {info.steps}; {remedy(self.settings, self.device)}"
        )
