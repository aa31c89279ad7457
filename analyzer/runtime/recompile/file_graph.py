"""The graph of a model file as a line of nodes that can be cut where only integers pass.

ONNX Runtime's optimizer fuses, reorders and replaces the nodes between quantized values. Across a
value that is stored as integers it only moves data. So a subgraph of the *file's* graph between two
such cuts can be optimized by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import onnx

from analyzer.graph.walk import sub_graphs
from analyzer.runtime.stretches.cuts import reads

LOCAL = frozenset(
    word
    for line in (
        "Add AveragePool BatchNormalization Clip Concat Constant Conv DequantizeLinear Div",
        "Flatten Gemm GlobalAveragePool HardSigmoid HardSwish Identity LeakyRelu LessOrEqual",
        "MatMul Max MaxPool Min Mul PRelu QGemm QLinearAdd QLinearAveragePool QLinearConcat",
        "QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMatMul QLinearMul",
        "QLinearSigmoid QuantizeLinear Relu Reshape Sigmoid Squeeze Sub Unsqueeze Where",
    )
    for word in line.split()
)
"""Operators that a subgraph may have: optimized alike wherever the graph around them ends."""


@dataclass(frozen=True, slots=True)
class FileCut:
    """A place between two nodes of a file's graph.

    Attributes:
        position: Number of nodes of `FileGraph.nodes` before the cut.
        values: Names of the values that are computed before the cut and read behind it.
    """

    position: int
    values: frozenset[str]


class FileGraph:
    """A file's graph as the nodes that depend on its inputs; all others are inlined.

    Nodes that only unpack stored tensors, and `DequantizeLinear` of a computed value, are run once
    for each node that reads them. ONNX Runtime gives every reader a copy of its own, too.

    Attributes:
        proto: The golden model.
        stored: Its initializers by name.
        nodes: The nodes that depend on inputs, in order of execution.
    """

    def __init__(self, proto: onnx.ModelProto) -> None:
        """Tell nodes that are inlined from the others.

        Args:
            proto: the golden model; a reference is kept, so it must not change.
        """
        self.proto, graph = proto, proto.graph
        self.stored = {t.name: t for t in graph.initializer}
        outputs = {o.name for o in graph.output}
        self._inlined: dict[str, onnx.NodeProto] = {}
        constant = set(self.stored)
        self.nodes: list[onnx.NodeProto] = []
        for node in graph.node:
            fixed = _is_fixed(node, constant)
            if fixed:
                constant.update(node.output)
            if (fixed or _unpacks(node, constant)) and outputs.isdisjoint(node.output):
                self._inlined |= dict.fromkeys(node.output, node)
            else:
                self.nodes.append(node)

    def with_inlined(self, nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
        """Some of `nodes`, and before each the nodes that are inlined in it."""
        found: dict[int, onnx.NodeProto] = {}
        for node in nodes:
            self._collect(node, found)
        return list(found.values())

    def _collect(self, node: onnx.NodeProto, found: dict[int, onnx.NodeProto]) -> None:
        for name in reads(node):
            if name in self._inlined and id(self._inlined[name]) not in found:
                self._collect(self._inlined[name], found)
        found[id(node)] = node

    def needs(self, nodes: Sequence[onnx.NodeProto]) -> set[str]:
        """Names that some of `nodes` and their inlined nodes read: stored or computed values."""
        return {name for node in self.with_inlined(nodes) for name in reads(node) if name}

    @cached_property
    def cuts(self) -> list[FileCut]:
        """Every cut, the one before the first node included."""
        inputs = [i.name for i in self.proto.graph.input]
        made = {*inputs, *(name for node in self.nodes for name in node.output)}
        needed = [(self.needs([node]) & made) - self.stored.keys() for node in self.nodes]
        last = {name: at for at, names in enumerate(needed) for name in names}
        live = last.keys() & inputs
        found = []
        for position, node in enumerate(self.nodes):
            live = {name for name in live if last[name] >= position}
            found.append(FileCut(position, frozenset(live)))
            live |= last.keys() & node.output
        return found

    def is_local(self, begin: int, end: int) -> bool:
        """True if a subgraph may be optimized by itself.

        Args:
            begin: position of its first node.
            end: position behind its last node.
        """
        nodes = self.with_inlined(self.nodes[begin:end])
        return all(node.op_type in LOCAL and not any(sub_graphs(node)) for node in nodes)


def _is_fixed(node: onnx.NodeProto, constant: set[str]) -> bool:
    """True if a node computes the same for all inputs of the model."""
    return all(name in constant for name in node.input if name) and not any(sub_graphs(node))


def _unpacks(node: onnx.NodeProto, constant: set[str]) -> bool:
    """True if a node turns quantized values into floats by a stored scale and zero point."""
    known = [name for name in node.input if name]
    return node.op_type == "DequantizeLinear" and all(name in constant for name in known[1:])
