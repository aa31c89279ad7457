"""Signed values that ONNX Runtime makes unsigned by adding 128 to them and to their zero points."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import onnx

from analyzer.faults.elements import Values


def as_unsigned(values: Values) -> Values:
    """Turn int8 into uint8 by adding 128, in the same shape.

    >>> as_unsigned(np.array([-128, 0, 127], np.int8)).tolist()
    [0, 128, 255]
    """
    unsigned = np.ascontiguousarray(values).view(np.uint8) ^ np.uint8(0x80)
    return np.asarray(unsigned).reshape(values.shape)


def alias(zero: str) -> str:
    """The name of the zero point ``zero`` as uint8."""
    return f"{zero}_as_uint8"


def can_shift(name: str, graph: onnx.GraphProto, stored: Mapping[str, onnx.TensorProto]) -> bool:
    """True if a value is quantized and dequantized with stored int8 zero points.

    Args:
        name: the value.
        graph: the file's graph.
        stored: its initializers by name.
    """
    makers = [node for node in graph.node if name in node.output]
    readers = [node for node in graph.node if name in node.input]
    return all(_has_zero(node, stored) for node in makers + readers) and (
        [node.op_type for node in makers] == ["QuantizeLinear"]
        and {node.op_type for node in readers} == {"DequantizeLinear"}
    )


def _has_zero(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> bool:
    """True if the third input of a node is a stored int8 zero point."""
    zero = stored.get(node.input[2]) if len(node.input) > 2 else None
    return zero is not None and zero.data_type == onnx.TensorProto.INT8


def shifted_nodes(
    nodes: Iterable[onnx.NodeProto], shifted: Collection[str]
) -> list[onnx.NodeProto]:
    """Nodes that compute some values as uint8; nodes that do not touch them are not copied.

    Args:
        nodes: nodes of the file's graph.
        shifted: the values, each of which `can_shift`.
    """
    found = []
    for node in nodes:
        if (node.op_type == "QuantizeLinear" and node.output[0] in shifted) or (
            node.op_type == "DequantizeLinear" and node.input[0] in shifted
        ):
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.input[2] = alias(node.input[2])
            node = copy
        found.append(node)
    return found


def aliases(
    values: Iterable[str], graph: onnx.GraphProto, stored: Mapping[str, onnx.TensorProto]
) -> dict[str, onnx.TensorProto]:
    """The zero points of some values as uint8, by the names that `alias` gives them.

    Args:
        values: the values, each of which `can_shift`.
        graph: the file's graph.
        stored: its initializers by name.
    """
    wanted = set(values)
    found = {}
    for node in graph.node:
        if wanted.intersection((*node.output, *node.input[:1])) and _has_zero(node, stored):
            zero = stored[node.input[2]]
            unsigned = as_unsigned(onnx.numpy_helper.to_array(zero))
            found[alias(zero.name)] = onnx.numpy_helper.from_array(unsigned, alias(zero.name))
    return found


def with_aliases(raw: Mapping[str, bytes], known: Collection[str]) -> dict[str, bytes]:
    """Contents, and those of their uint8 zero points.

    Args:
        raw: bytes by initializer.
        known: names of all initializers, uint8 zero points among them.
    """
    found = dict(raw)
    for name, content in raw.items():
        if alias(name) in known:
            found[alias(name)] = as_unsigned(np.frombuffer(content, np.int8)).tobytes()
    return found
