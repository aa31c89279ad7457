"""The inputs and attributes of operators that hold parameters, and the kind of each, as tables.

Sources: the operators of ONNX (``docs/Operators.md``, ``docs/Operators-ml.md``) and those of ONNX
Runtime (``docs/ContribOperators.md``).
"""

from analyzer.faults.space import Kind

_W, _B, _S, _Z, _N, _C = (
    Kind.WEIGHT,
    Kind.BIAS,
    Kind.SCALE,
    Kind.ZERO_POINT,
    Kind.NORM,
    Kind.CONSTANT,
)

DYNAMIC_SCALE = "DynamicQuantizeLinear"
"""Operator whose second result is a scale, which the scale of a stored weight is multiplied by."""

_MOST_JOINED = 64
"""Inputs of a QLinearConcat that are told apart."""

_CONVOLUTION = {1: _W, 2: _B}
_RECURRENT = {1: _W, 2: _W, 3: _B}
_UNARY_QUANTIZED = {1: _S, 2: _Z, 3: _S, 4: _Z}
_BINARY_QUANTIZED = {1: _S, 2: _Z, 4: _S, 5: _Z, 6: _S, 7: _Z}

ROLES: dict[str, dict[int, Kind]] = {
    "Conv": _CONVOLUTION,
    "ConvTranspose": _CONVOLUTION,
    "FusedConv": _CONVOLUTION,
    "NhwcConv": _CONVOLUTION,
    "NhwcFusedConv": _CONVOLUTION,
    "DeformConv": {1: _W, 3: _B},
    "ConvInteger": {1: _W, 2: _Z, 3: _Z},
    "Gemm": {0: _W, 1: _W, 2: _B},
    "FusedGemm": {0: _W, 1: _W, 2: _B},
    "GemmFloat8": {0: _W, 1: _W, 2: _B, 3: _S, 4: _S, 5: _S},
    "MatMul": {0: _W, 1: _W},
    "FusedMatMul": {0: _W, 1: _W},
    "FusedMatMulActivation": {0: _W, 1: _W},
    "MatMulInteger": {0: _W, 1: _W, 2: _Z, 3: _Z},
    "Einsum": {0: _W, 1: _W},
    "Gather": {0: _W},
    "GatherBlockQuantized": {0: _W, 2: _S, 3: _Z},
    "PRelu": {1: _W},
    "LSTM": _RECURRENT | {7: _W},
    "GRU": _RECURRENT,
    "RNN": _RECURRENT,
    "DynamicQuantizeLSTM": _RECURRENT | {7: _W, 8: _S, 9: _Z, 10: _S, 11: _Z},
    "Add": {0: _B, 1: _B},
    "BiasAdd": {1: _B},
    "BiasGelu": {1: _B},
    "BiasSplitGelu": {1: _B},
    "FastGelu": {1: _B},
    "BatchNormalization": {1: _N, 2: _N, 3: _N, 4: _N},
    "InstanceNormalization": {1: _N, 2: _N},
    "LayerNormalization": {1: _N, 2: _N},
    "SimplifiedLayerNormalization": {1: _N},
    "RMSNormalization": {1: _N},
    "GroupNormalization": {1: _N, 2: _N},
    "GroupNorm": {1: _N, 2: _N},
    "SkipGroupNorm": {1: _N, 2: _N, 4: _B},
    "SkipLayerNormalization": {2: _N, 3: _N, 4: _B},
    "SkipSimplifiedLayerNormalization": {2: _N, 3: _B},
    "EmbedLayerNormalization": {2: _W, 3: _W, 4: _W, 5: _N, 6: _N},
    "QEmbedLayerNormalization": {2: _W, 3: _W, 4: _W, 5: _N, 6: _N}
    | dict.fromkeys(range(8, 13), _S)
    | dict.fromkeys(range(13, 18), _Z),
    "Attention": {1: _W, 2: _B, 5: _B},
    "PackedAttention": {1: _W, 2: _B, 5: _B},
    "DecoderMaskedSelfAttention": {1: _W, 2: _B, 5: _B},
    "LongformerAttention": {1: _W, 2: _B, 4: _W, 5: _B},
    "MultiHeadAttention": {3: _B, 5: _B},
    "PackedMultiHeadAttention": {3: _B, 6: _B},
    "QAttention": {1: _W, 2: _B, 3: _S, 4: _S, 6: _Z, 7: _Z},
    "MoE": {2: _W, 3: _B, 4: _W, 5: _B, 6: _W, 7: _B},
    "QMoE": {2: _W, 3: _S, 4: _B, 5: _W, 6: _S, 7: _B, 8: _W, 9: _S, 10: _B},
    "QuantizeLinear": {1: _S, 2: _Z},
    "DequantizeLinear": {1: _S, 2: _Z},
    "QLinearConv": {1: _S, 2: _Z, 3: _W, 4: _S, 5: _Z, 6: _S, 7: _Z, 8: _B},
    "QLinearMatMul": {0: _W, 1: _S, 2: _Z, 3: _W, 4: _S, 5: _Z, 6: _S, 7: _Z},
    "QGemm": {1: _S, 2: _Z, 3: _W, 4: _S, 5: _Z, 6: _B, 7: _S, 8: _Z},
    "QLinearAdd": _BINARY_QUANTIZED,
    "QLinearMul": _BINARY_QUANTIZED,
    "QLinearGlobalAveragePool": _UNARY_QUANTIZED,
    "QLinearAveragePool": _UNARY_QUANTIZED,
    "QLinearLeakyRelu": _UNARY_QUANTIZED,
    "QLinearReduceMean": _UNARY_QUANTIZED,
    "QLinearSigmoid": _UNARY_QUANTIZED,
    "QLinearSoftmax": _UNARY_QUANTIZED,
    "QLinearWhere": {2: _S, 3: _Z, 5: _S, 6: _Z, 7: _S, 8: _Z},
    "QLinearConcat": {0: _S, 1: _Z}
    | {3 * i: _S for i in range(1, _MOST_JOINED + 1)}
    | {3 * i + 1: _Z for i in range(1, _MOST_JOINED + 1)},
    "DynamicQuantizeMatMul": {1: _W, 2: _S, 3: _Z, 4: _B},
    "MatMulIntegerToFloat": {1: _W, 2: _S, 3: _S, 4: _Z, 5: _Z, 6: _B},
    "MatMulNBits": {1: _W, 2: _S, 3: _Z, 5: _B},
    "MatMulBnb4": {1: _W, 2: _S},
}
"""Operator -> input position -> kind; what is not listed is ``constant``."""

