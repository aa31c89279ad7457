"""Bounds that a graph carries: found again by their shape, and taken out."""

from dataclasses import dataclass

import onnx

from analyzer.graph.index import Index, index_of, operator
from exporters.hardening.activations.survey import Side, Site
from exporters.hardening.bounds.insert import BEYOND
from exporters.hardening.bounds.thresholds import Threshold


@dataclass(frozen=True)
class Bound:
    """One clipping bound.

    Attributes:
        site: What it bounds, by the name that the bounded value has.
        source: The unbounded value.
        threshold: The bounds.
        nodes: Outputs of the nodes that it is made of.
    """

    site: Site
    source: str
    threshold: Threshold
    nodes: frozenset[str]


def find_bounds(proto: onnx.ModelProto) -> tuple[Bound, ...]:
    """The bounds that `insert_bounds` has put into ``proto`` for ActMax or ClipAct."""
    index = index_of(proto)
    found = (_bound(node, index) for node in proto.graph.node if operator(node) == "Where")
    return tuple(bound for bound in found if bound is not None)


def without_bounds(proto: onnx.ModelProto, bounds: tuple[Bound, ...]) -> onnx.ModelProto:
    """A copy of ``proto`` as it was before these bounds were inserted."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    gone = frozenset().union(*(bound.nodes for bound in bounds))
    kept = [node for node in proto.graph.node if node.output[0] not in gone]
    names = {bound.source: bound.site.value for bound in bounds}
    del copy.graph.node[:]
    for node in kept:
        added = copy.graph.node.add()
        added.CopyFrom(node)
        for position, name in enumerate(node.output):
            added.output[position] = names.get(name, name)
    _drop_unread(copy.graph, proto.graph)
    return copy


def _bound(where: onnx.NodeProto, index: Index) -> Bound | None:
    """The bound that ends in this node, if it is one."""
    condition, source, other = where.input
    if other not in index.constants or not other.endswith(BEYOND):
        return None
    outputs = {where.output[0]}
    limits: dict[str, float] = {}
    pending = [condition]
    while pending:
        node = index.producers.get(pending.pop())
        if node is None:
            return None
        outputs.add(node.output[0])
        if operator(node) in {"And", "Or"}:
            pending.extend(node.input)
            continue
        which, name = ("high", node.input[1]) if node.input[0] == source else ("low", node.input[0])
        value = index.scalar(name)
        if operator(node) not in {"LessOrEqual", "Less", "Equal"} or value is None:
            return None
        limits[which] = value
    side = Side.TWO if "low" in limits else Side.ONE
    site = Site(where.output[0], "bounded", side, index.constants[other].data_type)
    threshold = Threshold(low=limits.get("low"), high=limits["high"])
    return Bound(site, source, threshold, frozenset(outputs))


def _drop_unread(graph: onnx.GraphProto, old: onnx.GraphProto) -> None:
    """Remove the initializers that only the removed nodes read."""
    before = {name for node in old.node for name in node.input}
    after = {name for node in graph.node for name in node.input}
    gone = before - after
    kept = [tensor for tensor in graph.initializer if tensor.name not in gone]
    del graph.initializer[:]
    graph.initializer.extend(kept)
