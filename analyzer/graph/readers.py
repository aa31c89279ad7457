"""Which nodes read a value."""

from collections.abc import Iterator

import onnx

from analyzer.graph.walk import sub_graphs

Readers = dict[str, list[tuple[onnx.NodeProto, int]]]


def readers_of(graph: onnx.GraphProto) -> Readers:
    """Value name -> the (node, input position) pairs that read it, sub-graphs included."""
    found: Readers = {}
    for node in _nodes(graph):
        for position, name in enumerate(node.input):
            if name:
                found.setdefault(name, []).append((node, position))
    return found


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for sub in sub_graphs(node):
            yield from _nodes(sub)
