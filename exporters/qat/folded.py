"""BatchNorm behind a convolution, during quantization-aware training.

The deployed convolution has BatchNorm folded into its weights, so its folded weights are what must
be rounded. While BatchNorm still learns, weights are folded by the running variance, rounded, and
the result is unfolded again and normalized by the batch's own statistics (Krishnamoorthi 2018,
arXiv:1806.08342, section 3.2.2, and PyTorch's ConvBn). Later BatchNorm is frozen: from then on the
network trains in its deployed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

FLOOR = 1e-2
"""Least factor of a channel while BatchNorm learns: factors of 0 could not be divided by again.
Weights are rounded in each channel relative to its largest one, so that no other factor matters."""


@dataclass(frozen=True)
class BatchNormOf:
    """The BatchNorm that follows a convolution.

    Attributes:
        weight: Name of the convolution's weight.
        bias: Name of its bias; None if it has none.
        scale: Name of BatchNorm's weight.
        shift: Name of its bias.
        mean: Name of its running mean.
        variance: Name of its running variance.
        epsilon: Added to the variance.
        momentum: Weight of a batch in the running statistics.
    """

    weight: str
    bias: str | None
    scale: str
    shift: str
    mean: str
    variance: str
    epsilon: float
    momentum: float


def make_folded(norm: BatchNormOf, tensors: dict[str, torch.Tensor]) -> nn.Module:
    """A convolution's weights and the BatchNorm behind it.

    Args:
        norm: names of its tensors.
        tensors: values by name, float32.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class Folded(nn.Module):  # type: ignore[misc, unused-ignore]
        """Weights as they are trained, and as they are deployed."""

        mean: torch.Tensor
        variance: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(tensors[norm.weight].clone())
            self.scale = nn.Parameter(tensors[norm.scale].clone())
            self.shift = nn.Parameter(tensors[norm.shift].clone())
            bias = None if norm.bias is None else nn.Parameter(tensors[norm.bias].clone())
            self.register_parameter("bias", bias)
            self.register_buffer("mean", tensors[norm.mean].clone())
            self.register_buffer("variance", tensors[norm.variance].clone())

        def folded(self) -> tuple[torch.Tensor, torch.Tensor]:
            """Weight and bias of the deployed convolution."""
            factor = self.scale / (self.variance + norm.epsilon).sqrt()
            offset = self.mean if self.bias is None else self.mean - self.bias
            return self._by_channel(factor), self.shift - offset * factor

        def learning_weight(self) -> torch.Tensor:
            """The folded weight while BatchNorm learns."""
            return self._by_channel(self._learning_factor())

        def normalized(self, result: torch.Tensor) -> torch.Tensor:
            """BatchNorm by the batch's statistics, of a convolution with `learning_weight`.

            Args:
                result: (n, channels, ...), without a bias.
            """
            shape = (1, -1, *[1] * (result.ndim - 2))
            plain = result / self._learning_factor().reshape(shape)
            if self.bias is not None:
                plain = plain + self.bias.reshape(shape)
            return functional.batch_norm(
                plain,
                self.mean,
                self.variance,
                self.scale,
                self.shift,
                training=True,
                momentum=norm.momentum,
                eps=norm.epsilon,
            )

        def _learning_factor(self) -> torch.Tensor:
            # Without gradient: it comes in and goes out again, and BatchNorm's own scale learns.
            scale = self.scale.detach()
            factor = torch.where(scale < 0, -1.0, 1.0) * scale.abs().clamp(min=FLOOR)
            return factor / (self.variance + norm.epsilon).sqrt()

        def _by_channel(self, factor: torch.Tensor) -> torch.Tensor:
            product: torch.Tensor = self.weight * factor.reshape(-1, *[1] * (self.weight.ndim - 1))
            return product

    return Folded()
