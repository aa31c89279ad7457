"""SSQL: SimSiam, and beside it the same network under quantization at random bit widths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from analyzer.errors import BadOption
from exporters.pretraining.fake_quantization import Bits, quantizable, quantized
from exporters.pretraining.methods.simsiam import Pair, SimSiam, SimSiamLearner, simsiam_loss
from exporters.pretraining.views.view import View, simsiam_views

if TYPE_CHECKING:
    import torch
    from torch import nn

    from exporters.pretraining.encoder import Encoder
    from exporters.training.objective import StepInfo

ENDS = 8
"""Bits of the first layer, and of the projection, which stands where the last layer was."""


def ssql_loss(predicted: Pair, quantized_predicted: Pair, given: Pair) -> torch.Tensor:
    """L = 1/2 [SimSiam(p, z) + SimSiam(p_q, z)] (arXiv:2207.05432, section 3.2).

    Args:
        predicted: p1 and p2 of the branch in full precision.
        quantized_predicted: p1 and p2 of the quantized branch.
        given: z1 and z2 of the branch in full precision, without gradients.
    """
    return 0.5 * (simsiam_loss(predicted, given) + simsiam_loss(quantized_predicted, given))


@dataclass(frozen=True)
class Ssql:
    """Cao et al. 2022, arXiv:2207.05432.

    Attributes:
        dim: As of SimSiam.
        hidden: As of SimSiam.
        layers: As of SimSiam.
        fixed_predictor: As of SimSiam.
        w_low: Least bits of weights, drawn anew in each step.
        w_high: Most bits of weights.
        a_low: Least bits of activations, drawn anew in each step.
        a_high: Most bits of activations.
    """

    name: ClassVar[str] = "ssql"
    source: ClassVar[str] = "SSQL, Cao et al. 2022, arXiv:2207.05432"
    paper: ClassVar[Mapping[str, Any]] = SimSiam.paper
    notes: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        **SimSiam.limits,
        **dict.fromkeys(("w_low", "w_high", "a_low", "a_high"), (2, 16)),
    }

    dim: int = 0
    hidden: int = 0
    layers: int = 3
    fixed_predictor: bool = True
    w_low: int = 2
    w_high: int = 8
    a_low: int = 4
    a_high: int = 8

    def __post_init__(self) -> None:
        for kind in ("w", "a"):
            low, high = getattr(self, f"{kind}_low"), getattr(self, f"{kind}_high")
            if low > high:
                raise BadOption(
                    f"--method ssql: {kind}_low is {low} and {kind}_high is {high}; the first must "
                    "not be larger"
                )

    def views(self, side: int) -> tuple[View, ...]:
        """As in `Method`."""
        return simsiam_views(side)

    def sized(self, small: bool) -> Ssql:
        """As in `Method`."""
        like = SimSiam(self.dim, self.hidden).sized(small)
        return replace(self, dim=like.dim, hidden=like.hidden)

    def learner(self, encoder: Encoder, seed: int) -> SsqlLearner:
        """As in `Method`."""
        return SsqlLearner(encoder, self.sized(encoder.small), seed)


class SsqlLearner(SimSiamLearner):
    """SimSiam's networks, run twice. As in `Learner`."""

    def __init__(self, encoder: Encoder, method: Ssql, seed: int) -> None:
        base = SimSiam(method.dim, method.hidden, method.layers, method.fixed_predictor)
        super().__init__(encoder, base)
        self.widths = method
        self.seed = seed

    def draw(self, step: StepInfo) -> tuple[int, int]:
        """Bits of weights and of activations in one step: a pure function of seed and step."""
        import numpy as np

        rng, method = np.random.default_rng([self.seed, step.step]), self.widths
        weights = rng.integers(method.w_low, method.w_high + 1)
        return int(weights), int(rng.integers(method.a_low, method.a_high + 1))

    def bits(self, step: StepInfo) -> dict[nn.Module, Bits]:
        """Bits of each layer in one step; the predictor stays in full precision."""
        weights, activations = self.draw(step)
        first, *others = quantizable(self.backbone)
        widths = {first: Bits(ENDS, ENDS)}
        widths |= dict.fromkeys(others, Bits(weights, activations))
        return widths | dict.fromkeys(quantizable(self.projector), Bits(ENDS, None))

    def loss(self, views: tuple[torch.Tensor, ...], step: StepInfo) -> torch.Tensor:
        """As in `Learner`."""
        predicted, (first, second) = self.predict(views)
        with quantized(self.bits(step), self.network):
            rounded, _ = self.predict(views)
        return ssql_loss(predicted, rounded, (first.detach(), second.detach()))
