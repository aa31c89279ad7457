"""Cuts of the optimized graph: which values pass from the nodes before to the nodes behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.graph.walk import reads as reads
from analyzer.runtime.ort.shared_initializers import without_graph

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """A place between two nodes of a graph whose nodes stand in the order of execution.

    Attributes:
        position: Number of nodes that run before the cut.
        values: Names of the values that are computed before the cut and read behind it, in order of
            their computation; inputs of the graph are among them, initializers are not.
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
    """Position of the last node that reads each value, by name."""
    return {name: position for position, node in enumerate(graph.node) for name in reads(node)}


def _stored(graph: onnx.GraphProto) -> set[str]:
    sparse = {t.values.name for t in graph.sparse_initializer}
    return {t.name for t in graph.initializer} | sparse


def initializer_reads(graph: onnx.GraphProto) -> dict[str, tuple[int, int]]:
    """Positions of the first and the last node that read each initializer that is read at all."""
    found: dict[str, tuple[int, int]] = {}
    stored = _stored(graph)
    for position, node in enumerate(graph.node):
        for name in reads(node):
            if name in stored:
                found[name] = (found.get(name, (position,))[0], position)
    return found


def subgraph(
    stripped: onnx.ModelProto,
    begin: Cut,
    end: Cut | None,
    outputs: Sequence[str],
    types: Mapping[str, int],
) -> onnx.ModelProto:
    """The nodes between two cuts as a model of their own.

    Its inputs are the values that pass ``begin``. It returns the values that pass ``end``, then
    those of ``outputs``, each only if a node of the subgraph computes it.

    Args:
        stripped: the stripped optimized model.
        begin: the cut before the first node.
        end: the cut behind the last node; None: the end of the graph.
        outputs: the model's outputs.
        types: element types of the values that pass ``begin``, as `onnx.TensorProto.DataType`.
    """
    stop = len(stripped.graph.node) if end is None else end.position
    returned = results_between(stripped.graph, begin, end, outputs)
    return part_between(stripped, begin, stop, returned, types)


def results_between(
    graph: onnx.GraphProto, begin: Cut, end: Cut | None, outputs: Sequence[str]
) -> tuple[str, ...]:
    """Names of the values that `subgraph` returns for the same arguments.

    Args:
        graph: the optimized graph.
        begin: the cut before the first node.
        end: the cut behind the last node; None: the end of the graph.
        outputs: the model's outputs.
    """
    made = made_between(graph, begin.position, len(graph.node) if end is None else end.position)
    passed = end.values if end is not None else ()
    return tuple(dict.fromkeys(name for name in (*passed, *outputs) if name in made))


def part_between(
    proto: onnx.ModelProto, cut: Cut, stop: int, outputs: Sequence[str], types: Mapping[str, int]
) -> onnx.ModelProto:
    """The nodes from a cut to before node ``stop`` as a model whose inputs pass the cut.

    Args:
        proto: the model.
        cut: the cut before the first node.
        stop: position of the node behind the last one.
        outputs: names of the values to return.
        types: element types of the values that pass ``cut``, as `onnx.TensorProto.DataType`.
    """
    return with_nodes(proto, proto.graph.node[cut.position : stop], cut, outputs, types)


def with_nodes(
    proto: onnx.ModelProto,
    nodes: Sequence[onnx.NodeProto],
    cut: Cut,
    outputs: Sequence[str],
    types: Mapping[str, int],
) -> onnx.ModelProto:
    """Nodes as a model that reads values that pass a cut, and initializers of another model.

    Args:
        proto: the model that has the initializers.
        nodes: the nodes in order of execution.
        cut: the cut before them.
        outputs: names of the values to return.
        types: element types of the values that pass ``cut``, as `onnx.TensorProto.DataType`.
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
    """Names of the values that the nodes from ``start`` to before ``stop`` compute.

    Args:
        graph: the graph.
        start: position of the first node.
        stop: position behind the last node.
    """
    return {name for node in graph.node[start:stop] for name in node.output}


def with_outputs(proto: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """A copy of a model that returns further values after its own outputs.

    Args:
        proto: the model.
        names: the further values.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for name in names:
        copy.graph.output.add(name=name)
    return copy
