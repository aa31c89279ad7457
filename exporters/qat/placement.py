"""The places where a quantized ONNX model rounds, read off the one of ``relcheck quantize``.

The training simulates that file. So nothing here decides which values are quantized: the float
model and its quantized twin are laid side by side, node by node, and the differences are noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import onnx
from onnx import TensorProto

from analyzer.errors import CannotQuantize
from analyzer.graph.index import Index, index_of, operator

ABSORBED = frozenset({"Relu", "Clip"})
"""Operators that a quantizer takes over: its range ends where they would cut off."""


@dataclass(frozen=True)
class Rounding:
    """The integers that stand for one activation.

    Attributes:
        scale: Name of the stored scale.
        zero_point: Name of the stored zero point.
    """

    scale: str
    zero_point: str


@dataclass(frozen=True)
class StoredTensor:
    """A weight, bias or constant that the file stores as integers.

    Attributes:
        codes: Name of the stored integers.
        scale: Name of the stored scale.
        zero_point: Name of the stored zero point; empty if there is none.
        axis: The axis with a scale for each index; None: one scale.
        source: Name of the tensor in the float model.
        node: The node that reads it.
        position: The input of that node.
    """

    codes: str
    scale: str
    zero_point: str
    axis: int | None
    source: str
    node: str
    position: int


@dataclass(frozen=True)
class Placement:
    """All places where a quantized model rounds.

    Attributes:
        values: Value of the float model -> its rounding.
        stored: (node, position) -> the integers that the node reads there.
        rounded_inputs: (node, position) of inputs that are rounded values; a node may also read the
            value before it is rounded.
        absorbed: Nodes of the float model that the quantized model has no need of.
    """

    values: dict[str, Rounding]
    stored: dict[tuple[str, int], StoredTensor]
    rounded_inputs: frozenset[tuple[str, int]]
    absorbed: frozenset[str]


def find_placement(model: onnx.ModelProto, quantized: onnx.ModelProto) -> Placement:
    """Compare a float model with its quantized twin.

    Args:
        model: float32; every node has a name of its own.
        quantized: what `exporters.quantize.ptq.quantize_proto` made of it.

    Raises:
        CannotQuantize: the two do not correspond.
    """
    index = index_of(quantized)
    twins = {node.name: node for node in quantized.graph.node}
    values: dict[str, Rounding] = {}
    stored: dict[tuple[str, int], StoredTensor] = {}
    rounded: set[tuple[str, int]] = set()
    absorbed: set[str] = set()
    for node in model.graph.node:
        twin = twins.get(node.name)
        if twin is None or twin.op_type != node.op_type:
            absorbed.add(_absorbed(node))
            continue
        for position, dequantizer in _dequantized(twin, index):
            name, place = node.input[position], (node.name, position)
            if dequantizer.input[0] in index.constants:
                stored[place] = _stored(dequantizer, name, place, index)
            else:
                values[name] = Rounding(dequantizer.input[1], dequantizer.input[2])
                rounded.add(place)
    for old, new in zip(model.graph.output, quantized.graph.output, strict=True):
        made = index.made_by(new.name, "DequantizeLinear")
        if made is not None:
            values[old.name] = Rounding(made.input[1], made.input[2])
    return Placement(values, stored, frozenset(rounded), frozenset(absorbed))


def _absorbed(node: onnx.NodeProto) -> str:
    if operator(node) not in ABSORBED:
        raise CannotQuantize(f"the quantizer dropped the node {node.name} ({node.op_type})")
    return str(node.name)


def _dequantized(node: onnx.NodeProto, index: Index) -> Iterator[tuple[int, onnx.NodeProto]]:
    """Inputs of a node that a DequantizeLinear makes: position, and that node."""
    for position, name in enumerate(node.input):
        made = index.made_by(name, "DequantizeLinear")
        if made is not None:
            yield position, made


def _stored(
    dequantizer: onnx.NodeProto, source: str, place: tuple[str, int], index: Index
) -> StoredTensor:
    codes, scale, *rest = dequantizer.input
    axes = [a.i for a in dequantizer.attribute if a.name == "axis"] or [1]
    rank = len(index.constants[codes].dims)
    per_channel = len(index.constants[scale].dims) == 1 and rank > 0
    axis = axes[0] % rank if per_channel else None
    return StoredTensor(codes, scale, rest[0] if rest else "", axis, source, *place)


def is_bias(tensor: StoredTensor, index: Index) -> bool:
    """True if a stored tensor is int32: its scale is the product of two others.

    Args:
        tensor: one of the quantized model.
        index: of that model.
    """
    return bool(index.constants[tensor.codes].data_type == TensorProto.INT32)
