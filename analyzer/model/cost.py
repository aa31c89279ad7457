"""The arithmetic of one image: multiply-accumulates, from shapes alone."""

import math
from collections.abc import Sequence

import onnx

from analyzer.model.shell import without_data
from analyzer.model.signature import InputSignature

Shape = tuple[int, ...]

LARGE = 1024
"""Elements; initializers that decide shapes are smaller."""

_WEIGHT_INPUT = {"Conv": 1, "ConvTranspose": 1, "QLinearConv": 3, "ConvInteger": 1}
_LEFT_INPUT = {"Gemm": 0, "MatMul": 0, "QLinearMatMul": 0, "MatMulInteger": 0}


def macs_per_image(
    proto: onnx.ModelProto, signature: InputSignature, items: Sequence[Shape]
) -> int | None:
    """Multiply-accumulates of convolutions and matrix products for one image.

    Args:
        proto: the model.
        signature: its inputs.
        items: shape of one row of each input as it is fed, without the batch, in the order of
            ``signature.every``.

    Returns:
        The count, or None where shapes cannot be inferred.
    """
    copy = without_data(proto, lambda t: math.prod(t.dims) >= LARGE)
    rows = signature.fixed_batch or 1
    shapes = {s.name: s.whole(rows, item) for s, item in zip(signature.every, items, strict=True)}
    for value in copy.graph.input:
        if value.name in shapes:
            _fix_shape(value, shapes[value.name])
    try:
        inferred = onnx.shape_inference.infer_shapes(copy)
    except Exception:  # shape inference raises errors of many kinds, none of them fatal here
        return None
    known = _shapes(inferred.graph)
    found = sum(_macs(node, known) for node in inferred.graph.node)
    return found // rows or None


def _fix_shape(value: onnx.ValueInfoProto, shape: Shape) -> None:
    dims = value.type.tensor_type.shape.dim
    for dim, size in zip(dims, shape, strict=False):
        dim.Clear()
        dim.dim_value = size


def _shapes(graph: onnx.GraphProto) -> dict[str, Shape]:
    found = {t.name: tuple(t.dims) for t in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(d.dim_value > 0 for d in dims):
            found[value.name] = tuple(d.dim_value for d in dims)
    return found


def _macs(node: onnx.NodeProto, shapes: dict[str, Shape]) -> int:
    output = shapes.get(node.output[0]) if node.output else None
    if output is None:
        return 0
    if node.op_type in _WEIGHT_INPUT:
        weight = shapes.get(node.input[_WEIGHT_INPUT[node.op_type]], ())
        return math.prod(output) * math.prod(weight[1:]) if weight else 0
    if node.op_type in _LEFT_INPUT:
        left = shapes.get(node.input[_LEFT_INPUT[node.op_type]], ())
        return math.prod(output) * left[-1] if left else 0
    return 0
