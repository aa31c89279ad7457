"""A network run as if its layers were quantized, with straight-through gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True)
class Bits:
    """Bit widths of one layer.

    Attributes:
        weight: 2 or more.
        input: Of what the layer reads, 2 or more; None: it stays as it is.
    """

    weight: int
    input: int | None


def quantized_weight(weight: torch.Tensor, bits: int) -> torch.Tensor:
    """Weights rounded to a symmetric grid for each output channel, from its largest magnitude.

    The gradient passes as if nothing had been rounded (Bengio et al. 2013, arXiv:1308.3432).

    Args:
        weight: float32 (channels, ...).
        bits: 2 or more.
    """
    steps = 2 ** (bits - 1) - 1
    largest = weight.detach().abs().flatten(1).amax(dim=1).clamp_min(1e-12)
    scale = (largest / steps).reshape(-1, *[1] * (weight.ndim - 1))
    rounded = (weight.detach() / scale).round().clamp(-steps - 1, steps) * scale
    return weight + (rounded - weight.detach())


def quantized_input(values: torch.Tensor, bits: int) -> torch.Tensor:
    """Values rounded to a grid from their least to their largest, which holds 0 exactly.

    Args:
        values: float32, of any shape.
        bits: 2 or more.
    """
    fixed = values.detach().float()
    low, high = fixed.amin().clamp_max(0.0), fixed.amax().clamp_min(0.0)
    levels = 2**bits - 1
    scale = ((high - low) / levels).clamp_min(1e-12)
    zero = (-low / scale).round()
    rounded = ((fixed / scale).round() + zero).clamp(0, levels) - zero
    return values + (rounded * scale - fixed).to(values.dtype)


@contextmanager
def quantized(layers: Mapping[nn.Module, Bits], around: nn.Module) -> Iterator[None]:
    """Within the context these layers run quantized; running statistics stay as they are.

    Statistics belong to the network in full precision, which is what is kept.

    Args:
        layers: convolutions and linear layers, with their bit widths.
        around: the network whose BatchNorm layers keep their statistics.
    """
    torch = need("torch")
    norms = [
        module
        for module in around.modules()
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and module.track_running_stats
    ]
    for layer, bits in layers.items():
        layer.forward = _forward(layer, bits)
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the method of the class shows again
        for norm in norms:
            norm.track_running_stats = True


def _forward(layer: Any, bits: Bits) -> Any:
    torch = need("torch")

    def forward(values: Any) -> Any:
        if bits.input is not None:
            values = quantized_input(values, bits.input)
        weight = quantized_weight(layer.weight, bits.weight)
        if isinstance(layer, torch.nn.Linear):
            return torch.nn.functional.linear(values, weight, layer.bias)
        return layer._conv_forward(values, weight, layer.bias)

    return forward


def quantizable(network: nn.Module) -> list[nn.Module]:
    """The convolutions and linear layers of a network, in their order."""
    nn = need("torch").nn
    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
