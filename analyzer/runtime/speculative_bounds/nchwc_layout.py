"""Removal of the reorders around element-wise nodes, which can stay in the blocked layout NCHWc.

ONNX Runtime computes convolutions on tensors in a blocked layout. It turns tensors back to the
plain layout before every operator that it does not know in the blocked one, comparisons and `Where`
among them. An operator that takes each element by itself gives the same elements in any layout.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import onnx

from analyzer.graph.walk import sub_graphs
from analyzer.runtime.stretches.cuts import reads

NCHWC = "com.microsoft.nchwc"
"""Domain of the operators on blocked tensors."""

TRUTH = frozenset(
    ["And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "Xor"]
)
"""Standard operators that give truth values, which cannot be reordered."""

ARITHMETIC = frozenset(["Abs", "Add", "Div", "LeakyRelu", "Mul", "Neg", "Sub"])
CHOICES = frozenset(["Clip", "Max", "Min", "Relu", "ThresholdedRelu", "Where"])

ELEMENTWISE = TRUTH | ARITHMETIC | CHOICES
"""Standard operators whose every element is exact, or rounded once: the same in any order."""


def _whole_number(node: onnx.NodeProto, name: str) -> int:
    """The integer attribute ``name`` of a node; 0 if it is absent."""
    return next((int(a.i) for a in node.attribute if a.name == name), 0)


def is_blocked(node: onnx.NodeProto, operator: str) -> bool:
    """True if a node is an operator on blocked tensors.

    Args:
        node: the node.
        operator: name of the operator.
    """
    return bool(node.domain == NCHWC and node.op_type == operator)


def is_reorder(node: onnx.NodeProto, operator: str) -> bool:
    """True if a node turns the plain layout NCHW into the blocked one, or back.

    Args:
        node: the node.
        operator: ``ReorderInput`` or ``ReorderOutput``.
    """
    return is_blocked(node, operator) and not _whole_number(node, "channels_last")


@dataclass
class _Rewrite:
    """State of the rewrite of one graph, whose nodes are visited in order.

    Attributes:
        sizes: Shape of each initializer.
        makers: The node that computes each value.
        roots: For a value in the plain layout: the blocked value that it is computed from, element
            by element.
        twins: For a value in the plain layout: the name of its blocked form.
        exits: For the same values: the node that turned its root into the plain layout.
        kept: New nodes in order.
        renamed: For a value that no node computes any more: the value to read instead.
    """

    sizes: dict[str, tuple[int, ...]]
    makers: dict[str, onnx.NodeProto]
    roots: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)
    exits: dict[str, onnx.NodeProto] = field(default_factory=dict)
    kept: list[onnx.NodeProto] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)

    def leaves(self, node: onnx.NodeProto) -> bool:
        """True if a node turns a blocked tensor without padding into the plain layout.

        Element-wise nodes would compute on padding, too, which may not be zero behind a faulty
        weight.
        """
        maker = self.makers.get(node.input[0])
        if not is_reorder(node, "ReorderOutput") or maker is None or not is_blocked(maker, "Conv"):
            return False
        return self.sizes.get(maker.input[1], (-1,))[0] == _whole_number(node, "channels")

    def is_elementwise(self, node: onnx.NodeProto) -> bool:
        """True if a node computes, element by element, on values of one root and on scalars."""
        if node.domain not in ("", "ai.onnx") or node.op_type not in ELEMENTWISE:
            return False
        tensors = [name for name in node.input if name and not self.is_number(name)]
        roots = {self.roots.get(name) for name in tensors}
        return len(node.output) == 1 and len(roots) == 1 and None not in roots

    def is_number(self, name: str) -> bool:
        """True if a value is an initializer of one element."""
        shape = self.sizes.get(name, (0,))
        return len(shape) <= 4 and all(size == 1 for size in shape)

    def move(self, node: onnx.NodeProto, is_read: bool) -> None:
        """Compute a node on blocked tensors.

        Args:
            node: the node.
            is_read: True if another node reads its plain value, which then is computed as well.
        """
        made = node.output[0]
        if is_reorder(node, "ReorderOutput"):  # its input is the blocked form already
            self.twins[made], self.exits[made] = node.input[0], node
            if is_read:
                self.keep(node)
            return
        twin = onnx.NodeProto()
        twin.CopyFrom(node)
        twin.name = ""
        before = [name for name in node.input if name in self.twins]
        for position, name in enumerate(node.input):
            twin.input[position] = self.twins.get(name, name)
        twin.output[0] = self.twins[made] = f"{made}_blocked"
        self.exits[made] = self.exits[before[0]]
        self.kept.append(twin)
        if is_read:
            back = onnx.NodeProto()
            back.CopyFrom(self.exits[made])
            back.name, back.input[0], back.output[0] = "", twin.output[0], made
            self.kept.append(back)

    def keep(self, node: onnx.NodeProto) -> None:
        """Take a node over as it is, but for values that nothing computes any more."""
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for position, name in enumerate(node.input):
            copy.input[position] = self.renamed.get(name, name)
        self.kept.append(copy)


def drop_reorders(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop the reorders around nodes that take each element by itself.

    Args:
        model: an optimized model, nodes in order of execution; not changed.

    Returns:
        A model that computes the same bits; ``model`` itself if there is nothing to drop.
    """
    graph = model.graph
    if not any(is_reorder(node, "ReorderInput") for node in graph.node):
        return model
    nodes = _rewritten(graph)
    if nodes is None or len(nodes) >= len(graph.node):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


def _rewritten(graph: onnx.GraphProto) -> list[onnx.NodeProto] | None:
    """The nodes of the graph without those reorders; None if a truth value would need one."""
    sizes = {t.name: tuple(t.dims) for t in graph.initializer}
    state = _Rewrite(sizes, {name: node for node in graph.node for name in node.output})
    moved = {id(node) for node in _worth_moving(graph, state)}
    read = _read_plain(graph, moved)
    for node in graph.node:
        if id(node) in moved:
            if node.op_type in TRUTH and node.output[0] in read:
                return None
            state.move(node, node.output[0] in read)
        elif is_reorder(node, "ReorderInput") and node.input[0] in state.twins:
            state.renamed[node.output[0]] = state.twins[node.input[0]]
        else:
            state.keep(node)
    return state.kept


def _read_plain(graph: onnx.GraphProto, moved: set[int]) -> set[str]:
    """Values whose plain form is needed: by outputs, sub-graphs, and nodes that are not moved."""
    read = {o.name for o in graph.output} | set(_read_by_sub_graphs(graph))
    for node in graph.node:
        if id(node) not in moved and not is_reorder(node, "ReorderInput"):
            read.update(node.input)
    return read


def _worth_moving(graph: onnx.GraphProto, state: _Rewrite) -> list[onnx.NodeProto]:
    """The nodes between a blocked tensor and a `ReorderInput` that take each element by itself."""
    for node in graph.node:
        if state.leaves(node):
            state.roots[node.output[0]] = node.input[0]
        elif state.is_elementwise(node):
            state.roots[node.output[0]] = next(r for n in node.input if (r := state.roots.get(n)))
    wanted: set[str] = set()
    found = []
    for node in reversed(graph.node):
        if is_reorder(node, "ReorderInput"):
            wanted.add(node.input[0])
        elif node.output[0] in wanted & state.roots.keys():
            found.append(node)
            wanted.update(node.input)
    return found


def _read_by_sub_graphs(graph: onnx.GraphProto) -> Iterator[str]:
    for node in graph.node:
        if any(True for _ in sub_graphs(node)):
            yield from reads(node)
