"""The condition on which ONNX Runtime fuses a quantized convolution: its bias scale.

A convolution is fused if its bias scale is about its input scale times its weight scale, and its
bias zero point is 0. Where all conditions of a subgraph are far from doubt, the subgraph is one of
few cases, each of which is compiled once (`precompiled.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from analyzer.faults.elements import Values

PLAIN = frozenset(
    word
    for line in (
        "Add AveragePool Conv DequantizeLinear Gemm GlobalAveragePool QGemm QLinearAdd",
        "QLinearAveragePool QLinearConv QLinearGlobalAveragePool QLinearMatMul QuantizeLinear",
    )
    for word in line.split()
)
"""Operators whose fusion depends on nothing but the conditions of this module."""

TOLERANCE, RELATIVE_TOLERANCE = 1e-6, 1e-2
"""A bias scale counts as right if it is off by at most the sum of both, the second times itself.

Measured in ONNX Runtime 1.32, not documented: so both sides of the line are tried out on every
subgraph.
"""

DOUBT = 0.1
"""Relative distance from that line within which nothing is taken to be certain."""

HUGE = 1e30
"""Numbers above it may overflow in single precision: nothing is taken to be certain."""

FusionCase = tuple[bool, ...]
"""For each convolution of a subgraph: whether its condition holds."""


@dataclass(frozen=True, slots=True)
class FusionCondition:
    """The tensors that decide whether one convolution or matrix product is fused, by name.

    Attributes:
        input: Scale of the input.
        weight: Scale of the weights.
        bias: Scale of the bias.
        zero: Zero point of the bias, if it has one.
    """

    input: str
    weight: str
    bias: str
    zero: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all these tensors."""
        found = (self.input, self.weight, self.bias, self.zero)
        return tuple(name for name in found if name)

    def holds(self, values: Mapping[str, Values]) -> bool | None:
        """True if the bias scale is the product of the others; None if that is not certain.

        Args:
            values: contents of the tensors, float32 scales and integer zero points.
        """
        if self.zero is not None and np.any(values[self.zero]):
            return False
        with np.errstate(invalid="ignore"):  # some NaN warn when they are cast
            first, weight, bias = (
                values[n].astype(np.float64) for n in (self.input, self.weight, self.bias)
            )
            away, least = _line(first * weight, bias)
            # NaN compares as False, so that it is not known either.
            known = np.abs([first + 0 * away, weight + 0 * away, bias + 0 * away, away]) < HUGE
        sure = known.all(axis=0)
        if np.any(sure & (away >= (1 + DOUBT) * least[1])):
            return False
        return True if np.all(sure & (away <= (1 - DOUBT) * least[0])) else None


def _line(product: Values, bias: Values) -> tuple[Values, tuple[Values, Values]]:
    """Distance of ``bias`` from ``product``, and two bounds between which the line lies.

    It is not known whether ONNX Runtime's tolerance is relative to the one or to the other.
    """
    sizes = np.abs(product), np.abs(bias)
    bounds = (
        TOLERANCE + RELATIVE_TOLERANCE * choose(*sizes) for choose in (np.minimum, np.maximum)
    )
    return np.abs(bias - product), (next(bounds), next(bounds))


def fusion_conditions(nodes: Sequence[onnx.NodeProto]) -> list[FusionCondition] | None:
    """The conditions that decide how a subgraph is fused; None if other things may decide, too.

    Args:
        nodes: all nodes of the subgraph, in order of execution.
    """
    if any(node.op_type not in PLAIN for node in nodes):
        return None
    unpacked = {n.output[0]: n for n in nodes if n.op_type == "DequantizeLinear"}
    products = [node for node in nodes if node.op_type in ("Conv", "Gemm")]
    if any(name not in unpacked for node in products for name in node.input):
        return None
    return [_condition(node, unpacked) for node in products if len(node.input) > 2]


def _condition(node: onnx.NodeProto, unpacked: Mapping[str, onnx.NodeProto]) -> FusionCondition:
    x, w, b = (unpacked[name].input for name in node.input)
    return FusionCondition(x[1], w[1], b[1], b[2] if len(b) > 2 else None)


def contents_of_case(
    case: FusionCase,
    conditions: Sequence[FusionCondition],
    golden: Mapping[str, Values],
    number: int,
) -> dict[str, Values]:
    """Contents under which conditions hold or fail as asked, at the edges of doubt.

    Args:
        case: for each condition: whether it is to hold.
        conditions: the conditions.
        golden: contents of all tensors, not changed.
        number: different numbers give different contents; the first ones are mild.
    """
    rng = np.random.default_rng([31, number])
    values = {name: content.copy() for name, content in golden.items()}
    if number:
        deciding = {name for condition in conditions for name in condition.names}
        for name in sorted(values.keys() - deciding):
            _flip(values[name], rng)
    if number > 1:
        for name in sorted({n for c in conditions for n in (c.input, c.weight)}):
            _rescale(values[name], rng)
    for right, condition in zip(case, conditions, strict=True):
        values[condition.bias][...] = values[condition.input] * values[condition.weight]
        _decide(condition, values, right, number, rng)
    return values


def _flip(content: Values, rng: np.random.Generator) -> None:
    """Flip one random bit."""
    memory = content.reshape(-1).view(np.uint8)
    memory[rng.integers(len(memory))] ^= np.uint8(1 << rng.integers(8))


def _rescale(scales: Values, rng: np.random.Generator) -> None:
    """Multiply each scale by a random power of two."""
    elements = scales.reshape(-1)
    elements *= np.exp2(rng.integers(-8, 8, elements.size)).astype(np.float32)


def _decide(
    condition: FusionCondition,
    values: dict[str, Values],
    right: bool,
    number: int,
    rng: np.random.Generator,
) -> None:
    """Move one element of the bias scale to the edge, or the bias zero point away from 0."""
    if not right and condition.zero is not None and number == 1:
        zeros = values[condition.zero].reshape(-1)
        zeros[rng.integers(zeros.size)] = 1
        return
    elements = values[condition.bias].reshape(-1)
    at = rng.integers(elements.size)
    line = TOLERANCE + RELATIVE_TOLERANCE * abs(elements[at])
    step = (1 - 1.5 * DOUBT if right else 1 + 2 * DOUBT) * line
    elements[at] += -step if number % 2 else step
