"""One pretraining: from a network and images to the content of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.evaluation.sources import ImageSource
from exporters.pretraining.encoder import Encoder, without_classifier
from exporters.pretraining.methods.method import Learner, Method
from exporters.pretraining.monitors.spread import COLLAPSED
from exporters.pretraining.objective import SPREAD, Pretraining
from exporters.pretraining.pixels import Standardization
from exporters.pretraining.views.view import View
from exporters.torch.optional_package import need
from exporters.torch.pretrained_file import pretrained_file
from exporters.training.history import EpochFigures
from exporters.training.loop import FitResult, fit
from exporters.training.observer import TrainingObserver
from exporters.training.settings import FitSettings

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Order:
    """All that one pretraining needs.

    Attributes:
        network: The whole network, with its classifier; it is changed.
        name: The network as ``relcheck train`` takes it.
        origin: The weights that it begins with, for people and for the identity of the training.
        method: The method.
        side: Of the (global) crops, in pixels.
        pixels: Turns images into inputs.
        training: Images that are trained on.
        left_out: Images that the monitors measure on.
        settings: Of the training engine.
    """

    network: nn.Module
    name: str
    origin: str
    method: Method
    side: int
    pixels: Standardization
    training: ImageSource
    left_out: ImageSource
    settings: FitSettings

    @property
    def views(self) -> tuple[View, ...]:
        """The views of each image."""
        return self.method.views(self.side)


@dataclass(frozen=True)
class Pretrained:
    """A finished pretraining.

    Attributes:
        content: Of the checkpoint, for ``torch.save``.
        result: Of the engine.
        encoder: The network without its classifier, as it was given to the method.
        parameters: Trained numbers of the backbone.
        bank: Images among which neighbours are looked for; 0: the images have no classes.
    """

    content: dict[str, Any]
    result: FitResult
    encoder: Encoder
    parameters: int
    bank: int

    @property
    def collapsed(self) -> bool:
        """True if the embeddings are nearly alike after the last epoch."""
        return has_collapsed(self.result.history[-1])


def has_collapsed(done: EpochFigures) -> bool:
    """True if embeddings of different images are nearly alike after an epoch."""
    return done.validation.get(SPREAD, 1.0) < COLLAPSED


def pretrain(order: Order, folder: Path | None, observer: TrainingObserver) -> Pretrained:
    """Pretrain a network, going on from the checkpoint in ``folder`` if there is one.

    Args:
        order: what is asked for.
        folder: of the engine's checkpoint and log; None: nothing is kept.
        observer: progress and clocks.

    Raises:
        BadNetwork: the network has no classifier that could be taken out.
        RelcheckError: whatever `exporters.training.loop.fit` raises.
    """
    channels = len(order.pixels.mean)
    shape = (channels, order.side, order.side)
    encoder = without_classifier(order.network, shape)
    need("torch").manual_seed(order.settings.seed)
    learner = order.method.learner(encoder, order.settings.seed)
    objective = Pretraining(
        order.method,
        learner,
        order.pixels,
        order.side,
        order.training,
        identity=_identity(order),
        seed=order.settings.seed,
        threads=order.settings.threads,
    )
    result = fit(objective, order.training, order.left_out, order.settings, folder, observer)
    return Pretrained(
        content=_content(order, learner, result),
        result=result,
        encoder=encoder,
        parameters=sum(weight.numel() for weight in learner.backbone.parameters()),
        bank=0 if objective.bank is None else len(objective.bank),
    )


def _identity(order: Order) -> dict[str, str]:
    return {
        "network": order.name,
        "weights at the beginning": order.origin,
        "method": str(order.method),
        "crop": str(order.side),
        "pixels": str(order.pixels),
    }


def _content(order: Order, learner: Learner, result: FitResult) -> dict[str, Any]:
    """The checkpoint: the backbone under the network's own names, and apart from it the heads."""
    backbone = learner.backbone.state_dict()
    kept = {id(value) for value in learner.backbone.state_dict(keep_vars=True).values()}
    everything = learner.network.state_dict(keep_vars=True)
    heads = {name: v.detach() for name, v in everything.items() if id(v) not in kept}
    facts: Mapping[str, Any] = {
        "settings of the method": asdict(order.method),  # type: ignore[call-overload]
        "crop": order.side,
        "scale": order.pixels.scale,
        "mean": list(order.pixels.mean),
        "std": list(order.pixels.std),
        "epochs": len(result.history),
        "figures": dict(result.history[-1].validation),
    }
    content = pretrained_file(backbone, order.name, order.method.name, facts)
    return {**content, "heads": heads}
