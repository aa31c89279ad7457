"""Walks through an ONNX file: graphs within graphs, and every tensor wherever it is stored."""

from collections.abc import Iterator

import onnx
from google.protobuf.descriptor import FieldDescriptor
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


STANDARD = frozenset({"", "ai.onnx"})
"""Names of the domain of standard operators."""
