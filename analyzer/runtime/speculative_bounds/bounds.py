"""Clipping bounds in an optimized graph, and the nodes that stand there without them.

A clipped activation is ``Where(x <= T, x, 0)``. If every element of ``x`` is at most ``T``, this is
``x`` itself, so that a graph without the bound gives the same bits; the maximum of ``x`` tells. A
node without a bound behind it need not leave its layout, and fuses with its neighbours.
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
    """A clipping bound that can be left out.

    Attributes:
        maker: Position of the node that computes the bounded value.
        value: Name of the bounded value in the graph without the bound.
        low: The least number that passes unchanged; None: there is no lower limit.
        high: The greatest number that passes unchanged.
        hidden: Names that mean another value, or none, in the graph without the bound.
        nodes: For positions in the bounded graph: the nodes that stand there without the bound.
    """

    maker: int
    value: str
    low: float | None
    high: float
    hidden: frozenset[str]
    nodes: Mapping[int, tuple[onnx.NodeProto, ...]]

    @property
    def checked(self) -> dict[str, tuple[float, float]]:
        """Lower and upper limit of each guard, by the name of the value that `checks` computes."""
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
class _GraphIndex:
    """An optimized graph and indices of it.

    Attributes:
        graph: The graph.
        numbers: Stored scalars by name.
        maker: Position of the node that computes each value.
        readers: Positions of the nodes that read each value.
        outputs: Names of the graph's outputs.
    """

    graph: onnx.GraphProto
    numbers: dict[str, float] = field(init=False)
    maker: dict[str, int] = field(init=False)
    readers: dict[str, list[int]] = field(init=False)
    outputs: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Build the indices."""
        self.numbers = {t.name: n for t in self.graph.initializer if (n := _number(t)) is not None}
        self.maker = {name: i for i, n in enumerate(self.graph.node) for name in n.output}
        self.outputs = {o.name for o in self.graph.output}
        self.readers = defaultdict(list)
        for position, node in enumerate(self.graph.node):
            for name in set(reads(node)):
                self.readers[name].append(position)

    def made_by(self, name: str, operator: str) -> onnx.NodeProto | None:
        """The node that computes a value, if it is a certain standard operator.

        Args:
            name: the value.
            operator: the operator's name.
        """
        position = self.maker.get(name)
        node = self.graph.node[position] if position is not None else None
        return (
            node if node and node.op_type == operator and node.domain in ("", "ai.onnx") else None
        )

    def only_reader(self, name: str) -> int | None:
        """Position of the only node that reads a value; None if others do, or it is an output."""
        found = self.readers.get(name, [])
        return found[0] if len(found) == 1 and name not in self.outputs else None


def find_bounds(graph: onnx.GraphProto) -> list[ClippingBound]:
    """Find the clipping bounds that can be left out, in the order of the nodes.

    Args:
        graph: an optimized graph. Scalars that are stored in it never change under a running
            session, because tensors of one element are always reloaded.
    """
    index = _GraphIndex(graph)
    found = (_bound(index, i) for i, node in enumerate(graph.node) if node.op_type == "Where")
    return [bound for bound in found if bound is not None]


def _bound(index: _GraphIndex, where: int) -> ClippingBound | None:
    """The bound whose `Where` stands at a position, if it can be left out."""
    node = index.graph.node[where]
    within, source, beyond = node.input
    limits = _limits(index, within, source)
    maker = index.maker.get(source)
    if limits is None or maker is None or index.numbers.get(beyond) != 0:
        return None
    low, high, comparisons = limits
    inner = {source, *(index.graph.node[c].output[0] for c in comparisons)}
    readers = {position for name in inner for position in index.readers[name]}
    if readers - {*comparisons, where} or inner & index.outputs:
        return None
    if len(index.graph.node[maker].output) != 1:
        return None
    if not sign_of_zero_is_lost(index.graph, node.output[0]):
        return None
    return _without(index, where, maker, comparisons, low, high)


def _limits(
    index: _GraphIndex, within: str, source: str
) -> tuple[float | None, float, tuple[int, ...]] | None:
    """Limits that a truth value compares ``source`` with, and positions of the comparisons."""
    both = index.made_by(within, "And")
    above = both.input[0] if both else within
    high = _limit(index, above, source, 0)
    if high is None or not high >= 0:  # also if it is NaN
        return None
    if both is None:
        return None, high, (index.maker[above],)
    low = _limit(index, both.input[1], source, 1)
    if low is None or not low <= 0:
        return None
    return low, high, tuple(index.maker[n] for n in (above, both.input[1], within))


def _limit(index: _GraphIndex, truth: str, source: str, place: int) -> float | None:
    """The number that a LessOrEqual compares ``source`` with, if that is its input ``place``."""
    node = index.made_by(truth, "LessOrEqual")
    if node is None or node.input[place] != source:
        return None
    return index.numbers.get(node.input[1 - place])


def _without(
    index: _GraphIndex,
    where: int,
    maker: int,
    comparisons: tuple[int, ...],
    low: float | None,
    high: float,
) -> ClippingBound:
    """The bound, with the nodes that stand in its place when it is left out."""
    nodes = index.graph.node
    source, bounded = nodes[where].input[1], nodes[where].output[0]
    hidden = {source, *(nodes[c].output[0] for c in comparisons)}
    standing: dict[int, tuple[onnx.NodeProto, ...]] = dict.fromkeys((*comparisons, where), ())
    rectified = _rectified_at(index, maker, bounded) if low is None else None
    if rectified is None:
        value, made = bounded, _copy(nodes[maker], {source: bounded})
    else:
        # A Clip from 0 behind the bound: the convolution can rectify, as ONNX Runtime fuses it; if
        # no number that passes the bound reaches the Clip's limit, the Clip goes altogether.
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


def _rectified_at(index: _GraphIndex, maker: int, bounded: str) -> tuple[int, float] | None:
    """Position and upper limit of a Clip from 0 behind the bound of a blocked convolution."""
    convolution, clip = index.graph.node[maker], index.only_reader(bounded)
    plain = not any(a.name == "activation" for a in convolution.attribute)
    if clip is None or not plain or not is_blocked(convolution, "Conv"):
        return None
    node = index.graph.node[clip]
    if node.op_type != "Clip" or len(node.input) != 3 or node.input[0] != bounded:
        return None
    low, high = (index.numbers.get(name) for name in node.input[1:])
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
