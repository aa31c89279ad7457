"""Optimized graphs compared up to the order of their nodes and the names that the optimizer makes.

ONNX Runtime's pass for blocked layouts (NCHWc) visits values in the order of their addresses in
memory. So the same file, loaded twice, may give the same graph with nodes in another order and with
other names for what the optimizer made; with many squeeze-and-excitation blocks it nearly always
does. Here both graphs are walked from their outputs toward their inputs. The value at a position
among the outputs or the inputs of a node has just one counterpart, so that the walk finds all names
or a contradiction. Then one graph is given the names and the order of the other, and both must be
equal.
"""

from collections.abc import Collection, Iterator, Mapping

import onnx

from analyzer.graph.walk import sub_graphs
from analyzer.runtime.ort.optimized_graph import OptimizedModel


def renamed_like(
    model: OptimizedModel, golden: OptimizedModel, known: Collection[str]
) -> OptimizedModel | None:
    """Give a model the names and the order of nodes of another one; None if their graphs differ.

    Args:
        model: an optimized model.
        golden: the optimized model whose names are wanted.
        known: names that the file gives to values; only others may differ. Else two tensors of
            equal shape that change places would seem to be the same graph.
    """
    if model.structure == golden.structure:
        return model
    names = _Matching(model.proto.graph, golden.proto.graph, known).names()
    if names is None:
        return None
    proto = _renamed(model.proto, names, golden.proto.graph)
    if proto is None:
        return None
    found = OptimizedModel(proto, {names.get(n, n): values for n, values in model.slots.items()})
    # The walk only finds names. That the graphs are equal, attributes and all, is decided here.
    return found if found.structure == golden.structure else None


class _Matching:
    """A walk through two graphs at once, from their outputs to their inputs."""

    def __init__(
        self, graph: onnx.GraphProto, golden: onnx.GraphProto, known: Collection[str]
    ) -> None:
        self._outputs = [o.name for o in graph.output], [o.name for o in golden.output]
        self._makers = _makers(graph), _makers(golden)
        self._known = {*known, "", *self._outputs[0], *(i.name for i in graph.input)}
        self._names: dict[str, str] = {}
        self._back: dict[str, str] = {}
        self._pending: list[tuple[str, str]] = []

    def names(self) -> dict[str, str] | None:
        """The golden name of each value by its name in the graph; None if there is none for one."""
        found = self._pair(*self._outputs)
        while found and self._pending:
            one, other = (m.get(n) for m, n in zip(self._makers, self._pending.pop(), strict=True))
            # Stored tensors and inputs have no maker; a value that only one graph stores is none.
            found = one is other if one is None or other is None else self._match(one, other)
        return self._names if found else None

    def _match(self, one: onnx.NodeProto, other: onnx.NodeProto) -> bool:
        """Pair what two nodes compute and read; False if they cannot be the same node."""
        if (one.op_type, one.domain) != (other.op_type, other.domain):
            return False
        if not (self._pair(one.output, other.output) and self._pair(one.input, other.input)):
            return False
        # Bodies of If, Loop and Scan are compared in the order in which their nodes stand.
        bodies = list(_body(one)), list(_body(other))
        return len(bodies[0]) == len(bodies[1]) and all(map(self._match, *bodies))

    def _pair(self, names: Collection[str], golden: Collection[str]) -> bool:
        """Take values to be the same; False if that contradicts what is known of their names."""
        return len(names) == len(golden) and all(map(self._pair_one, names, golden))

    def _pair_one(self, name: str, golden: str) -> bool:
        if name != golden and (name in self._known or golden in self._known):
            return False
        if name not in self._names and golden not in self._back:
            self._names[name], self._back[golden] = golden, name
            self._pending.append((name, golden))
        return self._names.get(name) == golden and self._back.get(golden) == name


def _makers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """The node that computes each value."""
    return {name: node for node in graph.node for name in node.output if name}


def _body(node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    for sub in sub_graphs(node):
        yield from sub.node


def _renamed(
    proto: onnx.ModelProto, names: Mapping[str, str], golden: onnx.GraphProto
) -> onnx.ModelProto | None:
    """A copy of a model with golden names and the golden order of nodes.

    None if a node has no golden counterpart, for instance because no output depends on it.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    del copy.graph.node[:]
    nodes = {tuple(names.get(n, n) for n in node.output): node for node in proto.graph.node}
    order = [tuple(node.output) for node in golden.node]
    if nodes.keys() != set(order) or len(nodes) != len(proto.graph.node):
        return None
    for key in order:
        node = copy.graph.node.add()
        node.CopyFrom(nodes[key])
        _rename(node, names)
    for tensor in copy.graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    return copy


def _rename(node: onnx.NodeProto, names: Mapping[str, str]) -> None:
    """Rename the values that a node reads and computes, also in its sub-graphs."""
    for field in (node.input, node.output):
        for position, name in enumerate(field):
            field[position] = names.get(name, name)
    for sub in sub_graphs(node):
        for inner in sub.node:
            _rename(inner, names)
        for value in sub.output:
            value.name = names.get(value.name, value.name)
