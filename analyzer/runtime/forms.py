"""What decides the form that ONNX Runtime gives a quantized stretch: its bias scales.

Whether ONNX Runtime fuses a convolution depends on whether its bias scale is about the input scale
times the weight scale, and on the bias' zero point. Where both are far from doubt, the stretch has
one of few forms (`variants.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from analyzer.bits import Values

PLAIN = frozenset(
    word
    for line in (
        "Add AveragePool Conv DequantizeLinear Gemm GlobalAveragePool QGemm QLinearAdd",
        "QLinearAveragePool QLinearConv QLinearGlobalAveragePool QLinearMatMul QuantizeLinear",
    )
    for word in line.split()
)
"""Operators whose form depends on nothing but what is looked at here."""

SURE, OFF = 0.01, 0.05
"""A bias scale is right within the first, relatively, and wrong from the second on.

ONNX Runtime draws the line near 0.02 (measured). Both ends are tried out, and between is doubt.
"""

Form = tuple[bool, ...]
"""By convolution: whether its bias scale is right."""


@dataclass(frozen=True, slots=True)
class BiasScale:
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

    def is_right(self, values: Mapping[str, Values]) -> bool | None:
        """Whether the bias scale is the product of the others; None: that is not certain."""
        if self.zero is not None and np.any(values[self.zero]):
            return False
        factors = [values[n].astype(np.float64) for n in (self.input, self.weight, self.bias)]
        normal = np.finfo(np.float32).tiny
        sound = [np.isfinite(f) & (np.abs(f) >= normal) for f in factors]
        with np.errstate(all="ignore"):
            product = factors[0] * factors[1]
            away = np.abs(factors[2] / product - 1)
        sure = sound[0] & sound[1] & sound[2] & (np.abs(product) >= normal)
        if np.any(sure & (away >= OFF)):
            return False
        return True if np.all(sure & (away <= SURE) & (product > 0)) else None


def bias_scales(nodes: Sequence[onnx.NodeProto]) -> list[BiasScale] | None:
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
            found.append(BiasScale(x[1], w[1], b[1], b[2] if len(b) > 2 else None))
    return found


def of_form(
    form: Form, scales: Sequence[BiasScale], golden: Mapping[str, Values], number: int
) -> dict[str, Values]:
    """Contents that give ``form``, at the edges of doubt.

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
            values[name] *= np.float32(rng.uniform(0.5, 2))
    for right, scale in zip(form, scales, strict=True):
        values[scale.bias][...] = values[scale.input] * values[scale.weight]
        _decide(scale, values, right, number, rng)
    return values


def _flip(content: Values, rng: np.random.Generator) -> None:
    """Flip one random bit."""
    memory = content.reshape(-1).view(np.uint8)
    memory[rng.integers(len(memory))] ^= np.uint8(1 << rng.integers(8))


def _decide(
    scale: BiasScale, values: dict[str, Values], right: bool, number: int, rng: np.random.Generator
) -> None:
    """Move one element to the edge."""
    edge = SURE * 0.99 if right else OFF * 1.01
    factor = np.float32(1 + edge if number % 2 else 1 - edge)
    moved = (scale.bias, scale.weight, scale.bias, scale.input)[number % 4]
    if not right and scale.zero is not None and number == 1:
        zeros = values[scale.zero].reshape(-1)
        zeros[rng.integers(zeros.size)] = 1
        return
    elements = values[moved].reshape(-1)
    elements[rng.integers(elements.size)] *= factor
