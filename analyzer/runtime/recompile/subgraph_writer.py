"""Subgraphs of the file's graph, written as the bytes of models of their own.

The values that enter and leave a subgraph have the names of the optimized graph, its layout and its
element types, so that sessions of both graphs can follow one another.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import onnx

from analyzer.runtime.recompile.file_graph import FileGraph
from analyzer.runtime.recompile.unsigned_zero_points import alias, aliases, shifted_nodes
from analyzer.runtime.stretches.cuts import reads

MOST_KEPT_BYTES = 2**14
"""Bytes of an initializer up to which its serialized form is kept."""

TO_CHANNELS_LAST, TO_CHANNELS_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)
"""Orders of axes for `Transpose`."""

Shape = tuple[int | str | None, ...]
"""Sizes of axes, or names of those that may vary."""


@dataclass(frozen=True, slots=True)
class AlignedValue:
    """A value that both graphs compute, each in its own form.

    Attributes:
        name: The value's name in the file's graph.
        optimized: The value's name in the optimized graph.
        last: True if the optimized graph holds channels last.
        shifted: True if the value is int8 in the file, and uint8, 128 more, when optimized.
    """

    name: str
    optimized: str
    last: bool
    shifted: bool = False


@dataclass(frozen=True, slots=True)
class AlignedCut:
    """A place where both graphs can be cut, because the same values pass there.

    Attributes:
        position: Number of nodes of the file's graph before the cut.
        cut: Number of nodes of the optimized graph before the cut.
        values: The values that pass.
    """

    position: int
    cut: int
    values: tuple[AlignedValue, ...]


@dataclass(frozen=True, slots=True)
class ValueType:
    """Element type and shape of a value.

    Attributes:
        element: `onnx.TensorProto.DataType`.
        shape: The shape.
    """

    element: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class FileSubgraph:
    """The nodes of the file's graph between two aligned cuts.

    Attributes:
        head: The model without its initializers, serialized.
        inputs: The value of the optimized graph that each input of the model is.
        outputs: The value of the optimized graph that each output of the model is.
        stored: The initializers that the model reads.
    """

    head: bytes
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    stored: tuple[str, ...]


class SubgraphWriter:
    """Writes subgraphs of one file's graph."""

    def __init__(
        self,
        file_graph: FileGraph,
        value_types: Mapping[str, ValueType],
        shifted: Collection[str] = (),
    ) -> None:
        """Keep what subgraphs are made of.

        Args:
            file_graph: the graph.
            value_types: types of the values that pass aligned cuts, by name in the file's graph.
            shifted: values that are int8 in the file, and uint8 in the optimized graph.
        """
        self._file_graph, self._value_types = file_graph, value_types
        self._shifted = set(shifted)
        proto, stored = file_graph.proto, file_graph.stored
        self._stored = stored | aliases(shifted, proto.graph, stored)
        self._own_inputs = {i.name: i for i in proto.graph.input}
        self._golden: dict[str, bytes] = {}

    def initializers(self, names: Collection[str]) -> dict[str, onnx.TensorProto]:
        """Initializers of the file, and the uint8 zero points that subgraphs read instead."""
        wanted = {*names, *(alias(name) for name in names)}
        return {name: self._stored[name] for name in sorted(wanted & self._stored.keys())}

    def initializer(self, name: str, raw: bytes | None = None) -> bytes:
        """The bytes of a model of one initializer; appended to another model's, they add it.

        Args:
            name: the initializer.
            raw: its contents, little-endian; None: the golden ones.
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

    def subgraph(self, begin: AlignedCut, end: AlignedCut, outputs: Sequence[str]) -> FileSubgraph:
        """Write the nodes between two cuts.

        Args:
            begin: the first cut.
            end: the second cut.
            outputs: outputs of the model that are computed between the cuts.
        """
        proto = self._file_graph.proto
        nodes = self._file_graph.nodes[begin.position : end.position]
        nodes = shifted_nodes(self._file_graph.with_inlined(nodes), self._shifted)
        # A value that passes both cuts stays where it is: the subgraph neither reads nor returns it
        # unless one of its nodes does.
        carried = {value.optimized for value in begin.values}
        computed = [value for value in end.values if value.optimized not in carried]
        read = {name for node in nodes for name in reads(node)} | {v.name for v in computed}
        model = onnx.ModelProto(ir_version=proto.ir_version)
        model.opset_import.extend(proto.opset_import)
        model.graph.name = proto.graph.name
        inputs = self._inputs(model.graph, [value for value in begin.values if value.name in read])
        model.graph.node.extend(nodes)
        results = _outputs(model.graph, computed) | {name: name for name in outputs}
        own = {o.name: o for o in proto.graph.output}
        model.graph.output.extend(own[name] for name in outputs)
        stored = tuple(sorted(read & self._stored.keys()))
        return FileSubgraph(model.SerializeToString(), inputs, results, stored)

    def _inputs(self, graph: onnx.GraphProto, values: Sequence[AlignedValue]) -> dict[str, str]:
        """Add inputs, and nodes that turn them into the file's layout; `FileSubgraph.inputs`."""
        found = {}
        for number, value in enumerate(values):
            if value.name in self._own_inputs:
                graph.input.append(self._own_inputs[value.name])
                found[value.name] = value.optimized
                continue
            known = self._value_types[value.name]
            element = onnx.TensorProto.UINT8 if value.shifted else known.element
            fed, shape = value.name, known.shape
            if value.last:
                fed = f"relcheck_in_{number}"
                shape = tuple(shape[axis] for axis in TO_CHANNELS_LAST)
                graph.node.append(_moved(fed, value.name, TO_CHANNELS_FIRST))
            graph.input.append(onnx.helper.make_tensor_value_info(fed, element, shape))
            found[fed] = value.optimized
        return found


def _outputs(graph: onnx.GraphProto, values: Sequence[AlignedValue]) -> dict[str, str]:
    """Add outputs in the optimized graph's layout; `FileSubgraph.outputs`."""
    made = {name for node in graph.node for name in node.output}
    found = {}
    for number, value in enumerate(values):
        result = value.name
        if value.last or value.name not in made:
            result = f"relcheck_out_{number}"
            order = TO_CHANNELS_LAST if value.last else None
            graph.node.append(_moved(value.name, result, order))
        graph.output.add(name=result)
        found[result] = value.optimized
    return found


def _moved(name: str, result: str, order: Sequence[int] | None) -> onnx.NodeProto:
    """A node that gives a value another order of axes, or only another name."""
    if order is None:
        return onnx.helper.make_node("Identity", [name], [result])
    return onnx.helper.make_node("Transpose", [name], [result], perm=order)
