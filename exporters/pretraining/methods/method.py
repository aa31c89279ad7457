"""The protocol of pretraining methods: settings, views, and a learner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    import torch
    from torch import nn

    from exporters.pretraining.encoder import Encoder
    from exporters.pretraining.views.view import View
    from exporters.training.objective import StepInfo


SIZE = (0, 1_000_000)
"""Limits of sizes; 0 stands for the usual one."""

TEMPERATURE = (1e-3, 100.0)
"""Limits of temperatures, which divide."""


class Learner(Protocol):
    """The networks of a method and its loss.

    Attributes:
        network: All weights and buffers of the method.
        backbone: The part that is kept, from (n, C, H, W) to (n, features).
    """

    network: nn.Module
    backbone: nn.Module

    def parameters(self) -> list[Any]:
        """As in `exporters.training.objective.Objective`."""

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """The embeddings that the loss compares.

        Args:
            features: (n, features), of `backbone`.

        Returns:
            (n, d).
        """

    def loss(self, views: tuple[torch.Tensor, ...], step: StepInfo) -> torch.Tensor:
        """The mean loss of a batch.

        Args:
            views: each (n, C, H, W), in the order of `Method.views`.
            step: its place in the training.
        """

    def after_step(self, step: StepInfo) -> None:
        """Follow the optimizer's step.

        Args:
            step: the one that has just been done.
        """


class Method(Protocol):
    """A method. Its fields are what ``--method NAME:field=value,field=value`` sets.

    A size of 0 stands for that of the paper, or for a smaller one if the network is small.
    """

    name: ClassVar[str]
    source: ClassVar[str]
    """The paper."""
    paper: ClassVar[Mapping[str, Any]]
    """Settings of `exporters.training.settings.FitSettings` of the paper; ``learning_rate`` is that
    of a batch of 256, and grows in proportion to the batch."""

    limits: ClassVar[Mapping[str, tuple[float, float]]]
    """Least and largest value of each field that is a number."""

    notes: ClassVar[tuple[str, ...]]
    """Differences from the paper that a user should know of."""

    def views(self, side: int) -> tuple[View, ...]:
        """The views of one image.

        Args:
            side: of the (global) crops, in pixels.
        """

    def sized(self, small: bool) -> Self:
        """The method with a size in place of each 0.

        Args:
            small: the network is small.
        """

    def learner(self, encoder: Encoder, seed: int) -> Learner:
        """Build the networks, with torch's random numbers.

        Args:
            encoder: the network that is pretrained; becomes part of the learner.
            seed: of random numbers that the loss draws.
        """
