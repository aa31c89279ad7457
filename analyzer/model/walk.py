"""Walks through an ONNX file: graphs within graphs, and every tensor wherever it is stored."""

from collections.abc import Iterator

import onnx
from google.protobuf.message import Message


def sub_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that ``node`` carries as attributes (If, Loop, Scan)."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def graph_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """The tensors of ``graph`` and its sub-graphs, in an order that digests rely on."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
        for sub in sub_graphs(node):
            yield from graph_tensors(sub)


def every(kind: type[Message], message: Message) -> Iterator[Message]:
    """Every message of one kind within ``message``, in whatever field it hides.

    Sparse attributes, local functions, training graphs: a list of places would miss those that
    the next ONNX version adds.
    """
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in [value] if isinstance(value, Message) else value:
            if isinstance(part, kind):
                yield part
            yield from every(kind, part)
