"""SimSiam: each view predicts the embedding of the other, which is taken as given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from exporters.pretraining.heads import simsiam_predictor, simsiam_projector
from exporters.pretraining.methods.method import SIZE
from exporters.pretraining.views.view import View, simsiam_views
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch

    from exporters.pretraining.encoder import Encoder
    from exporters.training.objective import StepInfo

Pair = tuple["torch.Tensor", "torch.Tensor"]
"""The outputs for both views, each (n, d)."""


def negative_cosine(predicted: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """D(p, z) = - p/|p| . z/|z|, the mean over the images (arXiv:2011.10566, eq. 1).

    Args:
        predicted: float32 (n, d).
        given: float32 (n, d).
    """
    normalize = need("torch").nn.functional.normalize
    cosines = (normalize(predicted.float(), dim=1) * normalize(given.float(), dim=1)).sum(dim=1)
    return -cosines.mean()


def simsiam_loss(predicted: Pair, given: Pair) -> torch.Tensor:
    """L = 1/2 D(p1, z2) + 1/2 D(p2, z1) (arXiv:2011.10566, eq. 4).

    Args:
        predicted: p1 and p2.
        given: z1 and z2; whoever calls stops their gradients.
    """
    (first, second), (z_first, z_second) = predicted, given
    return 0.5 * (negative_cosine(first, z_second) + negative_cosine(second, z_first))


@dataclass(frozen=True)
class SimSiam:
    """Chen and He 2021, arXiv:2011.10566.

    Attributes:
        dim: Of the embedding; 0: 2048, of small networks 512.
        hidden: Of the predictor's bottleneck; 0: a quarter of ``dim``.
        layers: Of the projection.
        fixed_predictor: The predictor's learning rate does not fall (table 1c).
        stop_gradient: Embeddings are taken as given; without it the method collapses (section 4.1).
    """

    name: ClassVar[str] = "simsiam"
    source: ClassVar[str] = "SimSiam, Chen and He 2021, arXiv:2011.10566"
    paper: ClassVar[Mapping[str, Any]] = {
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "epochs": 100,
        "batch": 512,
    }
    notes: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "dim": SIZE,
        "hidden": SIZE,
        "layers": (1, 10),
    }

    dim: int = 0
    hidden: int = 0
    layers: int = 3
    fixed_predictor: bool = True
    stop_gradient: bool = True

    def views(self, side: int) -> tuple[View, ...]:
        """As in `Method`."""
        return simsiam_views(side)

    def sized(self, small: bool) -> SimSiam:
        """As in `Method`."""
        dim = self.dim or (512 if small else 2048)
        return replace(self, dim=dim, hidden=self.hidden or max(1, dim // 4))

    def learner(self, encoder: Encoder, seed: int) -> SimSiamLearner:
        """As in `Method`."""
        return SimSiamLearner(encoder, self.sized(encoder.small))


class SimSiamLearner:
    """Backbone, projection and predictor. As in `Learner`."""

    def __init__(self, encoder: Encoder, method: SimSiam) -> None:
        nn = need("torch").nn
        self.method = method
        self.backbone: Any = encoder.module
        self.projector = simsiam_projector(encoder.features, method.dim, method.layers)
        self.predictor = simsiam_predictor(method.dim, method.hidden)
        self.network: Any = nn.ModuleDict(
            {
                "backbone": self.backbone,
                "projector": self.projector,
                "predictor": self.predictor,
            }
        )

    def parameters(self) -> list[Any]:
        """As in `Learner`."""
        trunk = [*self.backbone.parameters(), *self.projector.parameters()]
        group = {"params": list(self.predictor.parameters())}
        return [
            {"params": trunk},
            {**group, "fixed_lr": True} if self.method.fixed_predictor else group,
        ]

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """As in `Learner`."""
        result: torch.Tensor = self.projector(features)
        return result

    def predict(self, views: tuple[torch.Tensor, ...]) -> tuple[Pair, Pair]:
        """Predictions and embeddings of two views; each view is a batch of its own to BatchNorm.

        Args:
            views: two, each (n, C, H, W).
        """
        first, second = (self.project(self.backbone(view)) for view in views)
        return (self.predictor(first), self.predictor(second)), (first, second)

    def loss(self, views: tuple[torch.Tensor, ...], step: StepInfo) -> torch.Tensor:
        """As in `Learner`."""
        predicted, (first, second) = self.predict(views)
        if self.method.stop_gradient:
            first, second = first.detach(), second.detach()
        return simsiam_loss(predicted, (first, second))

    def after_step(self, step: StepInfo) -> None:
        """Nothing follows the step."""
