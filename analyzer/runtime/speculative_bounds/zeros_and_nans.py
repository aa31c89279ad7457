"""Which values may have another sign of zero, and where a NaN is bound to show.

ONNX Runtime's `Where` makes +0 of -0. A graph without it may hold -0 where another holds +0, which
makes no difference to any number, and to no bit once it has been added up: a sum that begins
with +0 never becomes -0 by terms that are zeros of either sign.
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
    """Whether every way from value ``name`` to an output leads through a sum, by carriers only."""
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
    """Whether a NaN anywhere in ``name`` makes at least one of ``outputs`` have one.

    Relu and Clip keep NaN in ONNX Runtime, alone and fused; this is tried, too, on every graph that
    relies on it.

    Args:
        nodes: in order of execution.
        name: a value that they read, or one of the outputs.
        outputs: what they return.
    """
    spoilt = {name}
    for node in nodes:
        if any(_keeps(node, position) for position in _positions(node, spoilt)):
            spoilt.update(node.output)
    return bool(spoilt & set(outputs))


def _positions(node: onnx.NodeProto, names: set[str]) -> Iterator[int]:
    return (position for position, name in enumerate(node.input) if name in names)


def _keeps(node: onnx.NodeProto, position: int) -> bool:
    if node.op_type in ("Conv", "FusedConv"):
        return position == 3 or (position == 0 and _sees_all(node))
    return node.op_type in KEEPERS and (position == 0 or node.op_type in ("Add", "Concat", "Mul"))


def _sees_all(convolution: onnx.NodeProto) -> bool:
    """Whether the windows of a convolution cover every element of its input."""
    found = {a.name: a for a in convolution.attribute}
    if "auto_pad" in found and found["auto_pad"].s != b"NOTSET":
        return False
    if "kernel_shape" not in found:
        return False
    kernel = list(found["kernel_shape"].ints)
    strides = list(found["strides"].ints) if "strides" in found else [1] * len(kernel)
    pads = list(found["pads"].ints) if "pads" in found else [0] * 2 * len(kernel)
    dilations = list(found["dilations"].ints) if "dilations" in found else [1] * len(kernel)
    ends = pads[len(kernel) :]
    return all(
        dilation == 1 and stride <= size and stride - 1 <= end
        for size, stride, end, dilation in zip(kernel, strides, ends, dilations, strict=True)
    )
