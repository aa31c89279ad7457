"""The seam of the training engine: what is trained, as `exporters.training.loop.fit` sees it.

Classification, quantization-aware training, segmentation and self-supervised pretraining are one
objective each. The engine owns the rest: batches, optimizer, schedule, mixed precision, log,
checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from analyzer.evaluation.sources import Image, ImageSource, Mask

if TYPE_CHECKING:
    import torch
    from torch import nn


class Better(StrEnum):
    """The direction in which a figure improves."""

    HIGHER = "max"
    LOWER = "min"

    def improves(self, new: float, old: float) -> bool:
        """True if one value of the figure is better than another, which equal ones are not.

        Args:
            new: a value.
            old: a value from before.

        >>> Better.HIGHER.improves(0.9, 0.8), Better.LOWER.improves(0.9, 0.9)
        (True, False)
        """
        return new > old if self is Better.HIGHER else new < old


@dataclass(frozen=True, slots=True)
class StepInfo:
    """The place of one step in the training.

    Attributes:
        epoch: From 0.
        step: From 0, counted through all epochs.
        steps: Steps of one epoch.
        epochs: Epochs of the whole training; None: until it converges.
    """

    epoch: int
    step: int
    steps: int
    epochs: int | None

    @property
    def share(self) -> float:
        """The part of the training that lies behind, in [0, 1); 0 if nobody knows its end.

        >>> StepInfo(epoch=1, step=5, steps=4, epochs=4).share
        0.3125
        """
        return 0.0 if self.epochs is None else self.step / (self.steps * self.epochs)


@dataclass(frozen=True, slots=True)
class Batch:
    """The images of one step, on the device of the training.

    Attributes:
        views: One tensor for each view of `Objective.views`, each (n, ...).
        labels: int64 (n,), classes; None: the source has none.
        masks: int64 (n, rows, columns), the class of each pixel; None unless the objective is a
            `MaskedObjective`.
        rows: int64 (n,), numbers of the images in the source; stays on the CPU.
    """

    views: tuple[torch.Tensor, ...]
    labels: torch.Tensor | None
    masks: torch.Tensor | None
    rows: torch.Tensor


@runtime_checkable
class Objective(Protocol):
    """A network and what it is trained for.

    Attributes:
        network: All weights and all other state: a teacher, heads, queues and centres as buffers.
            Its ``state_dict`` is what a checkpoint keeps, and what `fit` leaves in it is the best
            (or last) epoch's.
        better: Direction of each figure of `evaluate`.
        identity: Settings that decide the result, by name: a checkpoint of others is refused. An
            objective that reads `StepInfo.share` has the number of epochs among them.
    """

    network: nn.Module
    better: Mapping[str, Better]
    identity: Mapping[str, str]

    def parameters(self) -> Iterable[Any]:
        """Tensors that the optimizer changes, or groups of them as torch's optimizers take them.

        A group with ``lr`` has a rate of its own, scheduled alike; with ``"fixed_lr": True`` the
        schedule leaves its rate alone.
        """

    def views(self, image: Image, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """Augmented forms of one image, each of the same shape for all images.

        It is called in threads, and must be a pure function of its arguments.

        Args:
            image: (rows, columns, channels), as the source stores it.
            rng: of the random numbers, of this image and epoch alone.
        """

    def loss(self, batch: Batch, step: StepInfo) -> torch.Tensor:
        """The mean loss of a batch, a scalar; the network is in training mode.

        Args:
            batch: on the device of the network. On a GPU the call runs under autocast.
            step: its place in the training.
        """

    def after_step(self, step: StepInfo) -> None:
        """Follow the optimizer's step: a teacher that is a moving average, for example.

        Args:
            step: the one that has just been done.
        """

    def evaluate(self, source: ImageSource) -> Mapping[str, float]:
        """Figures of the network, which is in evaluation mode.

        The first decides which epoch is best, among equal ones the next. A figure named ``loss``,
        if there is one, is what a plateau is found in; else it is the first.

        Args:
            source: validation images.
        """


@runtime_checkable
class MaskedObjective(Objective, Protocol):
    """An objective whose images have a class for each pixel, cropped and mirrored with them."""

    def masked_views(
        self, image: Image, mask: Mask, rng: np.random.Generator
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """Views as `Objective.views` makes them, and the mask of the first: int64 (rows, columns).

        Args:
            image: as of `Objective.views`.
            mask: uint8 (rows, columns), 255 for no class.
            rng: as of `Objective.views`.
        """
