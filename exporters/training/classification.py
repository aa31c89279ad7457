"""Classification: the cross entropy of one view of each image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.errors import BadData
from analyzer.evaluation.sources import Image, ImageSource
from exporters.torch.optional_package import need
from exporters.training.augmentation import Augmentation
from exporters.training.batches import in_order
from exporters.training.objective import Batch, Better, StepInfo

if TYPE_CHECKING:
    import torch
    from torch import nn


class Classification:
    """A classification network, and the way from images to its inputs."""

    def __init__(
        self,
        network: nn.Module,
        augmentation: Augmentation,
        identity: Mapping[str, str],
        *,
        smoothing: float = 0.0,
        batch: int = 128,
        threads: int = 0,
    ) -> None:
        """Keep what is needed.

        Args:
            network: from float32 (n, C, H, W) to float32 (n, classes).
            augmentation: from images to inputs.
            identity: settings of the network by name, as of `Objective.identity`.
            smoothing: share of the label that is spread over all classes, in [0, 1).
            batch: images per run in the evaluation.
            threads: that prepare images in the evaluation.
        """
        self.network: nn.Module = network
        self.better: Mapping[str, Better] = {"top1": Better.HIGHER, "loss": Better.LOWER}
        preparation = augmentation.preprocessing
        self.identity: Mapping[str, str] = {
            **identity,
            "input": "x".join(map(str, augmentation.shape)),
            "augmentation": augmentation.words(),
            "scale": repr(preparation.scale),
            "mean and deviation": f"{preparation.mean} {preparation.std}",
            "label smoothing": str(smoothing),
        }
        self._augmentation, self._smoothing = augmentation, smoothing
        self._batch, self._threads = batch, threads

    def parameters(self) -> Iterable[Any]:
        """As in `Objective`."""
        return [p for p in self.network.parameters() if p.requires_grad]

    def views(self, image: Image, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """As in `Objective`."""
        return (self._augmentation.augmented(image, rng),)

    def loss(self, batch: Batch, step: StepInfo) -> torch.Tensor:
        """As in `Objective`."""
        answers = self.network(batch.views[0])
        loss: torch.Tensor = need("torch").nn.functional.cross_entropy(
            answers, batch.labels, label_smoothing=self._smoothing
        )
        return loss

    def after_step(self, step: StepInfo) -> None:
        """As in `Objective`: nothing follows."""

    def evaluate(self, source: ImageSource) -> Mapping[str, float]:
        """As in `Objective`: top-1 accuracy in [0, 1], and the mean cross entropy.

        Args:
            source: images with a class each.
        """
        torch, device = need("torch"), next(self.network.parameters()).device
        right, loss, classes = 0, 0.0, labels_of(source)
        for rows, inputs in in_order(source, self._prepared(source), self._batch, self._threads):
            labels = torch.from_numpy(classes[rows]).to(device)
            answers = self.network(torch.stack(inputs).to(device)).float()
            right += int((answers.argmax(1) == labels).sum())
            loss += float(torch.nn.functional.cross_entropy(answers, labels, reduction="sum"))
        return {"top1": right / len(source), "loss": loss / len(source)}

    def _prepared(self, source: ImageSource) -> Any:
        return lambda row: self._augmentation.plain(source.image(row))


def labels_of(source: ImageSource) -> Any:
    """The classes of a source's images, int64 (n,).

    Raises:
        BadData: it has none: nothing to learn.
    """
    if source.labels is None:
        raise BadData(f"the images of {source.name} have no classes to learn")
    return source.labels
