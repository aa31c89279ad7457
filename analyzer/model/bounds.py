"""Refuses models that are larger, deeper or longer than `analyzer.model.limits` allows."""

import math
from collections.abc import Iterable
from pathlib import Path

import onnx

from analyzer.errors import InvalidModel, NotOnnx, TooLarge, quoted
from analyzer.graph.walk import messages, sub_graphs, texts
from analyzer.model import limits

WIDEST_ELEMENT = 16
"""Bytes of one complex128."""


def check_bounds(proto: onnx.ModelProto, path: Path) -> None:
    """Compare what a model states with the limits, before anything acts on it.

    Args:
        proto: the model, unchecked.
        path: where it was read, for messages.

    Raises:
        TooLarge: too many nodes or tensors, too deep, a name too long, a tensor too large.
        InvalidModel: a tensor with a negative dimension.
        NotOnnx: a text that is no text.
    """
    try:
        _check_messages(proto)
        nodes, _ = _Size(proto).of(proto.graph.node, 1)
        _at_most(nodes, limits.NODES, "nodes, local functions expanded")
        _check_names(proto.graph)
    except TooLarge as error:
        raise TooLarge(f"{path} {error}, which is beyond relcheck's limits") from error
    except NotOnnx as error:
        raise NotOnnx(f"{path} {error}; it is damaged") from error


def _at_most(found: int, limit: int, what: str) -> None:
    if found > limit:
        raise TooLarge(f"has {found:,} {what}; at most {limit:,} are analyzed")


class _Size:
    """Counts nodes the way a runtime meets them: every call of a function is its body."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        self._bodies = {(f.domain, f.name): f.node for f in proto.functions}
        self._known: dict[tuple[str, str], tuple[int, int]] = {}

    def of(self, nodes: Iterable[onnx.NodeProto], depth: int) -> tuple[int, int]:
        """Number of nodes, and levels of nesting below.

        Args:
            nodes: of one graph or function.
            depth: level of nesting that they are on.
        """
        if depth > limits.NESTING:
            raise TooLarge(f"nests graphs and functions more than {limits.NESTING} deep")
        count, height = 0, 1
        for node in nodes:
            inner = [self.of(graph.node, depth + 1) for graph in sub_graphs(node)]
            if (node.domain, node.op_type) in self._bodies:
                inner.append(self._called(node, depth + 1))
            count += 1 + sum(n for n, _ in inner)
            height = max([height, *(1 + h for _, h in inner)])
        return count, height

    def _called(self, node: onnx.NodeProto, depth: int) -> tuple[int, int]:
        key = (node.domain, node.op_type)
        if key not in self._known:
            self._known[key] = self.of(self._bodies[key], depth)
        size = self._known[key]
        if depth + size[1] > limits.NESTING + 1:
            raise TooLarge(f"nests graphs and functions more than {limits.NESTING} deep")
        return size


def _check_messages(proto: onnx.ModelProto) -> None:
    tensors = 0
    for message in messages(proto):
        for text in texts(message):
            _check_text(text)
        if isinstance(message, onnx.TensorProto):
            tensors += 1
            _check_shape(message.name, message.dims, limits.MODEL_BYTES)
        elif isinstance(message, onnx.SparseTensorProto):
            # Runtimes write it out in full, whatever its element type.
            _check_shape(message.values.name, message.dims, limits.MODEL_BYTES // WIDEST_ELEMENT)
    _at_most(tensors, limits.STORED_TENSORS, "stored tensors")


def _check_names(graph: onnx.GraphProto) -> None:
    stored = (t.name for t in (*graph.initializer, *(s.values for s in graph.sparse_initializer)))
    for name in (*stored, *(i.name for i in graph.input)):
        if len(name) > limits.NAME_CHARACTERS:
            raise TooLarge(f"has a name of {len(name):,} characters")


def _check_text(text: str | bytes) -> None:
    # Protocol buffers let it pass; where a name is expected, bytes are not understood.
    if isinstance(text, bytes):
        raise NotOnnx(f"holds a text that is no UTF-8: {quoted(text.decode('utf-8', 'replace'))}")


def _check_shape(name: str, dims: Iterable[int], limit: int) -> None:
    shape = tuple(dims)
    if any(d < 0 for d in shape):
        raise InvalidModel(f"tensor {quoted(name)} has a negative dimension")
    # A dimension of 0 hides others whose product no runtime can hold.
    if math.prod(d or 1 for d in shape) > limit:
        raise TooLarge(f"has a tensor {quoted(name)} of an impossible shape")
