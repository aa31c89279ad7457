"""SwAV: each view predicts the cluster that another view of its image is assigned to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from exporters.pretraining.encoder import by_size
from exporters.pretraining.heads import swav_projector
from exporters.pretraining.methods.method import SIZE, TEMPERATURE
from exporters.pretraining.views.view import View, swav_views
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch
    from torch import nn

    from exporters.pretraining.encoder import Encoder
    from exporters.training.objective import StepInfo

ASSIGNED = 2
"""Views whose assignments are predicted: the global crops."""


def sinkhorn(scores: torch.Tensor, iterations: int, epsilon: float) -> torch.Tensor:
    """Assignments Q = Diag(u) exp(scores / epsilon) Diag(v), alike for all prototypes.

    u and v follow from alternating normalization (arXiv:2006.09882, eqs. 3 to 5; Cuturi 2013,
    arXiv:1306.0895).

    Args:
        scores: float32 (n, prototypes), without gradients.
        iterations: of the normalization, 1 or more.
        epsilon: smoothness of the assignments, above 0.

    Returns:
        float32 (n, prototypes); each row adds up to 1.
    """
    shares = ((scores - scores.max()) / epsilon).exp()  # a common factor cancels out
    for _ in range(iterations):
        shares = shares / shares.sum(dim=0, keepdim=True)
        shares = shares / shares.sum(dim=1, keepdim=True)
    return shares


def swapped_prediction(
    scores: Sequence[torch.Tensor], codes: Sequence[torch.Tensor], temperature: float
) -> torch.Tensor:
    """Mean over codes q_i and other views v of -sum q_i log softmax(scores_v / temperature).

    arXiv:2006.09882, eqs. 1, 2 and 6.

    Args:
        scores: of each view, float32 (n, prototypes).
        codes: assignments of the first views, float32 (n, prototypes), without gradients.
        temperature: above 0.
    """
    torch = need("torch")
    logs = [torch.nn.functional.log_softmax(view / temperature, dim=1) for view in scores]
    terms = [
        -(code * log).sum(dim=1).mean()
        for index, code in enumerate(codes)
        for other, log in enumerate(logs)
        if other != index
    ]
    return torch.stack(terms).mean()  # type: ignore[no-any-return, unused-ignore]


@dataclass(frozen=True)
class Swav:
    """Caron et al. 2020, arXiv:2006.09882.

    Attributes:
        dim: Of the embedding.
        hidden: Of the projection; 0: 2048, of small networks 512.
        prototypes: 0: 3000, of small networks 64.
        local: Local crops beside the two global ones.
        temperature: Of the predictions.
        epsilon: Of the assignments.
        iterations: Of the assignments.
        freeze: Epochs in which the prototypes stay as they are.
        queue: Embeddings of earlier batches that are assigned with a batch; 0: none.
        queue_from: The first epoch that uses them, from 0.
    """

    name: ClassVar[str] = "swav"
    source: ClassVar[str] = "SwAV, Caron et al. 2020, arXiv:2006.09882"
    paper: ClassVar[Mapping[str, Any]] = {
        "optimizer": "sgd",
        "learning_rate": 0.06,
        "weight_decay": 1e-6,
        "schedule": "cosine",
        "epochs": 100,
        "batch": 256,
    }
    notes: ClassVar[tuple[str, ...]] = (
        "SwAV's paper optimizes by LARS at a rate of 0.6 for 256 images; the default here is SGD "
        "at 0.06",
    )
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        **dict.fromkeys(("hidden", "prototypes", "freeze", "queue", "queue_from"), SIZE),
        "dim": (1, SIZE[1]),
        "local": (0, 100),
        "temperature": TEMPERATURE,
        "epsilon": TEMPERATURE,
        "iterations": (1, 1000),
    }

    dim: int = 128
    hidden: int = 0
    prototypes: int = 0
    local: int = 6
    temperature: float = 0.1
    epsilon: float = 0.05
    iterations: int = 3
    freeze: int = 1
    queue: int = 0
    queue_from: int = 15

    def views(self, side: int) -> tuple[View, ...]:
        """As in `Method`."""
        return swav_views(side, self.local)

    def sized(self, small: bool) -> Swav:
        """As in `Method`."""
        hidden, prototypes = (512, 64) if small else (2048, 3000)
        return replace(self, hidden=self.hidden or hidden, prototypes=self.prototypes or prototypes)

    def learner(self, encoder: Encoder, seed: int) -> SwavLearner:
        """As in `Method`."""
        return SwavLearner(encoder, self.sized(encoder.small))


class SwavLearner:
    """Backbone, projection, prototypes and queue. As in `Learner`."""

    def __init__(self, encoder: Encoder, method: Swav) -> None:
        torch = need("torch")
        self.method = method
        self.backbone: nn.Module = encoder.module
        self.projector = swav_projector(encoder.features, method.hidden, method.dim)
        self.prototypes = torch.nn.Linear(method.dim, method.prototypes, bias=False)
        self.network: nn.Module = torch.nn.ModuleDict(
            {
                "backbone": self.backbone,
                "projector": self.projector,
                "prototypes": self.prototypes,
            }
        )
        queue = torch.zeros(ASSIGNED, method.queue, method.dim)
        self.network.register_buffer("queue", queue)
        self.network.register_buffer("queued", torch.zeros((), dtype=torch.int64))
        self._normalize()

    def parameters(self) -> list[Any]:
        """As in `Learner`."""
        return list(self.network.parameters())

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """As in `Learner`."""
        normalize = need("torch").nn.functional.normalize
        embeddings: torch.Tensor = normalize(self.projector(features).float(), dim=1)
        return embeddings

    def loss(self, views: tuple[torch.Tensor, ...], step: StepInfo) -> torch.Tensor:
        """As in `Learner`."""
        torch = need("torch")
        self.prototypes.weight.requires_grad_(step.epoch >= self.method.freeze)
        embeddings = by_size(lambda images: self.project(self.backbone(images)), views)
        with torch.autocast(embeddings[0].device.type, enabled=False):
            scores = [self.prototypes(points) for points in embeddings]
            codes = [self._codes(embeddings, scores, i, step) for i in range(ASSIGNED)]
            result = swapped_prediction(scores, codes, self.method.temperature)
        self._enqueue(embeddings)
        return result

    def after_step(self, step: StepInfo) -> None:
        """Prototypes that have moved go back to the sphere (section 3.1)."""
        if step.epoch >= self.method.freeze:
            self._normalize()

    def _codes(
        self, embeddings: list[Any], scores: list[Any], index: int, step: StepInfo
    ) -> torch.Tensor:
        torch = need("torch")
        method, network = self.method, self.network
        with torch.no_grad():
            together = scores[index].detach()
            full = method.queue and int(network.queued) >= method.queue
            if full and step.epoch >= method.queue_from:
                together = torch.cat([together, self.prototypes(network.queue[index])])
            return sinkhorn(together, method.iterations, method.epsilon)[: len(scores[index])]

    def _enqueue(self, embeddings: list[Any]) -> None:
        torch = need("torch")
        length = self.method.queue
        if not length:
            return
        with torch.no_grad():
            for index in range(ASSIGNED):
                new = embeddings[index].detach()
                self.network.queue[index] = torch.cat([new, self.network.queue[index]])[:length]
            self.network.queued += len(embeddings[0])

    def _normalize(self) -> None:
        torch = need("torch")
        with torch.no_grad():
            weight = self.prototypes.weight
            weight.copy_(torch.nn.functional.normalize(weight, dim=1))