PASS_THROUGH = frozenset(
    {"DequantizeLinear", "Cast", "Transpose", "Reshape", "Identity", "Unsqueeze", "Squeeze"}
    | {"Flatten", "QuantizeLinear"}
)
"""Operators whose result is, to its reader, still the same weight (input 0 only)."""

GEOMETRY: dict[str, tuple[int, ...]] = {"Resize": (1, 2), "Upsample": (1,), "Range": (0, 1, 2)}
"""Float inputs that set sizes: a fault there asks for more memory, not for another value."""

_LINEAR = {"coefficients": _W, "intercepts": _B}
_SUPPORT_VECTORS = {"coefficients": _W, "support_vectors": _W, "rho": _B}
_TREES = {"nodes_values": _W, "nodes_values_as_tensor": _W} | dict.fromkeys(
    ("base_values", "base_values_as_tensor"), _B
)

ATTRIBUTES: dict[str, dict[str, Kind]] = {
    "LinearClassifier": _LINEAR,
    "LinearRegressor": _LINEAR,
    "SVMClassifier": _SUPPORT_VECTORS,
    "SVMRegressor": _SUPPORT_VECTORS,
    "Scaler": {"offset": _N, "scale": _N},
    "TreeEnsembleClassifier": _TREES | {"class_weights": _W, "class_weights_as_tensor": _W},
    "TreeEnsembleRegressor": _TREES | {"target_weights": _W, "target_weights_as_tensor": _W},
    "TreeEnsemble": {"nodes_splits": _W, "leaf_weights": _W},
    "TfIdfVectorizer": {"weights": _W},
}
"""Operator -> attribute -> kind, of operators that keep their parameters in attributes."""

UNREAD_ATTRIBUTES = frozenset({"nodes_hitrates", "nodes_hitrates_as_tensor"})
"""Attributes that ONNX keeps for optimizers and no runtime computes with."""
