"""What the nodes around an activation say about it: limits, ranges, types, what comes before."""

import numpy as np
import onnx

from analyzer.graph.index import Index, operator
from exporters.hardening.activations.gated import TRANSPARENT, Gate

FUSED = frozenset({"FusedConv", "FusedGemm"})
"""Operators of ONNX Runtime that end in the activation that their attribute names."""

LINEAR = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sum", "BatchNormalization"})
"""Operators whose activation a quantizer lets the following QuantizeLinear do."""


def clip_limits(node: onnx.NodeProto, index: Index) -> tuple[float | None, float | None]:
    """Constant limits of a Clip (or of one fused into a FusedConv); None: open, or computed.

    What is no Clip has none.
    """
    if operator(node) in FUSED:
        found = (list(a.floats) for a in node.attribute if a.name == "activation_params")
        parameters = next(found, [])
        return (parameters[0], parameters[1]) if len(parameters) == 2 else (None, None)
    names = [*node.input[1:3], "", ""][:2] if operator(node) == "Clip" else ["", ""]
    return index.scalar(names[0]), index.scalar(names[1])


def input_of(node: onnx.NodeProto, index: Index) -> str:
    """The value that ``node`` is a function of, before it was quantized or cast."""
    value = str(node.input[0])
    while (maker := index.producers.get(value)) and operator(maker) in TRANSPARENT:
        value = str(maker.input[0])
    return value


def is_quantized(value: str, index: Index) -> bool:
    """Whether the result of a linear operator is quantized before anything else happens to it."""
    maker = index.producers.get(value)
    quantized = any(operator(reader) == "QuantizeLinear" for reader in index.readers.get(value, []))
    return quantized and maker is not None and operator(maker) in LINEAR


def entry_of(gate: Gate, index: Index) -> str:
    """Where a gate begins: the value that its factors share, or that value plus a bias."""
    for value in sorted(gate.inner):
        maker = index.producers.get(value)
        if maker and gate.base in maker.input and is_quantized(value, index):
            return value
    return gate.base


def starts_at_zero(zero_point: str, index: Index) -> bool:
    """Whether the lowest code of a quantized value means 0."""
    values = index.array(zero_point)
    if values is None:
        return zero_point == ""  # left out: uint8 with zero point 0
    lowest = np.iinfo(values.dtype).min if values.dtype.kind in "iu" else None
    return values.size > 0 and lowest is not None and bool(np.all(values == lowest))


def type_of_inputs(value: str, index: Index) -> int:
    """Shape inference knows no operators of ONNX Runtime; activations keep their input's type."""
    node = index.producers.get(value)
    while node is not None and node.input:
        if node.input[0] in index.types:
            return index.types[node.input[0]]
        node = index.producers.get(node.input[0])
    return 0


def text_of(node: onnx.NodeProto, name: str) -> str:
    """A text attribute of ``node``; empty if it has none of that name."""
    found = next((a.s for a in node.attribute if a.name == name), b"")
    return found.decode("utf-8", "replace")
