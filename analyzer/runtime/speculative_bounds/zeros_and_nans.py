"""Signed zeros and NaN: values whose sign of zero is lost, and outputs in which a NaN must show.

ONNX Runtime's `Where` makes +0 of -0. A graph without it may hold -0 where another graph holds +0.
No number depends on that, and no bit does once the value has been added up: a sum that begins with
+0 never becomes -0 by terms that are zeros of either sign.
"""

from collections.abc import Iterable, Iterator

import onnx

from analyzer.runtime.stretches.cuts import reads

SUMS = frozenset(
    ["Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "GlobalAveragePool"]
)
"""Operators that add up many elements."""

MOVES = frozenset(["Concat", "Flatten", "ReorderInput", "ReorderOutput", "Reshape", "Transpose"])
"""Operators that only move elements."""

CARRIERS = MOVES | frozenset(
    ["Add", "And", "Clip", "LessOrEqual", "MaxPool", "ReduceMean", "Relu", "Where"]
)
"""Operators that give equal numbers for -0 and +0."""


def sign_of_zero_is_lost(graph: onnx.GraphProto, name: str) -> bool:
    """True if every way from a value to an output leads through a sum, by carriers only.

    Args:
        graph: the graph.
        name: the value.
    """
    outputs = {o.name for o in graph.output}
    reached = {name}
    for node in graph.node:
        read = set(reads(node)) & reached
        if not read:
            continue
        if node.op_type in SUMS and read == {node.input[0]}:
            continue
        if node.op_type not in SUMS | CARRIERS:
            return False
        reached.update(node.output)
    return not reached & outputs


KEEPERS = MOVES | frozenset(
    ["Add", "Clip", "Gemm", "GlobalAveragePool", "MatMul", "Mul", "ReduceMean", "Relu", "Sub"]
)
"""Operators whose result is NaN somewhere if one of the elements that they read is."""


def nan_shows(nodes: Iterable[onnx.NodeProto], name: str, outputs: Iterable[str]) -> bool:
    """True if a NaN anywhere in a value makes at least one of the outputs have one.

    Relu and Clip keep NaN in ONNX Runtime, alone and fused. No standard says so; every graph that
    relies on it is tried with a NaN before it is used (`two_forms.py`).

    Args:
        nodes: in order of execution.
        name: a value that they read, or one of the outputs.
        outputs: the values that they return.
    """
    spoilt = {name}
    for node in nodes:
        if any(_keeps(node, position) for position in _positions(node, spoilt)):
            spoilt.update(node.output)
    return bool(spoilt & set(outputs))


def _positions(node: onnx.NodeProto, names: set[str]) -> Iterator[int]:
    return (position for position, name in enumerate(node.input) if name in names)


def _keeps(node: onnx.NodeProto, position: int) -> bool:
    """True if a NaN in the input at this position shows in the node's result."""
    if node.op_type in ("Conv", "FusedConv"):
        return position == 3 or (position == 0 and _sees_all(node))
    return node.op_type in KEEPERS and (position == 0 or node.op_type in ("Add", "Concat", "Mul"))


def _sees_all(convolution: onnx.NodeProto) -> bool:
    """True if the windows of a convolution cover every element of its input."""
    found = {a.name: a for a in convolution.attribute}
    if "auto_pad" in found and found["auto_pad"].s != b"NOTSET":
        return False
    if "kernel_shape" not in found:
        return False
    kernel = list(found["kernel_shape"].ints)
    ones = [1] * len(kernel)
    strides = list(found["strides"].ints) if "strides" in found else ones
    pads = list(found["pads"].ints) if "pads" in found else [0] * 2 * len(kernel)
    dilations = list(found["dilations"].ints) if "dilations" in found else ones
    ends = pads[len(kernel) :]
    # With strides, the last window may end up to stride - 1 elements before the input does, unless
    # padding lets one more window begin.
    return dilations == ones and all(
        stride <= size and stride - 1 <= end
        for size, stride, end in zip(kernel, strides, ends, strict=True)
    )
