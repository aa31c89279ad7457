"""A model file's graph as a line of nodes that can be cut where only integers pass.

ONNX Runtime's optimizer fuses, reorders and replaces what lies between quantized values. Across one
that it stores as integers it only moves data. So a stretch of the *file's* graph between such
values can be optimized by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import onnx

from analyzer.graph.walk import sub_graphs
from analyzer.runtime.recompile.unsigned_zero_points import alias, aliases, shifted_nodes
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
"""Operators that may stand in a stretch: optimized alike wherever the graph around them ends."""


@dataclass(frozen=True, slots=True)
class FileCut:
    """A place between two nodes of the file_graph.

    Attributes:
        position: How many nodes of the file_graph stand before it.
        values: Names of the values that are made before and read after it.
    """

    position: int
    values: frozenset[str]


class FileGraph:
    """The nodes of a graph that depend on its inputs; the others hang on those that read them.

    What only unpacks stored tensors, and `DequantizeLinear` of a value that passes, is computed
    where it is read, as often as it is read: ONNX Runtime gives every reader one of its own, too.
    """

    def __init__(self, proto: onnx.ModelProto) -> None:
        """Take the graph apart.

        Args:
            proto: the golden model; it is kept, and must not change.
        """
        self.proto, graph = proto, proto.graph
        self.stored = {t.name: t for t in graph.initializer}
        outputs = {o.name for o in graph.output}
        self._inlined: dict[str, onnx.NodeProto] = {}
        constant = set(self.stored)
        self.nodes: list[onnx.NodeProto] = []
        for node in graph.node:
            known = [name for name in node.input if name]
            fixed = all(name in constant for name in known) and not any(sub_graphs(node))
            if fixed:
                constant.update(node.output)
            unpacks = node.op_type == "DequantizeLinear" and all(n in constant for n in known[1:])
            if (fixed or unpacks) and outputs.isdisjoint(node.output):
                self._inlined |= dict.fromkeys(node.output, node)
            else:
                self.nodes.append(node)

    def with_inlined(self, nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
        """``nodes`` of the file_graph, and before each what hangs on it, in order of execution."""
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
        """Values that ``nodes`` and what hangs on them read: stored, passing, or made there."""
        return {name for node in self.with_inlined(nodes) for name in reads(node) if name}

    @cached_property
    def cuts(self) -> list[FileCut]:
        """Every place between nodes, the one before the first included."""
        made = {name for node in self.nodes for name in node.output}
        made |= {i.name for i in self.proto.graph.input}
        needed = [(self.needs([node]) & made) - self.stored.keys() for node in self.nodes]
        last = {name: at for at, names in enumerate(needed) for name in names}
        live = {i.name for i in self.proto.graph.input if i.name in last}
        found = []
        for position, node in enumerate(self.nodes):
            live = {name for name in live if last[name] >= position}
            found.append(FileCut(position, frozenset(live)))
            live |= {name for name in node.output if name in last}
        return found

    def is_local(self, begin: int, end: int) -> bool:
        """Whether the nodes from ``begin`` to before ``end`` may be optimized by themselves."""
        nodes = self.with_inlined(self.nodes[begin:end])
        return all(node.op_type in LOCAL and not any(sub_graphs(node)) for node in nodes)


@dataclass(frozen=True, slots=True)
class AlignedValue:
    """A value of the file's graph as it passes a aligned_cut of the optimized graph.

    Attributes:
        name: Its name in the file's graph.
        optimized: Its name in the optimized graph.
        last: Whether the optimized graph holds its channels last.
        shifted: Whether it is int8 in the file, and uint8, 128 more, in the optimized graph.
    """

    name: str
    optimized: str
    last: bool
    shifted: bool = False


@dataclass(frozen=True, slots=True)
class AlignedCut:
    """A place where both graphs can be cut, and the same values pass.

    Attributes:
        position: How many nodes of the file_graph stand before it.
        cut: How many nodes of the optimized graph run before it.
        values: What passes.
    """

    position: int
    cut: int
    values: tuple[AlignedValue, ...]


@dataclass(frozen=True, slots=True)
class ValueType:
    """Element type and shape of a value.

    Attributes:
        element: `onnx.TensorProto.DataType`.
        shape: Numbers, or names of what may vary.
    """

    element: int
    shape: tuple[int | str | None, ...]


def channels_last(shape: Sequence[int | str | None]) -> tuple[int | str | None, ...]:
    """A shape of rank 4 as the optimized graph may hold it."""
    return shape[0], shape[2], shape[3], shape[1]


MOST_KEPT_BYTES = 2**14
"""Bytes of an initializer up to which it is kept written."""


class SubgraphWriter:
    """Stretches of the file's graph, as bytes of models."""

    def __init__(
        self,
        file_graph: FileGraph,
        value_types: Mapping[str, ValueType],
        shifted: Collection[str] = (),
    ) -> None:
        """Keep them.

        Args:
            file_graph: the graph.
            value_types: what passes the aligned_cuts, by name in the file's graph.
            shifted: values that are int8 in the file, and uint8 in the optimized graph.
        """
        self._file_graph, self._described, self._shifted = file_graph, value_types, set(shifted)
        self._stored = file_graph.stored | aliases(
            shifted, file_graph.proto.graph, file_graph.stored
        )
        self._golden: dict[str, bytes] = {}

    def initializers(self, names: Collection[str]) -> dict[str, onnx.TensorProto]:
        """The initializers ``names`` of the file, and what stretches read in place of them."""
        wanted = {*names, *(alias(name) for name in names)}
        return {name: self._stored[name] for name in sorted(wanted & self._stored.keys())}

    def initializer(self, name: str, raw: bytes | None = None) -> bytes:
        """A model's bytes that consist of one initializer; appended to others, it joins them.

        Args:
            name: which one.
            raw: its contents; None: the golden ones.
        """
        if raw is None and name in self._golden:
            return self._golden[name]
        tensor = onnx.TensorProto()
        tensor.CopyFrom(self._stored[name])
        if raw is not None:
            tensor.raw_data = raw
        graph = onnx.GraphProto(initializer=[tensor])
        found: bytes = onnx.ModelProto(graph=graph).SerializeToString()
        if raw is None and len(found) <= MOST_KEPT_BYTES:
            self._golden[name] = found
        return found

    def stretch(self, begin: AlignedCut, end: AlignedCut, outputs: Sequence[str]) -> "FileSubgraph":
        """The nodes between two aligned_cuts.

        What passes the aligned_cuts has the names of the optimized graph, and its layout.

        Args:
            begin: the first aligned_cut.
            end: the second one.
            outputs: names of those of the model's outputs that are made between them.
        """
        file_graph = self._file_graph
        nodes = file_graph.with_inlined(file_graph.nodes[begin.position : end.position])
        nodes = shifted_nodes(nodes, self._shifted)
        model = onnx.ModelProto(ir_version=file_graph.proto.ir_version)
        model.opset_import.extend(file_graph.proto.opset_import)
        graph = model.graph
        graph.name = file_graph.proto.graph.name
        read = {name for node in nodes for name in reads(node)}
        carried = {value.optimized for value in begin.values}
        read |= {value.name for value in end.values if value.optimized not in carried}
        inputs = self._inputs(graph, [value for value in begin.values if value.name in read])
        graph.node.extend(nodes)
        missing = [value for value in end.values if value.optimized not in carried]
        results = self._outputs(graph, missing)
        value_types = {o.name: o for o in file_graph.proto.graph.output}
        graph.output.extend(value_types[name] for name in outputs)
        results |= {name: name for name in outputs}
        stored = tuple(sorted(read & self._stored.keys()))
        return FileSubgraph(model.SerializeToString(), inputs, results, stored)

    def _inputs(self, graph: onnx.GraphProto, values: Sequence[AlignedValue]) -> dict[str, str]:
        found = {}
        own = {i.name: i for i in self._file_graph.proto.graph.input}
        for number, value in enumerate(values):
            if value.name in own:
                graph.input.append(own[value.name])
                found[value.name] = value.optimized
                continue
            about = self._described[value.name]
            element = onnx.TensorProto.UINT8 if value.shifted else about.element
            fed = f"relcheck_in_{number}" if value.last else value.name
            shape = channels_last(about.shape) if value.last else about.shape
            graph.input.append(onnx.helper.make_tensor_value_info(fed, element, shape))
            if value.last:
                graph.node.append(_transpose(fed, value.name, (0, 3, 1, 2)))
            found[fed] = value.optimized
        return found

    def _outputs(self, graph: onnx.GraphProto, values: Sequence[AlignedValue]) -> dict[str, str]:
        made = {name for node in graph.node for name in node.output}
        found = {}
        for number, value in enumerate(values):
            result = value.name
            if value.last or value.name not in made:
                result = f"relcheck_out_{number}"
                order = (0, 2, 3, 1) if value.last else None
                graph.node.append(_transpose(value.name, result, order))
            graph.output.add(name=result)
            found[result] = value.optimized
        return found


def _transpose(name: str, result: str, order: Sequence[int] | None) -> onnx.NodeProto:
    if order is None:
        return onnx.helper.make_node("Identity", [name], [result])
    return onnx.helper.make_node("Transpose", [name], [result], perm=order)


@dataclass(frozen=True, slots=True)
class FileSubgraph:
    """Nodes of the file's graph between two aligned_cuts.

    Attributes:
        head: The model without its initializers.
        inputs: By input of the model: the value of the optimized graph that it is.
        outputs: By output of the model: the same.
        stored: The initializers that it reads.
    """

    head: bytes
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    stored: tuple[str, ...]
