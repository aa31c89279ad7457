"""The integer arithmetic of ONNX Runtime's quantized kernels, in torch.

Training rounds floats ("fake quantization"); a deployed model adds integers. Sums of floats round
on the way, and a value that lies next to the border of two codes can fall on the other side. In
evaluation the network therefore computes as ONNX Runtime does: sums of products exactly, then one
multiplication in float32, limits, rounding to even. The formulas are those of ONNX Runtime 1.32's
CPU kernels, read in its source (MIT licence): ``MlasRequantizeOutput``, ``MlasQLinearAdd``,
``MlasQLinearMul``, ``MlasQLinearGlobalAveragePool``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

EXACT = 2.0**24
"""Whole numbers up to here are exact in float32, and so are sums that stay below."""


@dataclass(frozen=True)
class Codes:
    """A tensor of integers.

    Attributes:
        codes: Whole numbers in float32, the zero point taken off.
        scale: float32, of a shape that goes with ``codes``.
        zero_point: float32 (), of activations.
        limit: The largest magnitude that a code can have.
    """

    codes: torch.Tensor
    scale: torch.Tensor
    zero_point: torch.Tensor
    limit: float

    def floats(self) -> torch.Tensor:
        """The values that the codes stand for."""
        return self.codes.float() * self.scale


@dataclass(frozen=True)
class Pending:
    """The result of an operator on codes, before anyone decides whether it is rounded to codes.

    Attributes:
        floats: Makes the values.
        codes: Makes, for a scale () and zero point () of the result, its codes: whole numbers
            before limits, the zero point taken off.
    """

    floats: Callable[[], torch.Tensor]
    codes: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def product(
    x: Codes,
    weight: Codes,
    bias: torch.Tensor | None,
    multiply: Callable[[Any, Any, Any], torch.Tensor],
    channel_axis: int,
) -> Pending:
    """A convolution or matrix product: exact sums, one multiplication for each.

    Args:
        x: the input.
        weight: the other factor; one scale, or one for each output channel.
        bias: whole numbers (channels,) in float64, in multiples of both scales; or None.
        multiply: from (x, weight, bias) to the sums.
        channel_axis: of the output channels in the result.
    """
    kind = _exact_type(x, weight, bias)
    added = None if bias is None else bias.to(kind)
    sums = multiply(x.codes.to(kind), weight.codes.to(kind), added).float()
    scale = x.scale * weight.scale.reshape(-1)
    if scale.numel() > 1:
        shape = [1] * sums.ndim
        shape[channel_axis] = -1
        scale = scale.reshape(shape)
    return Pending(lambda: sums * scale, lambda result, _: (sums * (scale / result)).round())


def _exact_type(x: Codes, weight: Codes, bias: torch.Tensor | None) -> torch.dtype:
    """float32 where no sum of these numbers can leave its whole numbers, else float64."""
    import torch

    if weight.codes.is_cuda:  # convolutions there may use other algorithms, and TF32
        return torch.float64
    # Sums over all elements of a row bound those over any part of it; x @ y has no rows to know.
    rows = weight.codes.abs().reshape(weight.codes.shape[0], -1).sum(1).max()
    columns = weight.codes.abs().sum(tuple(range(weight.codes.ndim - 1))).max()
    largest = x.limit * float(torch.maximum(rows, columns))
    largest += 0.0 if bias is None else float(bias.abs().max())
    return torch.float32 if largest < EXACT else torch.float64


def add(a: Codes, b: Codes) -> Pending:
    """Sum of two values: two multiplications and additions, each rounded once, in float32.

    Args:
        a: one value.
        b: the other, of a shape that goes with it.
    """

    def codes(scale: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
        first, second = a.scale / scale, b.scale / scale
        fixed = zero - (first * a.zero_point + second * b.zero_point)
        part = _multiply_add(b.codes + b.zero_point, second, fixed)
        # The zero point is in the sum that is rounded: it decides ties.
        return _multiply_add(a.codes + a.zero_point, first, part).round() - zero

    return Pending(lambda: a.floats() + b.floats(), codes)


def _multiply_add(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """X y + z rounded once to float32: the product of a code and a float32 is exact in float64."""
    return (x.double() * y.double() + z.double()).float()


def multiply(a: Codes, b: Codes) -> Pending:
    """Product of two values, element by element.

    Args:
        a: one value.
        b: the other, of a shape that goes with it.
    """

    def codes(scale: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
        return ((a.codes * b.codes) * (a.scale * b.scale / scale) + zero).round() - zero

    return Pending(lambda: a.floats() * b.floats(), codes)


def global_average(x: Codes) -> Pending:
    """Mean over all axes behind the channels."""
    axes = tuple(range(2, x.codes.ndim))
    count = x.codes[0, 0].numel()
    sums = x.codes.double().sum(axes, keepdim=True).float()

    def codes(scale: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return (sums * (x.scale / (scale * count))).round()

    return Pending(lambda: x.floats().mean(axes, keepdim=True), codes)


def to_codes(value: torch.Tensor | Pending, rounding: Any) -> Codes:
    """Round to codes.

    Args:
        value: floats, or the result of an operator on codes.
        rounding: a module of `exporters.qat.rounding.make_rounding`, with one scale.
    """
    low, high = (limit - rounding.zero_point for limit in (rounding.low, rounding.high))
    zero = rounding.zero_point.float()
    if isinstance(value, Pending):
        codes = value.codes(rounding.scale, zero).clamp(low, high)
    else:
        codes = rounding.codes(value)
    limit = max(abs(float(low)), abs(float(high)))
    return Codes(codes, rounding.scale, zero, limit)
