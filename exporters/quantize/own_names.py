"""Names of a model that the quantizer would use for its own values, kept apart from its names.

ONNX Runtime's quantizer calls the scale of ``x`` ``x_scale`` and a node on it ``x_QuantizeLinear``,
without asking whether the model has such a name. A node of that name makes the result invalid, and
a stored tensor of that name silently takes the place of the scale. So a model with names that look
like the quantizer's is quantized under tokens, and gets its own names back: the model's names stay
as they are, and the quantizer's get a number where theirs are taken.
"""

import re
from collections.abc import Callable

import onnx

from analyzer.graph.index import all_names, readers_of
from analyzer.graph.walk import sub_graphs

STEMS = (
    *("_scale", "_zero_point", "_quantized", "_QuantizeLinear", "_DequantizeLinear"),
    *("_convert", "_ReduceMin", "_ReduceMax", "_Cast"),
)
"""Beginnings of what the quantizer and its calibrators append to the name of a value."""

TOKEN = re.compile(r"relcheck\d{9}name")


class OwnNames:
    """The names of one model, and the tokens that stand for them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        """Give every name of a graph a token; tokens sort as the names do.

        Args:
            graph: not changed.
        """
        names = sorted(all_names(graph) - {""})
        self._tokens = {name: f"relcheck{i:09d}name" for i, name in enumerate(names)}
        self._names = {token: name for name, token in self._tokens.items()}

    def token(self, name: str) -> str:
        """The token of a name; other names, the empty one among them, stay as they are."""
        return self._tokens.get(name, name)

    def hide(self, proto: onnx.ModelProto) -> onnx.ModelProto:
        """A copy of the model with tokens in the place of its names."""
        copy = onnx.ModelProto()
        copy.CopyFrom(proto)
        rename(copy.graph, self.token)
        return copy

    def restore(self, proto: onnx.ModelProto) -> None:
        """Put the model's names back into its quantized form, in place.

        Args:
            proto: changed in place. A name that the quantizer made of a token becomes the same
                name made of the token's name, with a number where the model has that name.
        """
        found = sorted(all_names(proto.graph) - {""})
        taken = set(self._tokens)
        names = {name: self._names[name] for name in found if name in self._names}
        for name in found:
            if name not in names:
                wanted = TOKEN.sub(lambda match: self._names[match[0]], name)
                names[name] = _free(wanted, taken)
        rename(proto.graph, lambda name: names.get(name, name))


def look_alike(graph: onnx.GraphProto) -> bool:
    """True if a name of ``graph`` is another one with something that the quantizer appends."""
    names = all_names(graph)
    appended = any(
        name[: match.start()] in names
        for name in names
        for stem in STEMS
        for match in re.finditer(re.escape(stem), name)
    )
    return appended or _has_numbered_twin(graph, names)


def _has_numbered_twin(graph: onnx.GraphProto, names: set[str]) -> bool:
    """True if a name is that of a shared tensor and a number: each reader of a bias gets a copy."""
    stored = {tensor.name for tensor in graph.initializer}
    shared = {name for name, uses in readers_of(graph).items() if len(uses) > 1} & stored
    if not shared:
        return False
    return any(
        name[:end] in shared and name[end:].isdigit()
        for name in names
        for end in range(len(name.rstrip("0123456789")), len(name))
    )


def rename(graph: onnx.GraphProto, change: Callable[[str], str]) -> None:
    """Rename everything in a graph and its sub-graphs, in place.

    Args:
        graph: changed in place.
        change: old name -> new name; asked for values, stored tensors and nodes.
    """
    for node in graph.node:
        node.name = change(node.name)
        node.input[:] = [change(name) for name in node.input]
        node.output[:] = [change(name) for name in node.output]
        for sub in sub_graphs(node):
            rename(sub, change)
    for named in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        named.name = change(named.name)
    for sparse in graph.sparse_initializer:
        sparse.values.name = change(sparse.values.name)


def _free(name: str, taken: set[str]) -> str:
    """``name``, with a number behind it if it is taken; it is taken afterwards."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    taken.add(free)
    return free
