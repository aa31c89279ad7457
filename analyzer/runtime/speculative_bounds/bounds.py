"""Clipping bounds in an optimized graph, and what is left of the graph where none of them acts.

A clipped activation is ``Where(x <= T, x, 0)``. If every element of ``x`` is at most ``T``, that is
``x``, so that the same bits come out of a graph without the bound; whether it is so is seen from
the maximum of ``x``. What has no bound need not leave its layout, and fuses with its neighbours.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import numpy_helper

from analyzer.runtime.speculative_bounds.nchwc_layout import is_blocked
from analyzer.runtime.speculative_bounds.zeros_and_nans import sign_of_zero_is_lost
from analyzer.runtime.stretches.cuts import reads

MAX, MIN = "relcheck_max_of_", "relcheck_min_of_"


@dataclass(frozen=True, slots=True)
class ClippingBound:
    """A bound that can be left out.

    Attributes:
        maker: Position of the node that computes the value.
        value: The value that is bounded, as it is called without the bound.
        low: The least that passes unchanged; None: there is no such limit.
        high: The most that passes unchanged.
        hidden: Names that mean something else, or nothing, in the graph without the bound.
        nodes: By position in the bounded graph: what stands there without the bound.
    """

    maker: int
    value: str
    low: float | None
    high: float
    hidden: frozenset[str]
    nodes: Mapping[int, tuple[onnx.NodeProto, ...]]

    @property
    def checked(self) -> dict[str, tuple[float, float]]:
        """Least and most that the guard may be, by the names that `checks` computes."""
        limits = {MAX + self.value: (-math.inf, self.high)}
        if self.low is not None:
            limits[MIN + self.value] = self.low, math.inf
        return limits

    @property
    def checks(self) -> Iterator[onnx.NodeProto]:
        """Nodes that compute the largest element, and the smallest if need be."""
        named = [("ReduceMax", MAX)] + ([("ReduceMin", MIN)] if self.low is not None else [])
        for operator, name in named:
            yield onnx.helper.make_node(operator, [self.value], [name + self.value])


@dataclass
class GraphIndex:
    """A graph, indexed."""

    graph: onnx.GraphProto
    numbers: dict[str, float] = field(init=False)
    maker: dict[str, int] = field(init=False)
    readers: dict[str, list[int]] = field(init=False)
    outputs: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Index."""
        self.numbers = {t.name: n for t in self.graph.initializer if (n := _number(t)) is not None}
        self.maker = {name: i for i, n in enumerate(self.graph.node) for name in n.output}
        self.outputs = {o.name for o in self.graph.output}
        self.readers = defaultdict(list)
        for position, node in enumerate(self.graph.node):
            for name in set(reads(node)):
                self.readers[name].append(position)

    def made_by(self, name: str, operator: str) -> onnx.NodeProto | None:
        """The standard node that computes ``name``, if it is that operator."""
        position = self.maker.get(name)
        node = self.graph.node[position] if position is not None else None
        return (
            node if node and node.op_type == operator and node.domain in ("", "ai.onnx") else None
        )

    def only_reader(self, name: str) -> int | None:
        """Position of the node that alone reads ``name``."""
        found = self.readers.get(name, [])
        return found[0] if len(found) == 1 and name not in self.outputs else None


def find_bounds(graph: onnx.GraphProto) -> list[ClippingBound]:
    """The bounds of ``graph`` that can be left out, in the order of the nodes.

    Args:
        graph: an optimized graph; single values that are stored in it never change.
    """
    reading = GraphIndex(graph)
    found = (_bound(reading, i) for i, node in enumerate(graph.node) if node.op_type == "Where")
    return [bound for bound in found if bound is not None]


