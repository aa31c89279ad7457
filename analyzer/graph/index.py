"""An index of an ONNX graph: who makes a value, who reads it, what is constant, of which type."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from analyzer.graph.readers import readers_of
from analyzer.graph.walk import STANDARD, sub_graphs

CONTRIB = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""


@dataclass(frozen=True)
class Index:
    """What is known of a graph without running it.

    Attributes:
        producers: Value name -> the node of the main graph that makes it.
        readers: Value name -> the nodes that read it, sub-graphs included.
        constants: Value name -> tensor, of initializers and Constant nodes.
        types: Value name -> ONNX element type, where it could be inferred.
        outputs: Names of the graph's outputs.
    """

    producers: dict[str, onnx.NodeProto]
    readers: dict[str, list[onnx.NodeProto]]
    constants: dict[str, onnx.TensorProto]
    types: dict[str, int]
    outputs: frozenset[str]

    def scalar(self, name: str) -> float | None:
        """The one number that constant ``name`` holds; None if it holds more, or is no constant."""
        return number_in(self.constants.get(name))

    def array(self, name: str) -> npt.NDArray[Any] | None:
        """The values of constant ``name``; None if it is no constant that can be read."""
        return _values(self.constants.get(name))


def index_of(proto: onnx.ModelProto) -> Index:
    """Index the main graph of ``proto``."""
    graph = proto.graph
    return Index(
        producers={name: node for node in graph.node for name in node.output if name},
        readers={v: [node for node, _ in found] for v, found in readers_of(graph).items()},
        constants=constants_of(graph),
        types=_types(proto),
        outputs=frozenset(o.name for o in graph.output),
    )


def _values(tensor: onnx.TensorProto | None) -> npt.NDArray[Any] | None:
    """What ``tensor`` holds; None if its type or its size is none: whoever runs it will say so."""
    try:
        return None if tensor is None else np.asarray(numpy_helper.to_array(tensor))
    except (KeyError, TypeError, ValueError):
        return None


def constants_of(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Value name -> tensor, of initializers and Constant nodes."""
    constants = {t.name: t for t in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            constants.update(_constant(node))
    return constants


def number_in(tensor: onnx.TensorProto | None) -> float | None:
    """The one number that ``tensor`` holds; None if it holds more, or there is no tensor."""
    values = _values(tensor)
    return float(values.reshape(())) if values is not None and values.size == 1 else None


def standard_opset(proto: onnx.ModelProto) -> int:
    """Version of the standard operators that ``proto`` is written in."""
    return max((o.version for o in proto.opset_import if o.domain in STANDARD), default=0)


def operator(node: onnx.NodeProto) -> str:
    """The operator's name; empty if it belongs to a domain that nobody here knows."""
    return node.op_type if node.domain in STANDARD | {CONTRIB} else ""


def title(node: onnx.NodeProto) -> str:
    """What to call ``node``: its name, or what it computes."""
    return node.name or next(iter(node.output), "")


def all_names(graph: onnx.GraphProto) -> set[str]:
    """Every name of a value or a node, sub-graphs included."""
    found = {t.name for t in graph.initializer} | {v.name for v in graph.input}
    for node in graph.node:
        found |= {node.name, *node.input, *node.output}
        for sub in sub_graphs(node):
            found |= all_names(sub)
    return found


def nested_nodes(graph: onnx.GraphProto, where: str = "") -> Iterator[tuple[onnx.NodeProto, str]]:
    """Every node below the main graph, with the name of the node that carries its sub-graph."""
    for node in graph.node:
        if where:
            yield node, where
        for sub in sub_graphs(node):
            yield from nested_nodes(sub, where or f"{node.op_type} {title(node)!r}")


def _constant(node: onnx.NodeProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    value = node.attribute[0] if node.attribute else onnx.AttributeProto()
    name = node.output[0]
    if value.name == "value":
        yield name, value.t
    elif value.name in {"value_float", "value_int"}:
        number = value.f if value.name == "value_float" else value.i
        dtype = np.float32 if value.name == "value_float" else np.int64
        yield name, numpy_helper.from_array(np.array(number, dtype), name)


def _types(proto: onnx.ModelProto) -> dict[str, int]:
    """Element types as stated in the file and as inferred; inference that fails adds nothing."""
    graphs = [proto.graph]
    try:
        graphs.append(onnx.shape_inference.infer_shapes(proto).graph)
    except Exception:  # shape inference raises errors of many kinds, none of them fatal here
        graphs.append(onnx.GraphProto())
    found = {t.name: t.data_type for t in proto.graph.initializer}
    for graph in graphs:
        for value in (*graph.input, *graph.value_info, *graph.output):
            if value.type.tensor_type.elem_type:
                found[value.name] = value.type.tensor_type.elem_type
    return found
