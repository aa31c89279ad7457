"""Quantization-aware training as an objective of the training engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.evaluation.sources import Image, ImageSource, Mask
from exporters.qat.agreement import Agreement, compare
from exporters.qat.network import make_network
from exporters.qat.prepare import Prepared, prepare
from exporters.qat.settings import QatSettings
from exporters.qat.written import written
from exporters.torch.torch_model import Shape
from exporters.training.objective import (
    Batch,
    Better,
    MaskedObjective,
    Objective,
    StepInfo,
)

if TYPE_CHECKING:
    import onnx
    import torch

NOTE = ("relcheck.quantization", "int8 qdq per-channel quantization-aware training")
"""Entry of the written file's metadata."""

CALIBRATION, BATCH = 512, 64
"""Training images whose ranges the training begins with, and how many are run at once."""


def quantization_aware(
    base: Objective,
    shape: Shape,
    metadata: Mapping[str, str],
    settings: QatSettings,
    images: ImageSource,
) -> QuantizationAware:
    """Make an objective quantization-aware.

    Args:
        base: for example classification; its network is replaced by the quantized one.
        shape: C, H, W of the network's input.
        metadata: entries of the written file.
        settings: beside those of any training.
        images: training images; the first ranges are those of some of them.

    Raises:
        BadNetwork: the network does not run on such an input.
        ExportFailed: it has no ONNX form.
        CannotQuantize: the quantizer, or the training, does not take it.
    """
    prepared = prepare(
        base.network,
        shape,
        metadata,
        reduce_range=settings.reduce_range,
        averaging=settings.averaging,
    )
    network = make_network(prepared)
    network.calibrate(_first_batches(base, images))
    if isinstance(base, MaskedObjective):
        return MaskedQuantizationAware(base, network, prepared, settings)
    return QuantizationAware(base, network, prepared, settings)


def _first_batches(base: Objective, images: ImageSource) -> Iterator[torch.Tensor]:
    """Views of images that are spread evenly over the source."""
    import torch

    count = min(CALIBRATION, len(images))
    rows = [row * len(images) // count for row in range(count)]
    for start in range(0, count, BATCH):
        chosen = rows[start : start + BATCH]
        views = [base.views(images.image(row), np.random.default_rng(row))[0] for row in chosen]
        yield torch.stack(views)


class QuantizationAware:
    """Another objective, on the quantized form of its network.

    Views, loss and figures stay those of the other objective. In its `evaluate` the network
    computes on integers, as the written file will.
    """

    def __init__(
        self, base: Objective, network: Any, prepared: Prepared, settings: QatSettings
    ) -> None:
        """Give an objective another network; `quantization_aware` makes it.

        Args:
            base: for example classification; its network is replaced.
            network: of `exporters.qat.network.make_network`, made of the one that it had.
            prepared: what the network was made of.
            settings: when BatchNorm and ranges are frozen.
        """
        base.network = network
        self._base, self._prepared, self.settings = base, prepared, settings
        self.network = network
        self.better: Mapping[str, Better] = base.better
        self.identity: Mapping[str, str] = {**base.identity, **settings.identity()}

    def parameters(self) -> Iterable[Any]:
        """Tensors that the optimizer changes."""
        return self._base.parameters()

    def views(self, image: Image, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """As in `Objective`: the other objective's."""
        return self._base.views(image, rng)

    def loss(self, batch: Batch, step: StepInfo) -> torch.Tensor:
        """As in `Objective`: the other objective's; what is due is frozen before."""
        if not step.step and self.settings.batchnorm_epochs:
            self.network.restart_ranges()
        if step.epoch >= self.settings.batchnorm_epochs:
            self.network.freeze_batchnorm()
        if step.epoch >= self.settings.range_epochs:
            self.network.freeze_ranges()
        return self._base.loss(batch, step)

    def after_step(self, step: StepInfo) -> None:
        """Whatever the other objective does."""
        self._base.after_step(step)

    def evaluate(self, source: ImageSource) -> Mapping[str, float]:
        """Figures of the integer network."""
        return self._base.evaluate(source)

    def model(self) -> onnx.ModelProto:
        """The int8 QDQ model of the network as it is now."""
        model = written(self.network, self._prepared)
        model.metadata_props.add(key=NOTE[0], value=NOTE[1])
        return model

    def agreement(self, model: onnx.ModelProto, source: ImageSource) -> Agreement:
        """Compare the network with its file, image by image.

        Args:
            model: of `model`.
            source: images, one or more.

        Raises:
            CannotQuantize: ONNX Runtime cannot run the file.
        """
        return compare(self.network, model, lambda: self._base.evaluate(source))


class MaskedQuantizationAware(QuantizationAware):
    """The same for objectives whose images have a class for each pixel."""

    _base: MaskedObjective

    def masked_views(
        self, image: Image, mask: Mask, rng: np.random.Generator
    ) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """As in `MaskedObjective`: the other objective's."""
        return self._base.masked_views(image, mask, rng)
