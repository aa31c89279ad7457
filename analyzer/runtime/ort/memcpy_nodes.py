"""Removal of the copies between host and device that ONNX Runtime wrote into a graph.

The copies belong to one session. A session that loads the graph, whole or in parts, inserts those
that it needs.
"""

from collections.abc import Mapping

import onnx

from analyzer.graph.walk import sub_graphs

MEMCPY = frozenset({"MemcpyFromHost", "MemcpyToHost"})


def drop_memcpy_nodes(graph: onnx.GraphProto) -> None:
    """Remove copies from ``graph``, sub-graphs included: their readers read the original."""
    _drop(graph, {})


def _drop(graph: onnx.GraphProto, outer: Mapping[str, str]) -> None:
    names = dict(outer)
    returned = {value.name for value in graph.output}
    kept: list[onnx.NodeProto] = []
    for node in graph.node:
        for position, name in enumerate(node.input):
            node.input[position] = names.get(name, name)
        if node.op_type in MEMCPY and node.output[0] not in returned:
            names[node.output[0]] = node.input[0]
            continue
        if node.op_type in MEMCPY:  # an output keeps its name
            node.op_type = "Identity"
        for sub in sub_graphs(node):
            _drop(sub, names)
        kept.append(_copy(node))
    if len(kept) < len(graph.node):
        del graph.node[:]
        graph.node.extend(kept)


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy
