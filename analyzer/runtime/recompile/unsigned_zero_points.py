"""Signed values that ONNX Runtime makes unsigned: it adds 128 to them and to their zero points."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import onnx

from analyzer.faults.elements import Values


def as_unsigned(values: Values) -> Values:
    """int8 as the uint8 that are 128 more."""
    unsigned = np.ascontiguousarray(values).view(np.uint8) ^ np.uint8(0x80)
    return np.asarray(unsigned).reshape(values.shape)


def alias(zero: str) -> str:
    """Name of the zero point ``zero`` as uint8."""
    return f"{zero}_as_uint8"


def can_shift(name: str, graph: onnx.GraphProto, stored: Mapping[str, onnx.TensorProto]) -> bool:
    """Whether the value ``name`` is quantized and unpacked with int8 zero points of its own."""
    makers = [node for node in graph.node if name in node.output]
    readers = [node for node in graph.node if name in node.input]
    return all(_has_zero(node, stored) for node in makers + readers) and (
        [node.op_type for node in makers] == ["QuantizeLinear"]
        and {node.op_type for node in readers} == {"DequantizeLinear"}
    )


def _has_zero(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> bool:
    zero = stored.get(node.input[2]) if len(node.input) > 2 else None
    return zero is not None and zero.data_type == onnx.TensorProto.INT8


def shifted_nodes(
    nodes: Iterable[onnx.NodeProto], shifted: Collection[str]
) -> list[onnx.NodeProto]:
    """``nodes``, where the values in ``shifted`` are uint8."""
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
    """The zero points of ``values`` as uint8, by the names they then have."""
    wanted = set(values)
    found = {}
    for node in graph.node:
        if wanted.intersection((*node.output, *node.input[:1])) and _has_zero(node, stored):
            zero = stored[node.input[2]]
            unsigned = as_unsigned(onnx.numpy_helper.to_array(zero))
            found[alias(zero.name)] = onnx.numpy_helper.from_array(unsigned, alias(zero.name))
    return found


def with_aliases(raw: Mapping[str, bytes], known: Collection[str]) -> dict[str, bytes]:
    """``raw`` contents, and those of the zero points that are ``known`` as uint8."""
    found = dict(raw)
    for name, content in raw.items():
        if alias(name) in known:
            found[alias(name)] = as_unsigned(np.frombuffer(content, np.int8)).tobytes()
    return found
