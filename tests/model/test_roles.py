"""The part that each input of a fused or quantized operator plays, from its documentation."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import helper

from analyzer.faults.space import Kind
from analyzer.model.inventory import take_inventory
from tests.support import parse_model, with_initializers

LETTERS = {
    "w": Kind.WEIGHT,
    "b": Kind.BIAS,
    "s": Kind.SCALE,
    "z": Kind.ZERO_POINT,
    "n": Kind.NORM,
    "c": Kind.CONSTANT,
}

OPERATORS = {
    # A letter for each stored input, a dot for each that is computed.
    "FusedConv": ".wb",
    "NhwcFusedConv": ".wb",
    "FusedGemm": ".wb",
    "FusedMatMul": ".w",
    "ConvInteger": ".wzz",
    "MatMulInteger": ".wzz",
    "Attention": ".wb",
    "PackedAttention": ".wb",
    "QAttention": ".wbss.zz",
    "MultiHeadAttention": "...b",
    "EmbedLayerNormalization": "..wwwnn",
    "QEmbedLayerNormalization": "..wwwnn.ssssszzzzz",
    "SkipLayerNormalization": "..nnb",
    "SkipSimplifiedLayerNormalization": "..nb",
    "SimplifiedLayerNormalization": ".n",
    "BiasGelu": ".b",
    "FastGelu": ".b",
    "MatMulNBits": ".wsz.b",
    "MatMulBnb4": ".ws",
    "Gather": "w.",
    "GatherBlockQuantized": "w.sz",
    "DynamicQuantizeMatMul": ".wszb",
    "MatMulIntegerToFloat": ".wsszzb",
    "DynamicQuantizeLSTM": ".wwb...wszsz",
    "LSTM": ".wwb...w",
    "GRU": ".wwb",
    "RNN": ".wwb",
    "QLinearConv": ".szwszszb",
    "QLinearMatMul": ".szwszsz",
    "QGemm": ".szwszbsz",
    "QLinearAdd": ".sz.szsz",
    "QLinearConcat": "sz.sz.sz",
    "QLinearWhere": "..sz.szsz",
    "QLinearGlobalAveragePool": ".szsz",
    "QuantizeLinear": ".sz",
    "DequantizeLinear": ".sz",
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_each_input_has_its_kind(operator: str) -> None:
    layout = OPERATORS[operator]
    names = [f"t{i}" if letter != "." else "x" for i, letter in enumerate(layout)]
    proto = parse_model(
        '<ir_version: 10, opset_import: ["" : 21]> g (float[4] x) => (float[4] y) {}'
    )
    proto.graph.node.append(helper.make_node(operator, names, ["y"]))
    stored = {n: np.ones(2, np.float32) for n in names if n != "x"}
    found = take_inventory(with_initializers(proto, stored))
    expected = {f"t{i}": LETTERS[x] for i, x in enumerate(layout) if x != "."}
    assert {t.name: t.kind for t in found.at_risk} == expected


def test_the_scale_of_a_dynamically_quantized_weight_is_a_scale() -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 21]> g (float[N, 4] x) => (float[N, 3] y) {
        q, xs, xz = DynamicQuantizeLinear (x)
        i = MatMulInteger (q, w, xz, wz)
        f = Cast <to = 1> (i)
        s = Mul (xs, ws)
        m = Mul (f, s)
        y = Add (m, b)
    }
    """
    stored: dict[str, npt.NDArray[Any]] = {
        "w": np.ones((4, 3), np.int8),
        "wz": np.zeros((), np.int8),
        "ws": np.ones((), np.float32),
        "b": np.ones(3, np.float32),
    }
    found = take_inventory(with_initializers(parse_model(text), stored))
    assert {t.name: t.kind for t in found.at_risk} == {
        "w": Kind.WEIGHT,
        "wz": Kind.ZERO_POINT,
        "ws": Kind.SCALE,
        "b": Kind.BIAS,
    }


def test_a_local_function_is_looked_into() -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
    g (float[N, 1, 4, 4] x) => (float[N, 2, 2, 2] y) { y = local.Outer (x, w, b) }
    <opset_import: ["" : 21, "local" : 1], domain: "local">
    Outer (a, k, c) => (o) { o = local.Inner (c, a, k) }
    <opset_import: ["" : 21], domain: "local">
    Inner (c, a, k) => (o) { o = Conv (a, k, c) }
    """
    stored = {"w": np.ones((2, 1, 3, 3), np.float32), "b": np.ones(2, np.float32)}
    found = take_inventory(with_initializers(parse_model(text), stored))
    assert {t.name: t.kind for t in found.at_risk} == {"w": Kind.WEIGHT, "b": Kind.BIAS}
