"""Pretraining as an objective of the training engine: a method, its views, and the monitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.evaluation.sources import ChosenImages, Image, ImageSource
from analyzer.model import Preprocessing
from exporters.pretraining.methods.method import Learner, Method
from exporters.pretraining.monitors.neighbours import neighbours_for, vote
from exporters.pretraining.monitors.spread import spread
from exporters.pretraining.pixels import network_input
from exporters.pretraining.views.draw import draw_view, whole_image
from exporters.torch.optional_package import need
from exporters.training.batches import in_order
from exporters.training.objective import Batch, Better, StepInfo

if TYPE_CHECKING:
    import torch
    from torch import nn

KNN, SPREAD, FEATURE_SPREAD = "knn", "spread", "feature_spread"
"""Figures of an epoch."""

BANK = 10_000
"""Training images among which neighbours are looked for, at most."""

EVALUATED = 256
"""Images that the monitors run at once."""


@dataclass(frozen=True)
class Measured:
    """Features of some images.

    Attributes:
        features: float32 (n, features), of the backbone.
        embeddings: float32 (n, d), of the projection behind it.
    """

    features: torch.Tensor
    embeddings: torch.Tensor


class Pretraining:
    """One method on one network. As in `Objective`.

    Evaluation measures features of images that are not trained on: the share that a vote of their
    nearest neighbours among training images gives the right class, and the spread of embeddings.
    """

    def __init__(
        self,
        method: Method,
        learner: Learner,
        shape: tuple[int, int, int],
        preparation: Preprocessing,
        training: ImageSource,
        *,
        identity: Mapping[str, str],
        seed: int,
        threads: int,
    ) -> None:
        """Put the parts together.

        Args:
            method: draws the views.
            learner: its networks.
            shape: channels, rows and columns of the global crops, which are square.
            preparation: turns pixels into inputs.
            training: images among which neighbours are looked for.
            identity: settings that decide the result, by name.
            seed: draws those images where there are more than ``BANK``.
            threads: that decode images for the monitors.
        """
        self.network: nn.Module = learner.network
        self.learner = learner
        self.bank = _bank(training, seed)
        names = ([] if self.bank is None else [KNN]) + [SPREAD, FEATURE_SPREAD]
        self.better: Mapping[str, Better] = dict.fromkeys(names, Better.HIGHER)
        self.identity: Mapping[str, str] = dict(identity)
        self._channels, self._side, _ = shape
        self._laws = method.views(self._side)
        self._preparation, self._threads = preparation, threads

    def parameters(self) -> list[Any]:
        """As in `Objective`."""
        return self.learner.parameters()

    def views(self, image: Image, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """As in `Objective`."""
        return tuple(self._input(draw_view(image, law, rng)) for law in self._laws)

    def _input(self, image: Image) -> torch.Tensor:
        return network_input(image, self._channels, self._preparation)

    def loss(self, batch: Batch, step: StepInfo) -> torch.Tensor:
        """As in `Objective`."""
        return self.learner.loss(batch.views, step)

    def after_step(self, step: StepInfo) -> None:
        """As in `Objective`."""
        self.learner.after_step(step)

    def evaluate(self, source: ImageSource) -> Mapping[str, float]:
        """As in `Objective`."""
        found = self.measure(source)
        spreads = {SPREAD: spread(found.embeddings), FEATURE_SPREAD: spread(found.features)}
        if self.bank is None:
            return spreads
        return {KNN: self._accuracy(found.features, source, self.bank), **spreads}

    def _accuracy(self, features: torch.Tensor, source: ImageSource, bank: ImageSource) -> float:
        torch = need("torch")
        assert bank.labels is not None
        assert source.labels is not None
        classes = int(max(bank.labels.max(), source.labels.max())) + 1
        known = torch.from_numpy(bank.labels).to(features.device)
        neighbours = neighbours_for(len(bank))
        found = vote(self.measure(bank).features, known, features, classes, neighbours)
        right = found.cpu() == torch.from_numpy(source.labels)
        return float(right.double().mean())

    def measure(self, source: ImageSource) -> Measured:
        """Features and embeddings of all images of a source, each as a whole.

        Args:
            source: one image or more.
        """
        torch = need("torch")
        device = next(self.network.parameters()).device
        features, embeddings = [], []
        prepared = in_order(
            source,
            lambda row: self._input(whole_image(source.image(row), self._side)),
            EVALUATED,
            self._threads,
        )
        with torch.no_grad():
            for _, images in prepared:
                found = self.learner.backbone(torch.stack(images).to(device))
                features.append(found.float())
                embeddings.append(self.learner.project(found).float())
        return Measured(torch.cat(features), torch.cat(embeddings))


def _bank(training: ImageSource, seed: int) -> ImageSource | None:
    """Images whose classes are known; None if none are."""
    if training.labels is None:
        return None
    if len(training) <= BANK:
        return training
    rows = np.random.default_rng([seed, BANK]).choice(len(training), BANK, replace=False)
    return ChosenImages(training, np.sort(rows).astype(np.int64))
