"""Training of a small image classifier, one checkpoint per epoch, resumable, deterministic.

Stochastic gradient descent with Nesterov momentum, a one-cycle learning rate (Smith and Topin,
arXiv:1708.07120), label smoothing, and the usual random crop and mirror image.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn

    from exporters.datasets.images import LabelledImages

PADDING = 4
"""Pixels by which a random crop may be shifted each way."""


@dataclass(frozen=True)
class Recipe:
    """The settings of a training.

    Attributes:
        epochs: Passes over the training images; the learning rate ends near 0 after the last.
        batch: Images per step.
        learning_rate: The peak of the cycle.
        weight_decay: On all weights.
        smoothing: Share of the label that is spread over all classes.
        seed: Of initialization, order, crops and mirrors.
        mean: Per channel, of pixels scaled to 0..1.
        std: Likewise.
    """

    epochs: int
    batch: int = 128
    learning_rate: float = 0.2
    weight_decay: float = 5e-4
    smoothing: float = 0.05
    seed: int = 0
    mean: tuple[float, ...] = (0.4914, 0.4822, 0.4465)
    std: tuple[float, ...] = (0.247, 0.2435, 0.2616)


def train(
    build: Callable[[], nn.Module],
    images: LabelledImages,
    recipe: Recipe,
    scratch: Path,
    tell: Callable[[str], None],
) -> nn.Module:
    """Train a network, going on from the last checkpoint in ``scratch`` if there is one.

    Args:
        build: Makes the untrained network, float32 (N, C, H, W) to float32 (N, classes).
        images: The training images.
        recipe: The settings; a checkpoint of another recipe or of other images is refused.
        scratch: Folder for ``checkpoint.pt``, which is replaced after every epoch.
        tell: Hears one line per epoch.

    Returns:
        The network after the last epoch, in evaluation mode, without gradients.

    Raises:
        ValueError: The checkpoint belongs to another training.
    """
    import torch

    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)  # sums in a fixed order
    torch.use_deterministic_algorithms(True)
    network = build().to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]
    steps = len(images.labels) // recipe.batch
    optimizer = torch.optim.SGD(
        network.parameters(), 1.0, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.epochs * steps
    )
    state = _State(network, optimizer, schedule, f"{recipe} {images.sha256}")
    for epoch in range(state.load(scratch), recipe.epochs):
        loss = _epoch(network, images, recipe, epoch, state)
        state.save(scratch, epoch + 1)
        tell(f"epoch {epoch + 1} of {recipe.epochs}: mean loss {loss:.4f}")
    return network.to(memory_format=torch.contiguous_format).eval().requires_grad_(False)  # type: ignore[call-overload, no-any-return, unused-ignore]


@dataclass(frozen=True)
class _State:
    """All that changes while training, and the training that it belongs to."""

    network: Any
    optimizer: Any
    schedule: Any
    belongs_to: str

    def load(self, scratch: Path) -> int:
        """Take over the checkpoint; the number of epochs that are done is returned."""
        import torch

        path = scratch / "checkpoint.pt"
        if not path.exists():
            return 0
        found = torch.load(path, weights_only=True)
        if found["belongs_to"] != self.belongs_to:
            raise ValueError(f"{path} belongs to another training; name another scratch folder")
        for name in ("network", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(found[name])
        return int(found["epochs"])

    def save(self, scratch: Path, epochs: int) -> None:
        """Replace the checkpoint at one stroke.

        Args:
            scratch: folder of the checkpoint.
            epochs: number of epochs that are done.
        """
        import torch

        scratch.mkdir(parents=True, exist_ok=True)
        parts = {n: getattr(self, n).state_dict() for n in ("network", "optimizer", "schedule")}
        torch.save(
            {"epochs": epochs, "belongs_to": self.belongs_to, **parts}, scratch / "checkpoint.new"
        )
        os.replace(scratch / "checkpoint.new", scratch / "checkpoint.pt")


def _epoch(
    network: nn.Module, images: LabelledImages, recipe: Recipe, epoch: int, state: _State
) -> float:
    """One pass over all images in a new order; returns the mean loss."""
    import torch

    # A function of seed and epoch alone, so that a resumed training takes the same way.
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
    pixels, labels = torch.from_numpy(images.pixels), torch.from_numpy(images.labels)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    steps = len(labels) // recipe.batch  # the incomplete last batch is dropped
    order = torch.randperm(len(labels), generator=generator)[: steps * recipe.batch]
    total = 0.0
    network.train()
    for rows in order.reshape(steps, recipe.batch):
        state.optimizer.zero_grad()
        loss = loss_of(network(augment(pixels[rows], recipe, generator)), labels[rows])
        loss.backward()
        state.optimizer.step()
        state.schedule.step()
        total += loss.item()
    return total / steps


def normalize(pixels: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Turn pixels into network input.

    Args:
        pixels: uint8 (N, H, W, C).
        recipe: Its mean and standard deviation are used.

    Returns:
        float32 (N, C, H, W), in channels-last memory order.
    """
    import torch

    scaled = pixels.permute(0, 3, 1, 2).float() / 255.0
    mean, std = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (recipe.mean, recipe.std))
    return (scaled - mean) / std


def augment(pixels: torch.Tensor, recipe: Recipe, generator: torch.Generator) -> torch.Tensor:
    """Shift every image by up to four pixels each way and mirror half of them.

    Args:
        pixels: uint8 (N, H, W, C).
        recipe: Its mean and standard deviation are used.
        generator: Of the random numbers.

    Returns:
        float32 (N, C, H, W), normalized; what lies outside the image is the mean color.
    """
    import torch

    count, height, width, channels = pixels.shape
    padded = torch.zeros((count, channels, height + 2 * PADDING, width + 2 * PADDING))
    padded[:, :, PADDING:-PADDING, PADDING:-PADDING] = normalize(pixels, recipe)
    shifts = torch.randint(2 * PADDING + 1, (2, count, 1), generator=generator)
    rows, columns = shifts[0] + torch.arange(height), shifts[1] + torch.arange(width)
    mirrored = torch.rand((count, 1), generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    everyone = torch.arange(count)[:, None, None]
    # Advanced indices first: (N, H, W, C) in memory, which is channels-last.
    chosen = padded.permute(0, 2, 3, 1)[everyone, rows[:, :, None], columns[:, None, :]]
    return chosen.permute(0, 3, 1, 2)
