"""Plainer forms of what torch's exporter writes, so that ONNX Runtime can fuse and quantize them.

The exporter writes a global average as a mean over two axes, and a flattening as a reshape with a
computed shape. ONNX has an operator for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

Dims = tuple[int | str | None, ...]
"""Sizes of a value; a name where a size is open, None where nothing is known."""


def tidy(model: onnx.ModelProto) -> int:
    """Rewrite nodes of a model, in place; constants end up in the order in which they are read.

    Args:
        model: changed in place; its values carry shapes, as the exporter leaves them.

    Returns:
        Number of nodes that were rewritten.
    """
    from onnx import numpy_helper

    graph = model.graph
    shapes = _shapes(graph)
    constants = {
        t.name: numpy_helper.to_array(t)
        for t in graph.initializer
        if t.data_type == t.INT64 and len(t.dims) <= 1
    }
    count = 0
    for node in graph.node:
        axes = constants.get(node.input[1]) if len(node.input) == 2 else None
        if node.op_type == "ReduceMean" and axes is not None:
            count += _global_average(node, [int(a) for a in axes.reshape(-1)], shapes)
        elif node.op_type == "Reshape":
            count += _flatten(node, shapes)
    _sort_constants(graph)
    return count


def _shapes(graph: onnx.GraphProto) -> Mapping[str, Dims]:
    values = [*graph.input, *graph.output, *graph.value_info]
    return {
        v.name: tuple(d.dim_param or d.dim_value or None for d in v.type.tensor_type.shape.dim)
        for v in values
        if v.type.tensor_type.HasField("shape")
    }


def _global_average(node: onnx.NodeProto, axes: list[int], shapes: Mapping[str, Dims]) -> bool:
    """Mean over rows and columns of (N, C, H, W) that keeps them as 1: GlobalAveragePool."""
    keeps = all(a.i == 1 for a in node.attribute if a.name == "keepdims")
    if len(shapes.get(node.input[0], ())) != 4 or {a % 4 for a in axes} != {2, 3} or not keeps:
        return False
    node.op_type = "GlobalAveragePool"
    del node.input[1:], node.attribute[:]
    return True


def _flatten(node: onnx.NodeProto, shapes: Mapping[str, Dims]) -> bool:
    """Reshape of (N, ...) to (N, K), the same N on both sides: Flatten."""
    before, after = shapes.get(node.input[0], ()), shapes.get(node.output[0], ())
    fits = (
        len(before) > 2
        and len(after) == 2
        and before[0] is not None
        and before[0] == after[0]
        and all(isinstance(size, int) for size in (*before[1:], after[1]))
    )
    if not fits:
        return False
    node.op_type = "Flatten"
    del node.input[1:], node.attribute[:]
    return True


def _sort_constants(graph: onnx.GraphProto) -> None:
    """Put constants in the order of the nodes, and drop those that no node reads any more."""
    read = [*(name for node in graph.node for name in node.input), *(o.name for o in graph.output)]
    place = {name: index for index, name in reversed(list(enumerate(read)))}
    kept = sorted((t for t in graph.initializer if t.name in place), key=lambda t: place[t.name])
    del graph.initializer[:]
    graph.initializer.extend(kept)
