"""Fake quantization: observers of torchao, and the rounding that lets gradients through.

torchao's PT2E quantization is what PyTorch maintains; ``torch.ao.quantization`` is deprecated. Its
observers choose scale and zero point here: the moving average of minimum and maximum, for weights
by channel and symmetric (Jacob et al. 2018, arXiv:1712.05877, section 3.1). Its tools that place
quantizers in a graph are not used: `exporters.qat.placement` says why.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from exporters.quiet import quiet
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch
    from torch import nn

AVERAGING = 0.01
"""Weight of a new minimum or maximum in the moving average, torchao's own default."""

SIGNED, SIGNED_REDUCED, UNSIGNED = (-127, 127), (-64, 64), (0, 255)
"""Codes of weights, of weights with 7 bits, and of activations: those of ``relcheck quantize``."""


@cache
def _observers() -> Any:
    need("torch")
    with quiet():  # torchao warns of each compiled part that it has no use for
        need("torchao")
        from torchao.quantization.pt2e import observer
    return observer


def check_installed() -> None:
    """Refuse to begin without the packages.

    Raises:
        TorchMissing: torch or torchao is not installed.
    """
    _observers()


def make_rounding(
    codes: tuple[int, int],
    *,
    symmetric: bool,
    axis: int | None = None,
    channels: int = 1,
    averaging: float = AVERAGING,
) -> nn.Module:
    """A module that observes values, and replaces them by the nearest that codes stand for.

    Its state: ``scale`` float32 and ``zero_point`` int32, () or (channels,), and the observer's.
    ``observing`` switches the observer.

    Args:
        codes: least and greatest code.
        symmetric: True if the code 0 stands for 0.
        axis: the axis with a scale for each index; None: one scale.
        channels: size of that axis.
        averaging: weight of a new minimum or maximum in the moving average, in (0, 1].
    """
    import torch
    from torch import nn

    class Rounding(nn.Module):  # type: ignore[misc, unused-ignore]
        """Fake quantization with the straight-through gradient."""

        scale: torch.Tensor
        zero_point: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.axis, self.low, self.high = axis, codes[0], codes[1]
            self.observing = True
            self.observer = _make_observer(codes, symmetric, axis, averaging)
            shape = () if axis is None else (channels,)
            self.register_buffer("scale", torch.ones(shape))
            self.register_buffer("zero_point", torch.zeros(shape, dtype=torch.int32))

        def observe(self, x: torch.Tensor) -> None:
            """Let a tensor into the moving averages."""
            self.observer(x.detach().float())
            scale, zero = self.observer.calculate_qparams()
            self.scale.copy_(scale.reshape(self.scale.shape))
            self.zero_point.copy_(zero.reshape(self.zero_point.shape))

        def restart(self) -> None:
            """Forget what was observed; the next tensor counts in full."""
            self.observer.reset_min_max_vals()
            self.observer.to(self.scale.device)  # torchao makes new tensors on the CPU

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Round float32 ``x``; the gradient passes where ``x`` is within the range."""
            rounded: torch.Tensor
            if self.axis is None:
                rounded = torch.fake_quantize_per_tensor_affine(
                    x, self.scale, self.zero_point, self.low, self.high
                )
            else:
                rounded = torch.fake_quantize_per_channel_affine(
                    x, self.scale, self.zero_point, self.axis, self.low, self.high
                )
            return rounded

        def broadcast(self, values: torch.Tensor, rank: int) -> torch.Tensor:
            """``values``, one per channel, in a shape that goes with a tensor of ``rank`` axes.

            Args:
                values: (channels,), or () where there is one scale.
                rank: number of axes.
            """
            if self.axis is None:
                return values
            shape = [1] * rank
            shape[self.axis] = -1
            return values.reshape(shape)

        def codes(self, x: torch.Tensor) -> torch.Tensor:
            """The codes of ``x`` less the zero point, float32, as ONNX Runtime rounds.

            Division, limits, rounding to even, in this order: `torch.fake_quantize` multiplies by
            the inverse scale and adds the zero point before it rounds, so that ties go elsewhere.
            """
            scale, zero = (self.broadcast(v, x.ndim) for v in (self.scale, self.zero_point))
            ratio = x / scale
            return torch.minimum(torch.maximum(ratio, self.low - zero), self.high - zero).round()

    return Rounding()


def _make_observer(
    codes: tuple[int, int], symmetric: bool, axis: int | None, averaging: float
) -> Any:
    import torch

    observers = _observers()
    low, high = codes
    dtype = torch.qint8 if low < 0 else torch.quint8
    settings = {"dtype": dtype, "quant_min": low, "quant_max": high}
    if axis is None:
        scheme = torch.per_tensor_symmetric if symmetric else torch.per_tensor_affine
        return observers.MovingAverageMinMaxObserver(
            averaging_constant=averaging, qscheme=scheme, **settings
        )
    return observers.MovingAveragePerChannelMinMaxObserver(
        averaging_constant=averaging, ch_axis=axis, qscheme=torch.per_channel_symmetric, **settings
    )


def round_bias(bias: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """A bias in whole multiples of ``scale``; the gradient passes unchanged.

    Args:
        bias: float32 (channels,).
        scale: float32 (channels,) or (): of the input times of the weights.
    """
    rounded = bias_codes(bias, scale) * scale
    return bias + (rounded - bias).detach()


BIAS_LIMIT = 2.0**30
"""Largest code of a bias: half of int32, so that the sum of products can still be added to it."""


def bias_codes(bias: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Whole numbers that stand for a bias, float32 or as ``bias``.

    Args:
        bias: (channels,).
        scale: (channels,) or ().
    """
    return (bias / scale).round().clamp(-BIAS_LIMIT, BIAS_LIMIT)


def wide_enough(scale: torch.Tensor, bias: torch.Tensor, input_scale: torch.Tensor) -> torch.Tensor:
    """Scales of weights, widened where a bias would leave int32: channels with vanishing weights.

    Args:
        scale: float32 (channels,) or ().
        bias: float32 (channels,), of the product with these weights.
        input_scale: float32 (), of the input.
    """
    import torch

    least = bias.detach().abs() / (input_scale * BIAS_LIMIT)
    return torch.maximum(scale, least if scale.ndim else least.max())
