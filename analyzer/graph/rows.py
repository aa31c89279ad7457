"""Operators that compute each image of a batch by itself, and operators that do not."""

import onnx

from analyzer.graph.walk import sub_graphs

BY_DEFINITION = frozenset(
    {"DynamicQuantizeLSTM", "DynamicQuantizeLinear", "DynamicQuantizeMatMul", "QAttention"}
)
"""Operators that scale by the extremes of all that they are fed; they explain a coupling."""

ROW_BY_ROW = frozenset(
    word
    for line in (
        "Add AveragePool Cast Ceil Clip Constant Conv ConvTranspose DequantizeLinear Div Dropout",
        "Elu Erf Exp Floor Gelu GlobalAveragePool GlobalMaxPool Greater HardSigmoid HardSwish",
        "Identity LeakyRelu Less LessOrEqual Log LRN MaxPool Max Min Mish Mul Neg PRelu Pad Pow",
        "QLinearAdd QLinearAveragePool QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu",
        "QLinearMul QLinearSigmoid QuantizeLinear Reciprocal Relu Selu Sigmoid Softplus Sqrt Sub",
        "Tanh Where InstanceNormalization",
    )
    for word in line.split()
)
"""Operators that compute each image of a batch by itself, whatever their attributes are."""

_AXES = {"Concat": None, "Flatten": 1, "Softmax": -1, "LogSoftmax": -1}
"""Operators that do so unless their axis is the first; by operator: the axis if none is named."""


def scaled_by_all_rows(graph: onnx.GraphProto) -> tuple[str, ...]:
    """Operators of a graph that scale by the extremes of all that they are fed, ascending.

    Args:
        graph: of the model.
    """
    return tuple(sorted({node.op_type for node in graph.node} & BY_DEFINITION))


def multiplies_integers(graph: onnx.GraphProto) -> bool:
    """True if some operator multiplies 8-bit integers, or becomes one that does.

    Args:
        graph: of the model.
    """
    words = ("Quant", "Integer", "QLinear")
    return any(word in node.op_type for node in graph.node for word in words)


def mixes_no_rows(graph: onnx.GraphProto) -> bool:
    """True if the operators alone tell that no image influences another one.

    Args:
        graph: of the model.
    """
    stored = {tensor.name for tensor in graph.initializer}
    return all(_row_by_row(node, stored) for node in graph.node)


def _row_by_row(node: onnx.NodeProto, stored: set[str]) -> bool:
    numbers = {a.name: a.i for a in node.attribute if a.type == onnx.AttributeProto.INT}
    if any(sub_graphs(node)):
        return False
    if node.op_type == "BatchNormalization":
        return not numbers.get("training_mode")
    if node.op_type in ("Gemm", "MatMul"):
        return not numbers.get("transA") and node.input[1] in stored
    if node.op_type in _AXES:
        return numbers.get("axis", _AXES[node.op_type]) not in (0, None)
    return node.op_type in ROW_BY_ROW
