"""Facts about an activation that its neighbours in the graph tell: limits, ranges, types."""

import numpy as np
import onnx

from analyzer.graph.index import Index, operator
from exporters.hardening.activations.gated import TRANSPARENT, Gate

FUSED = frozenset({"FusedConv", "FusedGemm"})
"""Operators of ONNX Runtime that end in the activation that their attribute names."""

LINEAR = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sum", "BatchNormalization"})
"""Operators whose activation a quantizer lets the following QuantizeLinear do."""


def clip_limits(node: onnx.NodeProto, index: Index) -> tuple[float | None, float | None]:
    """Constant limits of a Clip, or of one fused into a FusedConv: lower and upper.

    Args:
        node: any node; one that is no Clip has no limits.
        index: of its graph.

    Returns:
        None for a limit that is open or computed.
    """
    if operator(node) in FUSED:
        found = (list(a.floats) for a in node.attribute if a.name == "activation_params")
        parameters = next(found, [])
        return (parameters[0], parameters[1]) if len(parameters) == 2 else (None, None)
    names = [*node.input[1:3], "", ""][:2] if operator(node) == "Clip" else ["", ""]
    return index.scalar(names[0]), index.scalar(names[1])


def input_of(node: onnx.NodeProto, index: Index) -> str:
    """The first input of ``node`` as it was before it was quantized or cast.

    Args:
        node: a node with an input.
        index: of its graph.
    """
    value = str(node.input[0])
    while (maker := index.producers.get(value)) and operator(maker) in TRANSPARENT:
        value = str(maker.input[0])
    return value


def is_quantized(value: str, index: Index) -> bool:
    """True if ``value`` is the result of a linear operator, and quantized before any other use.

    Args:
        value: name of a value.
        index: of its graph.
    """
    maker = index.producers.get(value)
    quantized = any(operator(reader) == "QuantizeLinear" for reader in index.readers.get(value, []))
    return quantized and maker is not None and operator(maker) in LINEAR


def entry_of(gate: Gate, index: Index) -> str:
    """The value that a gate begins with: the one that its factors share, or that plus a bias.

    Args:
        gate: a product of functions of one value.
        index: of its graph.
    """
    for value in sorted(gate.inner):
        maker = index.producers.get(value)
        if maker and gate.base in maker.input and is_quantized(value, index):
            return value
    return gate.base


def starts_at_zero(zero_point: str, index: Index) -> bool:
    """True if the lowest code of a quantized value stands for 0.

    Args:
        zero_point: name of the zero point; empty: it is left out.
        index: of its graph.
    """
    values = index.array(zero_point)
    if values is None:
        return zero_point == ""  # left out: uint8 with zero point 0
    lowest = np.iinfo(values.dtype).min if values.dtype.kind in "iu" else None
    return values.size > 0 and lowest is not None and bool(np.all(values == lowest))


def type_of_inputs(value: str, index: Index) -> int:
    """Element type of ``value`` by that of its inputs; 0 if they have none that is known.

    Shape inference knows no operators of ONNX Runtime; activations keep their input's type.

    Args:
        value: name of a value.
        index: of its graph.
    """
    node = index.producers.get(value)
    while node is not None and node.input:
        if node.input[0] in index.types:
            return index.types[node.input[0]]
        node = index.producers.get(node.input[0])
    return 0


def text_of(node: onnx.NodeProto, name: str) -> str:
    """A text attribute of ``node``; empty if it has none of that name.

    Args:
        node: any node.
        name: of the attribute.
    """
    found = next((a.s for a in node.attribute if a.name == name), b"")
    return found.decode("utf-8", "replace")
