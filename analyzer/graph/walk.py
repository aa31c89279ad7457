"""Walks through an ONNX file: graphs within graphs, and every tensor wherever it is stored."""

from collections.abc import Iterator

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

STANDARD = frozenset({"", "ai.onnx"})
"""Names of the domain of standard operators."""


def sub_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that ``node`` carries as attributes (If, Loop, Scan)."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node of ``graph``; the nodes of a sub-graph follow the node that carries it."""
    for node in graph.node:
        yield node
        for sub in sub_graphs(node):
            yield from all_nodes(sub)


def reads(node: onnx.NodeProto) -> Iterator[str]:
    """Names that ``node`` reads, those that its sub-graphs take from outside included.

    Names that a sub-graph defines itself may be among them: harmless, for outside of it nothing
    bears the same name.
    """
    yield from (name for name in node.input if name)
    for sub in sub_graphs(node):
        for inner in sub.node:
            yield from reads(inner)
        yield from (value.name for value in sub.output)


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


def messages(message: Message) -> Iterator[Message]:
    """``message`` and every message within it, in whatever field it hides.

    Sparse attributes, local functions, training graphs: a list of places would miss those that
    the next ONNX version adds.
    """
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                yield from messages(part)


def texts(message: Message) -> Iterator[str | bytes]:
    """The strings that ``message`` itself holds; bytes where they are no UTF-8."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            yield from [value] if isinstance(value, str | bytes) else value
