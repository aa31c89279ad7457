"""Clipping bounds of a graph: found again by their shape, and taken out.

The shape is that of `exporters.hardening.bounds.clipping`: a Where whose third input is the stored
0 of a bound, and whose condition is made of comparisons of the second input with stored numbers.
"""

from dataclasses import dataclass

import onnx
from pydantic import ValidationError

from analyzer.graph.index import Index, index_of, operator
from exporters.hardening.activations.survey import ActivationSite, Side
from exporters.hardening.bounds.surgery import BEYOND, drop_unread
from exporters.hardening.bounds.thresholds import Threshold

COMPARISONS = ("LessOrEqual", "Less", "Equal")
"""Operators that a bound compares with, in any opset."""


@dataclass(frozen=True)
class BoundedSite:
    """A site and its threshold.

    Attributes:
        site: The bounded value, under the name that its readers know.
        threshold: Its range.
    """

    site: ActivationSite
    threshold: Threshold


@dataclass(frozen=True)
class ClippingBound(BoundedSite):
    """One bound of a graph; its threshold is as the graph stores it.

    Attributes:
        source: Name of the unbounded value.
        nodes: First outputs of the nodes that it is made of.
        limits: Names of the initializers of the lower and the upper limit; None: no lower one.
    """

    source: str
    nodes: frozenset[str]
    limits: tuple[str | None, str]


def find_bounds(proto: onnx.ModelProto) -> tuple[ClippingBound, ...]:
    """The clipping bounds that `insert_bounds` has put into ``proto``, in its order."""
    index = index_of(proto)
    found = (bound_at(node, index) for node in proto.graph.node if operator(node) == "Where")
    return tuple(bound for bound in found if bound is not None)


def bound_at(where: onnx.NodeProto, index: Index) -> ClippingBound | None:
    """The bound that ends in a Where; None if the Where is of another kind.

    Args:
        where: a node.
        index: of its graph.
    """
    if len(where.input) != 3:
        return None
    source, other = where.input[1:]
    if other not in index.constants or not other.endswith(BEYOND):
        return None
    compared = comparisons_at(where, index)
    if compared is None:
        return None
    outputs, names = compared
    if "high" not in names:
        return None
    limits = (names.get("low"), names["high"])
    side = Side.ONE if limits[0] is None else Side.TWO
    site = ActivationSite(where.output[0], "bounded", side, index.constants[other].data_type)
    low, high = (None if name is None else index.scalar(name) for name in limits)
    try:
        threshold = Threshold.model_validate({"low": low, "high": high})
    except ValidationError:  # somebody has edited the stored numbers: no bound of ours any more
        return None
    return ClippingBound(site, threshold, source, frozenset(outputs), limits)


def comparisons_at(where: onnx.NodeProto, index: Index) -> tuple[set[str], dict[str, str]] | None:
    """The stored limits that the condition of a Where compares its second input with.

    Args:
        where: a Where.
        index: of its graph.

    Returns:
        First outputs of the nodes of the condition and of the Where, and the names of the stored
        limits, ``low`` and ``high``; None if the condition is of another kind.
    """
    condition, source, _ = where.input
    outputs = {where.output[0]}
    names: dict[str, str] = {}
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
        if operator(node) not in COMPARISONS or index.scalar(name) is None:
            return None
        names[which] = name
    return outputs, names


def without_bounds(proto: onnx.ModelProto, bounds: tuple[ClippingBound, ...]) -> onnx.ModelProto:
    """A copy of ``proto`` as it was before these bounds were inserted.

    Args:
        proto: not changed.
        bounds: of `find_bounds` of this very model.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    gone = frozenset().union(*(bound.nodes for bound in bounds))
    names = {bound.source: bound.site.value for bound in bounds}
    read_by_bounds: set[str] = set()
    del copy.graph.node[:]
    for node in proto.graph.node:
        if gone.intersection(node.output):
            read_by_bounds.update(node.input)
            continue
        added = copy.graph.node.add()
        added.CopyFrom(node)
        for position, name in enumerate(node.output):
            added.output[position] = names.get(name, name)
    # A tensor that nothing read before the bounds were inserted stays: it is the model's own.
    drop_unread(copy.graph, read_by_bounds)
    return copy
