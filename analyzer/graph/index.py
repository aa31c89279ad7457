"""The index of an ONNX graph: who makes a value, who reads it, what is constant, of which type.

An index is a snapshot. Whoever changes the graph makes a new one.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from analyzer.graph.walk import STANDARD, all_nodes, reads, sub_graphs

CONTRIB = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""

Readers = dict[str, list[tuple[onnx.NodeProto, int]]]
"""Value name -> the (node, input position) pairs that read it."""


class Index:
    """Facts about one main graph that need no run.

    Attributes:
        graph: The graph.
        producers: Value name -> the node of the main graph that makes it.
        uses: Value name -> the (node, input position) pairs that read it, sub-graphs included.
        readers: Value name -> the nodes that read it, sub-graphs included; a node that reads it
            twice stands there twice.
        constants: Value name -> tensor, of initializers and Constant nodes.
        outputs: Names of the graph's outputs.
    """

    def __init__(self, graph: onnx.GraphProto, model: onnx.ModelProto | None = None) -> None:
        """Index ``graph``.

        Args:
            graph: the graph; it must not change while the index is in use.
            model: the model that it is the main graph of. Without the model, types are those
                that the graph states; none is inferred.
        """
        self.graph, self._model = graph, model
        self.producers = {name: node for node in graph.node for name in node.output if name}
        self.uses = readers_of(graph)
        self.readers = {name: [node for node, _ in found] for name, found in self.uses.items()}
        self.constants = constants_of(graph)
        self.outputs = frozenset(o.name for o in graph.output)

    @cached_property
    def places(self) -> dict[str, int]:
        """Value name -> position of the node of the main graph that makes it."""
        return {name: i for i, n in enumerate(self.graph.node) for name in n.output if name}

    @cached_property
    def reading_places(self) -> dict[str, list[int]]:
        """Value name -> ascending positions of the nodes of the main graph that read it.

        A node reads what its sub-graphs take from outside, too.
        """
        found: dict[str, list[int]] = defaultdict(list)
        for position, node in enumerate(self.graph.node):
            for name in set(reads(node)):
                found[name].append(position)
        return dict(found)

    @cached_property
    def types(self) -> dict[str, int]:
        """Value name -> ONNX element type, as the file states it or as it can be inferred."""
        return _types(self.graph, self._model)

    def made_by(self, name: str, *operators: str) -> onnx.NodeProto | None:
        """The node that makes value ``name``, if it is one of ``operators``; else None."""
        node = self.producers.get(name)
        return node if node is not None and operator(node) in operators else None

    def only_reader(self, name: str) -> onnx.NodeProto | None:
        """The node that alone reads value ``name``, once; None if more do, or if it is an output.

        The node may lie in a sub-graph; then nothing that it makes is in ``producers``.
        """
        found = self.readers.get(name, [])
        return found[0] if len(found) == 1 and name not in self.outputs else None

    def scalar(self, name: str) -> float | None:
        """The one number that constant ``name`` holds; None if it holds more, or is no constant."""
        return number_in(self.constants.get(name))

    def array(self, name: str) -> npt.NDArray[Any] | None:
        """The values of constant ``name``; None if it is no constant that can be read."""
        return _values(self.constants.get(name))


def index_of(proto: onnx.ModelProto) -> Index:
    """Index the main graph of ``proto``."""
    return Index(proto.graph, proto)


def readers_of(graph: onnx.GraphProto) -> Readers:
    """Value name -> the (node, input position) pairs that read it, sub-graphs included."""
    found: Readers = {}
    for node in all_nodes(graph):
        for position, name in enumerate(node.input):
            if name:
                found.setdefault(name, []).append((node, position))
    return found


def constants_of(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Value name -> tensor, of initializers and of Constant nodes of the main graph."""
    constants = {t.name: t for t in graph.initializer}
    for node in graph.node:
        if operator(node) == "Constant":
            constants.update(_constant(node))
    return constants


def _constant(node: onnx.NodeProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    """Name and tensor of a Constant node; nothing where it holds text or is sparse."""
    value = node.attribute[0] if node.attribute else onnx.AttributeProto()
    name = node.output[0]
    if value.name == "value":
        yield name, value.t
    elif value.name in _HELD:
        field, dtype = _HELD[value.name]
        yield name, numpy_helper.from_array(np.array(getattr(value, field), dtype), name)


_HELD: dict[str, tuple[str, npt.DTypeLike]] = {
    "value_float": ("f", np.float32),
    "value_int": ("i", np.int64),
    "value_floats": ("floats", np.float32),
    "value_ints": ("ints", np.int64),
}
"""Attribute of a Constant node -> its field in the file, and the element type of the constant."""


def number_in(tensor: onnx.TensorProto | None) -> float | None:
    """The one number that ``tensor`` holds; None if it holds more, text, or there is no tensor."""
    values = _values(tensor)
    if values is None or values.size != 1 or values.dtype.kind in "OSUc":
        return None
    return float(values.reshape(()))


def _values(tensor: onnx.TensorProto | None) -> npt.NDArray[Any] | None:
    """The contents of ``tensor``; None where they cannot be read from the tensor alone.

    A tensor whose type or size is wrong is refused in a sentence by whoever runs the model.
    """
    if tensor is None or tensor.data_location == onnx.TensorProto.EXTERNAL:
        return None
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (KeyError, TypeError, ValueError):
        return None


def standard_opset(proto: onnx.ModelProto) -> int:
    """Version of the standard operators that ``proto`` is written in; 0 if it names none."""
    return max((o.version for o in proto.opset_import if o.domain in STANDARD), default=0)


def operator(node: onnx.NodeProto) -> str:
    """The operator's name; empty if it is neither standard nor one of ONNX Runtime's own."""
    return node.op_type if node.domain in STANDARD | {CONTRIB} else ""


def title(node: onnx.NodeProto) -> str:
    """A name for ``node`` in messages: its own, or that of its first result."""
    return node.name or next(iter(node.output), "")


def all_names(graph: onnx.GraphProto) -> set[str]:
    """Every name of a value or a node, sub-graphs included."""
    stored = {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    found = stored | {v.name for v in (*graph.input, *graph.output)}
    for node in graph.node:
        found |= {node.name, *node.input, *node.output}
        for sub in sub_graphs(node):
            found |= all_names(sub)
    return found


def nested_nodes(graph: onnx.GraphProto, where: str = "") -> Iterator[tuple[onnx.NodeProto, str]]:
    """Every node below the main graph, and the main node that carries its sub-graph.

    Args:
        graph: the main graph; in recursion, a sub-graph.
        where: the carrying node as messages name it; empty for the main graph.
    """
    for node in graph.node:
        if where:
            yield node, where
        for sub in sub_graphs(node):
            yield from nested_nodes(sub, where or f"{node.op_type} {title(node)!r}")


def _types(graph: onnx.GraphProto, model: onnx.ModelProto | None) -> dict[str, int]:
    """Element types as stated in the file and as inferred; inference that fails adds nothing."""
    graphs = [graph]
    try:
        if model is not None:
            graphs.append(onnx.shape_inference.infer_shapes(model).graph)
    except Exception:  # shape inference raises errors of many kinds, none of them fatal here
        graphs.append(onnx.GraphProto())
    found = {t.name: t.data_type for t in graph.initializer}
    for source in graphs:
        for value in (*source.input, *source.value_info, *source.output):
            if value.type.tensor_type.elem_type:
                found[value.name] = value.type.tensor_type.elem_type
    return found