def _bound(reading: GraphIndex, where: int) -> ClippingBound | None:
    """The bound whose `Where` stands at that position, if it is one that can be left out."""
    node = reading.graph.node[where]
    within, source, beyond = node.input
    limits = _limits(reading, within, source)
    maker = reading.maker.get(source)
    if limits is None or maker is None or reading.numbers.get(beyond) != 0:
        return None
    low, high, comparisons = limits
    inner = {source, *(reading.graph.node[c].output[0] for c in comparisons)}
    readers = {position for name in inner for position in reading.readers[name]}
    if readers - {*comparisons, where} or inner & reading.outputs:
        return None
    if len(reading.graph.node[maker].output) != 1:
        return None
    if not sign_of_zero_is_lost(reading.graph, node.output[0]):
        return None
    return _without(reading, where, maker, comparisons, low, high)


def _limits(
    reading: GraphIndex, within: str, source: str
) -> tuple[float | None, float, tuple[int, ...]] | None:
    """Lower and upper limit that ``within`` compares with, and the positions of the comparisons."""
    both = reading.made_by(within, "And")
    above = both.input[0] if both else within
    at_most = reading.made_by(above, "LessOrEqual")
    if at_most is None or at_most.input[0] != source:
        return None
    high = reading.numbers.get(at_most.input[1])
    if high is None or not high >= 0:
        return None
    if both is None:
        return None, high, (reading.maker[above],)
    at_least = reading.made_by(both.input[1], "LessOrEqual")
    if at_least is None or at_least.input[1] != source:
        return None
    low = reading.numbers.get(at_least.input[0])
    if low is None or not low <= 0:
        return None
    return low, high, tuple(reading.maker[n] for n in (above, both.input[1], within))


def _without(
    reading: GraphIndex,
    where: int,
    maker: int,
    comparisons: tuple[int, ...],
    low: float | None,
    high: float,
) -> ClippingBound:
    """What stands in the places of the nodes of a bound that is left out."""
    nodes = reading.graph.node
    source, bounded = nodes[where].input[1], nodes[where].output[0]
    hidden = {source, *(nodes[c].output[0] for c in comparisons)}
    standing: dict[int, tuple[onnx.NodeProto, ...]] = dict.fromkeys((*comparisons, where), ())
    rectified = _rectified_at(reading, maker, bounded) if low is None else None
    if rectified is None:
        value, made = bounded, _copy(nodes[maker], {source: bounded})
    else:
        # Clip from 0: the convolution takes that part, and all of it if nothing reaches the limit.
        clip, limit = rectified
        hidden.add(bounded)
        whole = high <= limit
        value = nodes[clip].output[0] if whole else bounded
        made = _copy(nodes[maker], {source: value})
        made.attribute.append(onnx.helper.make_attribute("activation", "Relu"))
        if whole:
            standing[clip] = ()
    bound = ClippingBound(maker, value, low, high, frozenset(hidden), {})
    standing[maker] = (made, *bound.checks)
    return ClippingBound(maker, value, low, high, frozenset(hidden), standing)


def _rectified_at(reading: GraphIndex, maker: int, bounded: str) -> tuple[int, float] | None:
    """Position and upper limit of a Clip from 0 behind the bound of a blocked convolution."""
    convolution, clip = reading.graph.node[maker], reading.only_reader(bounded)
    plain = not any(a.name == "activation" for a in convolution.attribute)
    if clip is None or not plain or not is_blocked(convolution, "Conv"):
        return None
    node = reading.graph.node[clip]
    if node.op_type != "Clip" or len(node.input) != 3 or node.input[0] != bounded:
        return None
    low, high = (reading.numbers.get(name) for name in node.input[1:])
    return (clip, high) if low == 0 and high is not None and high >= 0 else None


def _copy(node: onnx.NodeProto, outputs: Mapping[str, str]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    for position, name in enumerate(node.output):
        copy.output[position] = outputs.get(name, name)
    return copy


def _number(tensor: onnx.TensorProto) -> float | None:
    """The value of a stored scalar; None for everything else."""
    scalar = all(size == 1 for size in tensor.dims) and len(tensor.dims) <= 1
    if not scalar or tensor.external_data or tensor.data_type == onnx.TensorProto.STRING:
        return None
    return float(np.asarray(numpy_helper.to_array(tensor)).reshape(-1)[0].astype(np.float64))
