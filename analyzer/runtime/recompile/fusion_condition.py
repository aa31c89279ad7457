"""What decides the form that ONNX Runtime gives a quantized stretch: its bias scales.

Whether ONNX Runtime fuses a convolution depends on whether its bias scale is about the input scale
times the weight scale, and on the bias' zero point. Where both are far from doubt, the stretch has
one of few forms (`precompiled.py`).
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
"""Operators whose form depends on nothing but what is looked at here."""

TOLERANCE, RELATIVE_TOLERANCE = 1e-6, 1e-2
"""A bias scale counts as right if it is off by at most so much, plus such a share of it.

Measured, not documented (1.32): so both sides of the line are tried out on every stretch.
"""

DOUBT = 0.1
"""Relative distance from that line within which nothing is taken to be certain."""

HUGE = 1e30
"""Above it, single precision may overflow."""

FusionCase = tuple[bool, ...]
"""By convolution: whether its bias scale is right."""


@dataclass(frozen=True, slots=True)
class FusionCondition:
    """Names of the tensors that decide whether one node is fused.

    Attributes:
        input: Scale of its input.
        weight: Scale of its weights.
        bias: Scale of its bias.
        zero: Zero point of its bias, if it has one.
    """

    input: str
    weight: str
    bias: str
    zero: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        found = (self.input, self.weight, self.bias, self.zero)
        return tuple(name for name in found if name)

    def holds(self, values: Mapping[str, Values]) -> bool | None:
        """Whether the bias scale is the product of the others; None: that is not certain."""
        if self.zero is not None and np.any(values[self.zero]):
            return False
        with np.errstate(invalid="ignore"):  # some NaN warn when they are cast
            first, weight, bias = (
                values[n].astype(np.float64) for n in (self.input, self.weight, self.bias)
            )
            away, least = _line(first * weight, bias)
            known = np.abs([first + 0 * away, weight + 0 * away, bias + 0 * away, away]) < HUGE
        sure = known.all(axis=0)
        if np.any(sure & (away >= (1 + DOUBT) * least[1])):
            return False
        return True if np.all(sure & (away <= (1 - DOUBT) * least[0])) else None


def _line(product: Values, bias: Values) -> tuple[Values, tuple[Values, Values]]:
    """How far ``bias`` is from ``product``, and the bounds between which the line lies."""
    sizes = np.abs(product), np.abs(bias)
    bounds = (
        TOLERANCE + RELATIVE_TOLERANCE * choose(*sizes) for choose in (np.minimum, np.maximum)
    )
    return np.abs(bias - product), (next(bounds), next(bounds))


def fusion_conditions(nodes: Sequence[onnx.NodeProto]) -> list[FusionCondition] | None:
    """What decides the form of a stretch; None: other things may.

    Args:
        nodes: all of the stretch, in order of execution.
    """
    if any(node.op_type not in PLAIN for node in nodes):
        return None
    unpacked = {n.output[0]: n for n in nodes if n.op_type == "DequantizeLinear"}
    found = []
    for node in nodes:
        if node.op_type not in ("Conv", "Gemm"):
            continue
        if any(name not in unpacked for name in node.input):
            return None
        if len(node.input) > 2:
            x, w, b = (unpacked[name].input for name in node.input)
            found.append(FusionCondition(x[1], w[1], b[1], b[2] if len(b) > 2 else None))
    return found


def contents_of_case(
    form: FusionCase, scales: Sequence[FusionCondition], golden: Mapping[str, Values], number: int
) -> dict[str, Values]:
    """OverridableInitializers that give ``form``, at the edges of doubt.

    Args:
        form: by node: whether its bias scale is right.
        scales: what decides that.
        golden: contents of all tensors, not changed.
        number: different numbers give different contents; the first ones are mild.
    """
    rng = np.random.default_rng([31, number])
    values = {name: content.copy() for name, content in golden.items()}
    deciding = {name for scale in scales for name in scale.names}
    for name in sorted(values.keys() - deciding):
        if number:
            _flip(values[name], rng)
    for name in sorted({n for s in scales for n in (s.input, s.weight)}):
        if number > 1:
            elements = values[name].reshape(-1)
            elements *= np.exp2(rng.integers(-8, 8, elements.size)).astype(np.float32)
    for right, scale in zip(form, scales, strict=True):
        values[scale.bias][...] = values[scale.input] * values[scale.weight]
        _decide(scale, values, right, number, rng)
    return values


def _flip(content: Values, rng: np.random.Generator) -> None:
    """Flip one random bit."""
    memory = content.reshape(-1).view(np.uint8)
    memory[rng.integers(len(memory))] ^= np.uint8(1 << rng.integers(8))


def _decide(
    scale: FusionCondition,
    values: dict[str, Values],
    right: bool,
    number: int,
    rng: np.random.Generator,
) -> None:
    """Move one element to the edge."""
    if not right and scale.zero is not None and number == 1:
        zeros = values[scale.zero].reshape(-1)
        zeros[rng.integers(zeros.size)] = 1
        return
    elements = values[scale.bias].reshape(-1)
    at = rng.integers(elements.size)
    step = (1 - 1.5 * DOUBT if right else 1 + 2 * DOUBT) * (
        TOLERANCE + RELATIVE_TOLERANCE * abs(elements[at])
    )
    elements[at] += -step if number % 2 else step
