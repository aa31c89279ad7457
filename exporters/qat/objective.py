"""Quantization-aware training as an objective of the training engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.evaluation.sources import Image, ImageSource
from exporters.qat.settings import QatSettings
from exporters.training.objective import Batch, Better, Objective, StepInfo

if TYPE_CHECKING:
    import torch


class QuantizationAware:
    """Another objective, on the quantized form of its network.

    Views, loss and figures stay those of the other objective. In its `evaluate` the network
    computes on integers, as the written file will.
    """

    def __init__(self, base: Objective, network: Any, settings: QatSettings) -> None:
        """Give an objective another network.

        Args:
            base: for example classification; its network is replaced.
            network: of `exporters.qat.network.make_network`, made of the one that it had.
            settings: when BatchNorm and ranges are frozen.
        """
        base.network = network
        self._base, self._settings = base, settings
        self.network = network
        self.better: Mapping[str, Better] = base.better
        self.identity: Mapping[str, str] = {**base.identity, **settings.identity()}

    def parameters(self) -> Iterable[Any]:
        """Tensors that the optimizer changes."""
        return self._base.parameters()

    def views(self, image: Image, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """Views of the other objective."""
        return self._base.views(image, rng)

    def loss(self, batch: Batch, step: StepInfo) -> torch.Tensor:
        """The other objective's loss; what is due is frozen before."""
        if step.epoch >= self._settings.batchnorm_epochs:
            self.network.freeze_batchnorm()
        if step.epoch >= self._settings.range_epochs:
            self.network.freeze_ranges()
        return self._base.loss(batch, step)

    def after_step(self, step: StepInfo) -> None:
        """Whatever the other objective does."""
        self._base.after_step(step)

    def evaluate(self, source: ImageSource) -> Mapping[str, float]:
        """Figures of the integer network."""
        return self._base.evaluate(source)
