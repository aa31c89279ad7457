"""Where the optimized graph can be cut in two: which values pass from one part to the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.graph.walk import reads as reads
from analyzer.runtime.ort.shared_initializers import without_graph


@dataclass(frozen=True, slots=True)
class Cut:
    """A place between two nodes of a graph whose nodes stand in the order of execution.

    Attributes:
        position: How many nodes run before it.
        values: Names of the values that are computed before and read after it, in order of their
            computation; inputs of the graph are among them, initializers are not.
    """

    position: int
    values: tuple[str, ...]


def find_cuts(graph: onnx.GraphProto) -> list[Cut]:
    """Every cut of ``graph``, the trivial one before the first node included."""
    last = _last_reads(graph)
    stored = _stored(graph)
    live = [i.name for i in graph.input if i.name in last and i.name not in stored]
    cuts = []
    for position, node in enumerate(graph.node):
        live = [name for name in live if last[name] >= position]
        cuts.append(Cut(position, tuple(live)))
        live += [name for name in node.output if name in last]
    return cuts


def _last_reads(graph: onnx.GraphProto) -> dict[str, int]:
    """By value: the last node that reads it."""
    return {name: position for position, node in enumerate(graph.node) for name in reads(node)}


def _stored(graph: onnx.GraphProto) -> set[str]:
    sparse = {t.values.name for t in graph.sparse_initializer}
    return {t.name for t in graph.initializer} | sparse


def initializer_reads(graph: onnx.GraphProto) -> dict[str, tuple[int, int]]:
    """By initializer: the first and the last node that read it; absent if none does."""
    found: dict[str, tuple[int, int]] = {}
    stored = _stored(graph)
    for position, node in enumerate(graph.node):
        for name in reads(node):
            if name in stored:
                found[name] = (found.get(name, (position,))[0], position)
    return found


def part_between(
    proto: onnx.ModelProto, cut: Cut, stop: int, outputs: Sequence[str], types: Mapping[str, int]
) -> onnx.ModelProto:
    """The nodes from ``cut`` to before node ``stop`` as a model whose inputs pass the cut.

    Args:
        proto: the model.
        cut: one of its cuts.
        stop: how many nodes the model has before the end of the part.
        outputs: what the part returns.
        types: element types of the values of the cut, as `onnx.TensorProto.DataType`.
    """
    return with_nodes(proto, proto.graph.node[cut.position : stop], cut, outputs, types)


def with_nodes(
    proto: onnx.ModelProto,
    nodes: Sequence[onnx.NodeProto],
    cut: Cut,
    outputs: Sequence[str],
    types: Mapping[str, int],
) -> onnx.ModelProto:
    """``nodes`` as a model that reads what passes ``cut`` and initializers of ``proto``.

    Args:
        proto: the model.
        nodes: in order of execution.
        cut: one of its cuts.
        outputs: what the part returns.
        types: element types of the values of the cut, as `onnx.TensorProto.DataType`.
    """
    graph = proto.graph
    needed = {name for node in nodes for name in reads(node)}
    described = {o.name: o for o in graph.output}
    part = without_graph(proto)
    part.graph.name = graph.name
    part.graph.node.extend(nodes)
    part.graph.initializer.extend(t for t in graph.initializer if t.name in needed)
    part.graph.sparse_initializer.extend(
        t for t in graph.sparse_initializer if t.values.name in needed
    )
    for name in cut.values:
        if name in needed:
            value = part.graph.input.add(name=name)
            value.type.tensor_type.elem_type = types[name]
    for name in outputs:
        part.graph.output.add().CopyFrom(described.get(name, onnx.ValueInfoProto(name=name)))
    return part


def made_between(graph: onnx.GraphProto, start: int, stop: int) -> set[str]:
    """Names of the values that the nodes from ``start`` to before ``stop`` compute."""
    return {name for node in graph.node[start:stop] for name in node.output}


def with_outputs(proto: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """A copy of ``proto`` that returns the values ``names`` after its own outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for name in names:
        copy.graph.output.add(name=name)
    return copy


Floats = npt.NDArray[np.float64]
