"""The part that an initializer plays for the operator that reads it: weight, bias, scale, ..."""

from analyzer.faults.space import Kind
from analyzer.graph.index import Readers

_W, _B, _S, _Z, _N, _C = (
    Kind.WEIGHT,
    Kind.BIAS,
    Kind.SCALE,
    Kind.ZERO_POINT,
    Kind.NORM,
    Kind.CONSTANT,
)

ROLES: dict[str, dict[int, Kind]] = {
    "Conv": {1: _W, 2: _B},
    "ConvTranspose": {1: _W, 2: _B},
    "FusedConv": {1: _W, 2: _B},
    "ConvInteger": {1: _W, 2: _Z, 3: _Z},
    "Gemm": {0: _W, 1: _W, 2: _B},
    "FusedGemm": {1: _W, 2: _B},
    "MatMul": {0: _W, 1: _W},
    "FusedMatMul": {0: _W, 1: _W},
    "MatMulInteger": {0: _W, 1: _W, 2: _Z, 3: _Z},
    "Einsum": {0: _W, 1: _W},
    "Gather": {0: _W},
    "PRelu": {1: _W},
    "LSTM": {1: _W, 2: _W, 3: _B},
    "GRU": {1: _W, 2: _W, 3: _B},
    "RNN": {1: _W, 2: _W, 3: _B},
    "Add": {0: _B, 1: _B},
    "BatchNormalization": {1: _N, 2: _N, 3: _N, 4: _N},
    "InstanceNormalization": {1: _N, 2: _N},
    "LayerNormalization": {1: _N, 2: _N},
    "GroupNormalization": {1: _N, 2: _N},
    "QuantizeLinear": {1: _S, 2: _Z},
    "DequantizeLinear": {1: _S, 2: _Z},
    "QLinearConv": {1: _S, 2: _Z, 3: _W, 4: _S, 5: _Z, 6: _S, 7: _Z, 8: _B},
    "QLinearMatMul": {0: _W, 1: _S, 2: _Z, 3: _W, 4: _S, 5: _Z, 6: _S, 7: _Z},
    "QGemm": {1: _S, 2: _Z, 3: _W, 4: _S, 5: _Z, 6: _B, 7: _S, 8: _Z},
    "QLinearAdd": {1: _S, 2: _Z, 4: _S, 5: _Z, 6: _S, 7: _Z},
    "QLinearMul": {1: _S, 2: _Z, 4: _S, 5: _Z, 6: _S, 7: _Z},
    "QLinearGlobalAveragePool": {1: _S, 2: _Z, 3: _S, 4: _Z},
    "QLinearAveragePool": {1: _S, 2: _Z, 3: _S, 4: _Z},
    "QLinearLeakyRelu": {1: _S, 2: _Z, 3: _S, 4: _Z},
    "QLinearSigmoid": {1: _S, 2: _Z, 3: _S, 4: _Z},
    "QLinearSoftmax": {1: _S, 2: _Z, 3: _S, 4: _Z},
    "DynamicQuantizeMatMul": {1: _W, 2: _S, 3: _Z, 4: _B},
    "MatMulIntegerToFloat": {1: _W, 2: _S, 3: _S, 4: _Z, 5: _Z, 6: _B},
    "MatMulNBits": {1: _W, 2: _S, 3: _Z},
}
"""Operator -> input position -> kind; what is not listed is ``constant``."""

PASS_THROUGH = frozenset(
    {"DequantizeLinear", "Cast", "Transpose", "Reshape", "Identity", "Unsqueeze", "Squeeze"}
    | {"Flatten", "QuantizeLinear"}
)
"""Operators whose result is, to its reader, still the same weight (input 0 only)."""

GEOMETRY: dict[str, tuple[int, ...]] = {"Resize": (1, 2), "Upsample": (1,), "Range": (0, 1, 2)}
"""Float inputs that set sizes: a fault there asks for more memory, not for another value."""


def role_of(name: str, readers: Readers) -> Kind:
    """Kind of an initializer, by its first reader; a constant if no reader is known.

    Args:
        name: of the initializer.
        readers: by value, the nodes that read it and at which input.
    """
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        for node, position in readers.get(name, []):
            if node.op_type in PASS_THROUGH and position == 0:
                name = next(iter(node.output), "")
                break
            return ROLES.get(node.op_type, {}).get(position, Kind.CONSTANT)
    return Kind.CONSTANT


def sets_sizes(name: str, readers: Readers) -> bool:
    """Tell an initializer that sets sizes.

    Args:
        name: of the initializer.
        readers: by value, the nodes that read it and at which input.

    Returns:
        True if an operator takes a size from it.
    """
    return any(i in GEOMETRY.get(n.op_type, ()) for n, i in readers.get(name, []))
