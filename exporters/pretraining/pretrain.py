"""One pretraining: from a network and images to the content of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.evaluation.sources import ImageSource
from analyzer.model import Preprocessing, write_preprocessing
from exporters.pretraining.encoder import Encoder, without_classifier
from exporters.pretraining.methods.method import Learner, Method
from exporters.pretraining.monitors.spread import COLLAPSED, SETTLED
from exporters.pretraining.objective import SPREAD, Pretraining
from exporters.pretraining.views.view import View
from exporters.torch.optional_package import need
from exporters.torch.pretrained_file import pretrained_file
from exporters.training.devices import choose_device
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
        shape: Channels, rows and columns of the (global) crops, which are square.
        preparation: Turns pixels into inputs.
        training: Images that are trained on.
        left_out: Images that the monitors measure on.
        settings: Of the training engine.
    """

    network: nn.Module
    name: str
    origin: str
    method: Method
    shape: tuple[int, int, int]
    preparation: Preprocessing
    training: ImageSource
    left_out: ImageSource
    settings: FitSettings

    @property
    def views(self) -> tuple[View, ...]:
        """The views of each image."""
        return self.method.views(self.shape[1])


@dataclass(frozen=True)
class Pretrained:
    """A finished pretraining.

    Attributes:
        content: Of the checkpoint, for ``torch.save``.
        result: Of the engine.
        encoder: The network without its classifier, as it was given to the method.
        method: With the sizes that its networks have.
        parameters: Trained numbers of the backbone.
        before: Figures of the network as it began.
        bank: Images among which neighbours are looked for; 0: the images have no classes.
    """

    content: dict[str, Any]
    result: FitResult
    encoder: Encoder
    method: Method
    parameters: int
    before: Mapping[str, float]
    bank: int

    @property
    def collapsed(self) -> bool:
        """True if the embeddings are nearly alike after the last epoch."""
        return has_collapsed(self.result.history[-1], self.result.steps)

    @property
    def told(self) -> bool:
        """True if there were enough steps to tell."""
        return is_settled(self.result.history[-1], self.result.steps)


def is_settled(done: EpochFigures, steps: int) -> bool:
    """True if a collapse can be told after an epoch.

    Args:
        done: the epoch.
        steps: of one epoch.
    """
    return done.epoch * steps >= SETTLED


def has_collapsed(done: EpochFigures, steps: int) -> bool:
    """True if embeddings of different images are nearly alike after an epoch.

    Args:
        done: the epoch.
        steps: of one epoch.
    """
    return is_settled(done, steps) and done.validation[SPREAD] < COLLAPSED


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
    encoder = without_classifier(order.network, order.shape)
    need("torch").manual_seed(order.settings.seed)
    learner = order.method.learner(encoder, order.settings.seed)
    objective = Pretraining(
        order.method,
        learner,
        order.shape,
        order.preparation,
        order.training,
        identity=_identity(order),
        seed=order.settings.seed,
        threads=order.settings.threads,
    )
    before = _before(objective, order)
    result = fit(objective, order.training, order.left_out, order.settings, folder, observer)
    return Pretrained(
        content=_content(order, learner, result, order.method.sized(encoder.small)),
        result=result,
        encoder=encoder,
        method=order.method.sized(encoder.small),
        parameters=sum(weight.numel() for weight in learner.backbone.parameters()),
        before=before,
        bank=0 if objective.bank is None else len(objective.bank),
    )


def _before(objective: Pretraining, order: Order) -> Mapping[str, float]:
    """Figures of the network as it begins: random features are not useless."""
    device = choose_device(order.settings.device, order.settings.mixed)
    objective.network.to(device.name).eval()
    return objective.evaluate(order.left_out)


def _identity(order: Order) -> dict[str, str]:
    return {
        "network": order.name,
        "weights at the beginning": order.origin,
        "method": str(order.method),
        "input": "x".join(map(str, order.shape)),
        "pixels": str(write_preprocessing(order.preparation)),
    }


def _content(order: Order, learner: Learner, result: FitResult, method: Method) -> dict[str, Any]:
    """The checkpoint: the backbone under the network's own names, and apart from it the heads."""
    backbone = learner.backbone.state_dict()
    kept = {id(value) for value in learner.backbone.state_dict(keep_vars=True).values()}
    everything = learner.network.state_dict(keep_vars=True)
    heads = {name: v.detach() for name, v in everything.items() if id(v) not in kept}
    facts: Mapping[str, Any] = {
        "settings of the method": asdict(method),  # type: ignore[call-overload]
        "input": list(order.shape),
        "preprocessing": write_preprocessing(order.preparation),
        "epochs": len(result.history),
        "figures": dict(result.history[-1].validation),
    }
    content = pretrained_file(backbone, order.name, order.method.name, facts)
    return {**content, "heads": heads}
