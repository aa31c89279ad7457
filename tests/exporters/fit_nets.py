"""A tiny objective for tests of the training engine: images to classes, with every feature."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from analyzer.evaluation.sources import ArraySource, Image, ImageSource
from exporters.training.objective import Batch, Better, StepInfo

SIDE, CLASSES = 8, 3


def images(count: int = 26, seed: int = 0, name: str = "tiny") -> ArraySource:
    """Random images whose brightest channel is their class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=count)
    pixels = rng.integers(128, size=(count, SIDE, SIDE, CLASSES), dtype=np.uint8)
    pixels[np.arange(count), :, :, labels] += 100
    return ArraySource(name, pixels, labels, f"{name} {seed} {count}")


class Tiny:
    """A convolution with BatchNorm and dropout, and a moving average of its weights as teacher."""

    def __init__(self, seed: int = 0) -> None:
        torch.manual_seed(seed)
        student = torch.nn.Sequential(
            torch.nn.Conv2d(CLASSES, 6, 3),
            torch.nn.BatchNorm2d(6),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.3),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(6, CLASSES),
        )
        self.network: Any = torch.nn.ModuleDict(
            {"student": student, "teacher": torch.nn.Linear(6, CLASSES)}
        )
        self.network["teacher"].requires_grad_(False)
        self.better: Mapping[str, Better] = {"top1": Better.HIGHER, "loss": Better.LOWER}
        self.identity: Mapping[str, str] = {"network": "tiny"}
        self.losses: list[float] = []

    def parameters(self) -> Iterable[Any]:
        student = self.network["student"]
        return [
            {"params": list(student[:-1].parameters())},
            {"params": list(student[-1].parameters()), "fixed_lr": True, "weight_decay": 0.0},
        ]

    def views(self, image: Image, rng: np.random.Generator) -> tuple[Any, ...]:
        noisy = image.astype(np.float32) / 255 + rng.normal(scale=0.05, size=image.shape)
        tensor = torch.from_numpy(noisy.astype(np.float32).transpose(2, 0, 1))
        return tensor, tensor.flip(2)

    def loss(self, batch: Batch, step: StepInfo) -> Any:
        student, cross = self.network["student"], torch.nn.functional.cross_entropy
        loss: Any = sum(cross(student(view), batch.labels) for view in batch.views)
        self.losses.append(loss.item())
        return loss

    def after_step(self, step: StepInfo) -> None:
        with torch.no_grad():
            own, last = self.network["teacher"], self.network["student"][-1]
            for old, new in zip(own.parameters(), last.parameters(), strict=True):
                old.lerp_(new, 0.1)

    def evaluate(self, source: ImageSource) -> Mapping[str, float]:
        assert not self.network.training
        assert source.labels is not None
        stack = np.stack([source.image(i) for i in range(len(source))])
        given = torch.from_numpy(stack.astype(np.float32).transpose(0, 3, 1, 2) / 255)
        answers, labels = self.network["student"](given), torch.from_numpy(source.labels)
        right = float((answers.argmax(1) == labels).double().mean())
        return {"top1": right, "loss": float(torch.nn.functional.cross_entropy(answers, labels))}
