"""The ONNX operators that exported networks consist of, in torch.

Each function takes the attributes of a node and its inputs, None where an optional one is absent.
Sizes and indices are integer tensors and take the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from analyzer.errors import CannotQuantize

if TYPE_CHECKING:
    import torch

Attributes = Mapping[str, Any]
Operator = Callable[..., Any]

OPERATORS: dict[str, Operator] = {}
"""Operator -> function of (attributes, *inputs)."""


def _register(*names: str) -> Callable[[Operator], Operator]:
    def note(function: Operator) -> Operator:
        for name in names:
            OPERATORS[name] = function
        return function

    return note


def padded(x: torch.Tensor, attributes: Attributes, value: float) -> torch.Tensor:
    """An input with the border that the attribute ``pads`` asks for.

    Args:
        x: (n, channels, *sizes).
        attributes: of a convolution or of a pooling.
        value: of the border.

    Raises:
        CannotQuantize: the border is left to the operator to choose.
    """
    from torch.nn import functional

    if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise CannotQuantize("auto_pad is not known to quantization-aware training; give pads")
    pads = attributes.get("pads", [0] * 2 * (x.ndim - 2))
    half = len(pads) // 2
    flat = [pads[axis + end] for axis in reversed(range(half)) for end in (0, half)]
    return functional.pad(x, flat, value=value) if any(flat) else x


@_register("Conv")
def _convolve(a: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
    """Convolution in one, two or three dimensions.

    Args:
        a: attributes.
        x: (n, channels, *sizes).
        weight: (out, channels / group, *kernel).
        bias: (out,) or None.
    """
    from torch.nn import functional

    dimensions = weight.ndim - 2
    function = (functional.conv1d, functional.conv2d, functional.conv3d)[dimensions - 1]
    ones = [1] * dimensions
    stride, dilation = a.get("strides", ones), a.get("dilations", ones)
    pads = a.get("pads", [0] * 2 * dimensions)
    group = a.get("group", 1)
    if a.get("auto_pad", b"NOTSET") == b"NOTSET" and pads[:dimensions] == pads[dimensions:]:
        return function(x, weight, bias, stride, pads[:dimensions], dilation, group)
    return function(padded(x, a, 0.0), weight, bias, stride, 0, dilation, group)


@_register("Gemm")
def _gemm(a: Attributes, x: Any, weight: Any, bias: Any = None) -> Any:
    """Alpha x weight + beta bias, either matrix transposed where the attributes say so."""
    x = x.transpose(0, 1) if a.get("transA", 0) else x
    weight = weight.transpose(0, 1) if a.get("transB", 0) else weight
    product = (x @ weight) * a.get("alpha", 1.0) if a.get("alpha", 1.0) != 1.0 else x @ weight
    return product if bias is None else product + a.get("beta", 1.0) * bias


@_register("BatchNormalization")
def _normalize(a: Attributes, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    """BatchNorm by stored statistics."""
    from torch.nn import functional

    return functional.batch_norm(x, mean, variance, scale, bias, eps=a.get("epsilon", 1e-5))


@_register("LayerNormalization")
def _layer_norm(a: Attributes, x: Any, scale: Any, bias: Any = None) -> Any:
    """LayerNorm over the axes from ``axis`` on."""
    from torch.nn import functional

    shape = x.shape[a.get("axis", -1) :]
    return functional.layer_norm(x, shape, scale, bias, a.get("epsilon", 1e-5))


@_register("MaxPool")
def _max_pool(a: Attributes, x: Any) -> Any:
    """Greatest value of each window; one or two dimensions."""
    from torch.nn import functional

    function = functional.max_pool1d if x.ndim == 3 else functional.max_pool2d
    kernel = a["kernel_shape"]
    ones = [1] * len(kernel)
    dilation = a.get("dilations", ones)
    return function(
        padded(x, a, float("-inf")),
        kernel,
        a.get("strides", ones),
        dilation=dilation if x.ndim > 3 else dilation[0],
        ceil_mode=bool(a.get("ceil_mode", 0)),
    )


@_register("AveragePool")
def _average_pool(a: Attributes, x: Any) -> Any:
    """Mean of each window; one or two dimensions."""
    from torch.nn import functional

    kernel, half = a["kernel_shape"], len(a["kernel_shape"])
    pads = a.get("pads", [0] * 2 * half)
    if pads[:half] != pads[half:]:
        raise CannotQuantize("AveragePool with uneven borders is not known")
    function = functional.avg_pool1d if x.ndim == 3 else functional.avg_pool2d
    return function(
        x,
        kernel,
        a.get("strides", [1] * half),
        pads[:half],
        ceil_mode=bool(a.get("ceil_mode", 0)),
        count_include_pad=bool(a.get("count_include_pad", 0)),
    )


@_register("GlobalAveragePool")
def _global_average(_: Attributes, x: Any) -> Any:
    """Mean over all axes behind the channels, which stay with size 1."""
    return x.mean(tuple(range(2, x.ndim)), keepdim=True)


@_register("Clip")
def _clip(_: Attributes, x: Any, low: Any = None, high: Any = None) -> Any:
    """Limits from below, from above, or both."""
    return x if low is None and high is None else x.clamp(low, high)


@_register("HardSigmoid")
def _hard_sigmoid(a: Attributes, x: Any) -> Any:
    """A straight line, limited to [0, 1]."""
    return (a.get("alpha", 0.2) * x + a.get("beta", 0.5)).clamp(0.0, 1.0)


@_register("Gelu")
def _gelu(a: Attributes, x: Any) -> Any:
    """GELU, exactly or by the hyperbolic tangent."""
    from torch.nn import functional

    return functional.gelu(x, approximate=a.get("approximate", b"none").decode())


@_register("ReduceMean")
def _reduce_mean(a: Attributes, x: Any, axes: Any = None) -> Any:
    """Mean over some axes."""
    over = a.get("axes") or (axes.tolist() if axes is not None else list(range(x.ndim)))
    return x.mean(tuple(over), keepdim=bool(a.get("keepdims", 1)))


def _named(name: str, method: str) -> None:
    """Register an operator that is a function of ``torch`` of its inputs alone."""

    def call(_: Attributes, *inputs: Any) -> Any:
        import torch

        return getattr(torch, method)(*inputs)

    OPERATORS[name] = call


for _name, _method in {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Erf": "erf",
    "Sqrt": "sqrt",
    "Exp": "exp",
    "Log": "log",
    "Abs": "abs",
    "Neg": "neg",
    "Add": "add",
    "Sub": "sub",
    "Mul": "mul",
    "MatMul": "matmul",
    "Pow": "pow",
    "Equal": "eq",
    "Not": "logical_not",
    "And": "logical_and",
    "Less": "less",
    "Greater": "greater",
    "Where": "where",
    "Reciprocal": "reciprocal",
    "Floor": "floor",
}.items():
    _named(_name, _method)


@_register("Div")
def _divide(_: Attributes, x: Any, y: Any) -> Any:
    """Division; of integers, towards zero."""
    import torch

    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


@_register("Max")
def _maximum(_: Attributes, *inputs: Any) -> Any:
    """Greatest of several, element by element."""
    from functools import reduce

    import torch

    return reduce(torch.maximum, inputs)


@_register("Min")
def _minimum(_: Attributes, *inputs: Any) -> Any:
    """Least of several, element by element."""
    from functools import reduce

    import torch

    return reduce(torch.minimum, inputs)


def _activation(name: str, **defaults: float) -> None:
    """Register an activation of ``torch.nn.functional`` with attributes of ONNX."""

    def call(a: Attributes, x: Any) -> Any:
        from torch.nn import functional

        given = [a.get(key, value) for key, value in defaults.items()]
        return getattr(functional, name)(x, *given)

    OPERATORS[{"leaky_relu": "LeakyRelu", "elu": "Elu"}[name]] = call


_activation("leaky_relu", alpha=0.01)
_activation("elu", alpha=1.0)


@_register("HardSwish")
def _hard_swish(_: Attributes, x: Any) -> Any:
    """The value times its `hard_sigmoid`, in the order of ONNX's own definition."""
    return x * _hard_sigmoid({"alpha": 1.0 / 6.0, "beta": 0.5}, x)


@_register("PRelu")
def _prelu(_: Attributes, x: Any, slope: Any) -> Any:
    """Values below 0 times a slope."""
    return x.clamp(min=0) + slope * x.clamp(max=0)


@_register("Softplus")
def _softplus(_: Attributes, x: Any) -> Any:
    """Log of 1 + exp."""
    from torch.nn import functional

    return functional.softplus(x)


@_register("Softmax")
def _softmax(a: Attributes, x: Any) -> Any:
    """Softmax along an axis."""
    return x.softmax(a.get("axis", -1))
