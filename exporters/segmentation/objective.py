"""Segmentation: the cross entropy of the pixels of one view of each image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from analyzer.errors import BadData
from analyzer.evaluation.rules.pixel_scores import IGNORED, pixel_counts
from analyzer.evaluation.sources import Image, ImageSource, Mask, MaskedSource
from exporters.segmentation.joint_augmentation import JointAugmentation
from exporters.torch.optional_package import need
from exporters.training.augmentation import Augmentation
from exporters.training.batches import in_order
from exporters.training.objective import Batch, Better, StepInfo

if TYPE_CHECKING:
    import torch
    from torch import nn


class Segmentation:
    """A network that scores the classes of each pixel, and the way from images to its inputs.

    An image for a network of several inputs has the channels of all of them, one input after the
    other.
    """

    def __init__(
        self,
        network: nn.Module,
        classes: int,
        augmentation: Augmentation,
        identity: Mapping[str, str],
        *,
        batch: int = 16,
        threads: int = 0,
    ) -> None:
        """Keep what is needed.

        Args:
            network: from float32 (n, C, H, W) to float32 (n, classes, H, W). One with an attribute
                ``bands``, the channels of each of its inputs, takes so many tensors.
            classes: that it scores.
            augmentation: from images to inputs; masks follow.
            identity: settings of the network by name, as of `Objective.identity`.
            batch: images per run in the evaluation.
            threads: that prepare images in the evaluation.
        """
        self.network: nn.Module = network
        self.better: Mapping[str, Better] = {
            "miou": Better.HIGHER,
            "pixel_accuracy": Better.HIGHER,
            "loss": Better.LOWER,
        }
        preparation = augmentation.preprocessing
        self.identity: Mapping[str, str] = {
            **identity,
            "input": "x".join(map(str, augmentation.shape)),
            "classes": str(classes),
            "augmentation": augmentation.words(),
            "scale": repr(preparation.scale),
            "mean and deviation": f"{preparation.mean} {preparation.std}",
        }
        self._classes, self._joint = classes, JointAugmentation(augmentation)
        self._batch, self._threads = batch, threads
        self._bands: tuple[int, ...] = tuple(getattr(network, "bands", augmentation.shape[:1]))

    def parameters(self) -> Iterable[Any]:
        """As in `Objective`."""
        return [p for p in self.network.parameters() if p.requires_grad]

    def views(self, image: Image, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """As in `Objective`."""
        return (self._joint.images.augmented(image, rng),)

    def masked_views(
        self, image: Image, mask: Mask, rng: np.random.Generator
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """As in `MaskedObjective`.

        Args:
            image: (rows, columns, channels).
            mask: uint8 (rows, columns), 255 for no class.
            rng: of the random numbers.

        Raises:
            BadData: a class that the network does not score.
        """
        self._check(mask)
        view, classes = self._joint.augmented(image, mask, rng)
        return (view,), classes

    def loss(self, batch: Batch, step: StepInfo) -> torch.Tensor:
        """As in `Objective`: the mean over pixels that have a class."""
        assert batch.masks is not None, "a masked objective gets masks"
        return self._sum(self._scores(batch.views[0]), batch.masks) / self._counted(batch.masks)

    def after_step(self, step: StepInfo) -> None:
        """As in `Objective`: nothing follows."""

    def evaluate(self, source: ImageSource) -> Mapping[str, float]:
        """As in `Objective`: mIoU, accuracy and loss of the pixels of all images together.

        Args:
            source: images with a class for each pixel.

        Raises:
            BadData: no pixel has a class, or one that the network does not score.
        """
        torch, masked = need("torch"), cast(MaskedSource, source)
        device = next(self.network.parameters()).device
        counts, loss, pixels = None, 0.0, 0
        for rows, inputs in in_order(source, self._prepared(source), self._batch, self._threads):
            masks = np.stack([self._plain(masked.mask(int(row))) for row in rows])
            wanted = torch.from_numpy(masks.astype(np.int64)).to(device)
            scores = self._scores(torch.stack(inputs).to(device)).float()
            found = pixel_counts(scores.argmax(1).cpu().numpy(), masks, self._classes)
            counts = found if counts is None else counts + found
            loss += float(self._sum(scores, wanted).detach())
            pixels += int((masks != IGNORED).sum())
        if counts is None or not pixels:
            raise BadData(f"no pixel of {source.name} has a class to compare with")
        right = int(counts.both.sum()) / pixels
        return {"miou": counts.mean_iou, "pixel_accuracy": right, "loss": loss / pixels}

    def _scores(self, view: torch.Tensor) -> torch.Tensor:
        """The network's answer: float32 (n, classes, H, W)."""
        scores: torch.Tensor = self.network(*view.split(self._bands, dim=1))
        return scores

    def _sum(self, scores: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """The sum of the loss over all pixels that have a class."""
        total: torch.Tensor = need("torch").nn.functional.cross_entropy(
            scores, masks, ignore_index=IGNORED, reduction="sum"
        )
        return total

    def _counted(self, masks: torch.Tensor) -> torch.Tensor:
        """Pixels that have a class; 1 where none has, so that the loss is 0."""
        return (masks != IGNORED).sum().clamp(min=1)

    def _plain(self, mask: Mask) -> Mask:
        self._check(mask)
        return self._joint.plain(mask)

    def _check(self, mask: Mask) -> None:
        beyond = mask[(mask != IGNORED) & (mask >= self._classes)]
        if beyond.size:
            raise BadData(
                f"a mask has class {int(beyond.max())}, and the network scores {self._classes} "
                "classes from 0 on; say how many there are by --classes"
            )

    def _prepared(self, source: ImageSource) -> Any:
        return lambda row: self._joint.images.plain(source.image(row))
