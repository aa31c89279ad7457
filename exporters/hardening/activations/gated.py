"""Activations written out in several nodes: products of a value and a function of itself.

SiLU is x * Sigmoid(x), GELU x * (1 + Erf(x / sqrt 2)) / 2, HardSwish x * Clip(x + 3, 0, 6) / 6,
Mish x * Tanh(Softplus(x)). Exporters order and scale the factors in many ways. So no list of
patterns is kept: each value is traced back to the one value that it is an element-wise function
of, and a product of two functions of the same value, one of them curved, is such an activation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import onnx

from analyzer.graph.index import Index, operator

TRANSPARENT = frozenset({"Identity", "Cast", "QuantizeLinear", "DequantizeLinear"})
"""Operators that change how a value is held, not what it is."""

ARITHMETIC = frozenset({"Add", "Sub", "Mul", "Div", "Neg"})

CURVED = frozenset(
    {"Erf", "Tanh", "Sigmoid", "HardSigmoid", "Softplus", "Clip", "Pow", "Exp", "Log"}
)
"""Element-wise functions that gates are made of."""


@dataclass(frozen=True)
class Gate:
    """One activation of several nodes.

    Attributes:
        value: Its result.
        base: The value that it is a function of.
        kind: Its usual name.
        inner: Results of the nodes within it.
    """

    value: str
    base: str
    kind: str
    inner: frozenset[str]


@dataclass(frozen=True)
class _Function:
    """An element-wise function of ``base``: the curved operators in it, and its inner results."""

    base: str
    curved: frozenset[str] = frozenset()
    inner: frozenset[str] = frozenset()


def find_gates(graph: onnx.GraphProto, index: Index) -> Iterator[Gate]:
    """The activations of ``graph`` that are products of functions of one value.

    Args:
        graph: nodes in order of execution.
        index: of this graph.
    """
    known: dict[str, _Function] = {}
    for node in graph.node:
        if not node.output:
            continue
        name = node.output[0]
        made = _combined(node, index, known)
        if made is None:
            continue
        if operator(node) in {"Mul", "Div"} and _is_gate(node, index, made):
            value = _scaled(name, index)
            kind = _kind(made.curved)
            yield Gate(value, made.base, kind, made.inner | {name} if value != name else made.inner)
        else:
            inner = made.inner | {name}
            known[name] = _Function(made.base, made.curved, inner)


def _combined(node: onnx.NodeProto, index: Index, known: dict[str, _Function]) -> _Function | None:
    """``node`` as a function of one value; None if it is not of one, or not element by element."""
    name = operator(node)
    if name not in TRANSPARENT | ARITHMETIC | CURVED:
        return None
    several = name in ARITHMETIC or name == "Pow"
    inputs = [i for i in (node.input if several else node.input[:1]) if i]
    open_inputs = [i for i in inputs if not _constant(i, index)]
    parts = [known.get(i, _Function(i)) for i in open_inputs]
    if len({part.base for part in parts}) != 1:
        return None
    curved = frozenset().union(*(part.curved for part in parts))
    inner = frozenset().union(*(part.inner for part in parts))
    return _Function(parts[0].base, curved | ({name} & CURVED), inner)


def _is_gate(node: onnx.NodeProto, index: Index, made: _Function) -> bool:
    """True if a product has two open factors, one of them curved; a square or cube has not."""
    open_inputs = [i for i in node.input if not _constant(i, index)]
    return len(open_inputs) == 2 and bool(made.curved - {"Pow"})


def _constant(name: str, index: Index) -> bool:
    """True if ``name`` is stored, directly or as codes that are dequantized."""
    while name not in index.constants:
        node = index.producers.get(name)
        if node is None or operator(node) not in TRANSPARENT:
            return False
        name = node.input[0]
    return True


def _scaled(value: str, index: Index) -> str:
    """The result behind factors that only scale: GELU ends in * 0.5, HardSwish in / 6."""
    while True:
        readers = index.readers.get(value, [])
        if (
            len(readers) != 1
            or value in index.outputs
            or operator(readers[0]) not in {"Mul", "Div"}
        ):
            return value
        node = readers[0]
        if value not in index.producers or node.output[0] not in index.producers:
            return value  # it is read within a sub-graph
        other = node.input[1] if node.input[0] == value else node.input[0]
        if index.scalar(other) is None or (operator(node) == "Div" and node.input[0] != value):
            return value
        value = node.output[0]


def _kind(curved: frozenset[str]) -> str:
    if "Erf" in curved:
        return "GELU"
    if {"Tanh", "Softplus"} <= curved:
        return "Mish"
    if "Tanh" in curved:
        return "GELU (tanh)"
    if curved & {"HardSigmoid", "Clip"}:
        return "HardSwish"
    return "SiLU" if curved & {"Sigmoid", "Exp"} else "gate"
