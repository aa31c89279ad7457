"""Which activations are found, which are left, and why."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from analyzer.graph.index import index_of
from exporters.hardening.activations.survey import ActivationSite, Side, Survey, survey
from tests.exporters.nets import ACTIVATIONS, activation_net, network, scalar
from tests.support import parse_model, with_initializers

FLOAT = onnx.TensorProto.FLOAT


def found(body: str, **values: np.ndarray) -> list[tuple[str, str]]:
    """(value, kind) of every site of a network."""
    return [(s.value, s.kind) for s in survey(network(body, values)).sites]


def left(proto: onnx.ModelProto) -> dict[str, str]:
    """Value -> reason of everything that is not bounded."""
    return {n.value: n.reason for n in survey(proto).left}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_one_site(name: str) -> None:
    case = ACTIVATIONS[name]
    found = survey(activation_net(case))
    assert found.sites == (ActivationSite(case.site, case.kind, case.side, FLOAT),)
    assert found.left == ()


@pytest.mark.parametrize(
    "body",
    [
        "s = Mul (image, image) p = Pow (s, three) scores = Mul (image, p)",
        "a = Relu (image) b = Sigmoid (image) scores = Softmax (a)",
        "m = ReduceMean <axes = [1]> (image) g = Sigmoid (m) scores = Mul (image, g)",
        "a, b = Split <axis = 1> (image) g = Sigmoid (b) s = Mul (a, g) "
        "scores = Concat <axis = 1> (s, a)",
    ],
    ids=["powers", "unused gate", "squeeze and excitation", "gated linear unit"],
)
def test_products_of_two_values_are_no_activations(body: str) -> None:
    kinds = {kind for _, kind in found(body, three=scalar(3))}
    assert kinds <= {"Relu"}


def test_a_gate_behind_a_bias_is_found_once() -> None:
    body = "b = Add (image, c) s = Sigmoid (b) y = Mul (b, s) r = Relu (y) scores = Neg (r)"
    assert found(body, c=scalar(1)) == [("y", "SiLU"), ("r", "Relu")]


def test_gates_in_a_row_are_told_apart() -> None:
    body = "s = Sigmoid (image) y = Mul (image, s) t = Sigmoid (y) scores = Mul (y, t)"
    assert found(body) == [("y", "SiLU"), ("scores", "SiLU")]


def test_a_scale_that_others_see_past_is_not_part_of_the_gate() -> None:
    """The value before the factor is read twice, so that the bound belongs before both."""
    body = "s = Sigmoid (image) y = Mul (image, s) z = Mul (y, c) scores = Add (y, z)"
    assert found(body, c=scalar(0.5)) == [("y", "SiLU")]


def test_weights_behind_a_gate_are_not_part_of_it() -> None:
    body = "s = Sigmoid (image) y = Mul (image, s) scores = Mul (y, w)"
    assert found(body, w=np.ones(4, np.float32)) == [("y", "SiLU")]


def test_a_gate_in_a_quantized_graph_is_found() -> None:
    body = """
        q = QuantizeLinear (image, s, z) x = DequantizeLinear (q, s, z)
        g = Sigmoid (x)
        h = QuantizeLinear (g, s, z) i = DequantizeLinear (h, s, z)
        y = Mul (x, i) scores = Neg (y)
    """
    assert found(body, s=scalar(0.1), z=scalar(128, np.uint8)) == [("y", "SiLU")]


@pytest.mark.parametrize(
    ("zero", "sites"),
    [
        (scalar(0, np.uint8), ["c"]),
        (scalar(-128, np.int8), ["c"]),
        (scalar(7, np.uint8), []),
        (scalar(0, np.int8), []),
    ],
)
def test_a_relu_absorbed_by_a_zero_point(zero: np.ndarray, sites: list[str]) -> None:
    body = """
        c = Add (image, k)
        q = QuantizeLinear (c, s, z) d = DequantizeLinear (q, s, z)
        scores = Neg (d)
    """
    assert [v for v, _ in found(body, k=scalar(1), s=scalar(0.1), z=zero)] == sites


@pytest.mark.parametrize(
    ("activation", "kind", "side"),
    [
        ("h = LeakyRelu (d)", "LeakyRelu", Side.TWO),
        ("h = Relu (d)", "Relu", Side.ONE),
        ("g = Sigmoid (d) h = Mul (d, g)", "SiLU", Side.TWO),
    ],
)
def test_what_is_quantized_before_the_activation_is_bounded_before_that(
    activation: str, kind: str, side: Side
) -> None:
    """The QuantizeLinear would make the end of its range of whatever has blown up."""
    body = f"""
        c = Add (image, k)
        q = QuantizeLinear (c, s, z) d = DequantizeLinear (q, s, z)
        {activation}
        scores = Neg (h)
    """
    values = {"k": scalar(1), "s": scalar(0.1), "z": scalar(7, np.uint8)}
    proto = network(body, values)
    assert survey(proto).sites == (ActivationSite("c", f"input of {kind}", side, FLOAT),)
    assert left(proto) == {"h": "its input is bounded, before that is quantized"}


def test_an_image_that_is_quantized_is_no_activation() -> None:
    body = "q = QuantizeLinear (image, s, z) scores = DequantizeLinear (q, s, z)"
    assert found(body, s=scalar(0.1), z=scalar(0, np.uint8)) == []


def test_relu_and_clip_are_one_activation() -> None:
    """What clamps stands behind both, what clips between: a Clip hides what has blown up."""
    proto = network("r = Relu (image) scores = Clip (r, , six)", {"six": scalar(6)})
    assert survey(proto).sites == (ActivationSite("r", "input of Clip", Side.ONE, FLOAT),)
    assert left(proto) == {}
    clamped = survey(proto, clamps=True)
    assert clamped.sites == (ActivationSite("scores", "Clip", Side.TWO, FLOAT),)
    assert [(n.value, n.reason) for n in clamped.left] == [
        ("r", "it is one activation with the Clip that follows")
    ]


def test_relu_that_others_read_besides_the_clip_is_a_site() -> None:
    body = "r = Relu (image) c = Clip (r, , six) scores = Add (r, c)"
    assert [v for v, _ in found(body, six=scalar(6))] == ["r"]
    proto = network(body, {"six": scalar(6)})
    assert [s.value for s in survey(proto, clamps=True).sites] == ["r", "c"]


def test_a_clip_of_the_image_itself_is_bounded_behind() -> None:
    proto = network("scores = Clip (image, zero, six)", {"zero": scalar(0), "six": scalar(6)})
    assert survey(proto).sites == (ActivationSite("scores", "Clip", Side.ONE, FLOAT),)


def test_a_computed_lower_limit_may_be_negative() -> None:
    body = "m = ReduceMin <keepdims = 0> (image) scores = Clip (image, m)"
    assert survey(network(body)).sites == (ActivationSite("scores", "Clip", Side.TWO, FLOAT),)


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh", "HardSigmoid", "Softsign"])
def test_what_is_bounded_by_itself_is_left(name: str) -> None:
    reason = left(network(f"scores = {name} (image)"))["scores"]
    assert "by definition" in reason


def test_recurrent_layers_are_left() -> None:
    rng = np.random.default_rng(0)
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[S, N, 3] image) => (float[S, 1, N, 2] scores) {
            scores = LSTM <hidden_size = 2> (image, w, r)
        }
    """
    values = {
        n: rng.random(s).astype(np.float32) for n, s in {"w": (1, 8, 3), "r": (1, 8, 2)}.items()
    }
    proto = with_initializers(parse_model(text), values)
    assert left(proto) == {"scores": "its activations are inside the operator"}


def test_sub_graphs_are_left() -> None:
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, C] image, bool big) => (float[N, C] scores) {
            scores = If (big) <
                then_branch = yes () => (float[N, C] a) { a = Relu (image) },
                else_branch = no () => (float[N, C] b) { b = LeakyRelu (image) }
            >
        }
    """
    reasons = left(parse_model(text))
    assert set(reasons) == {"a", "b"}
    assert all("sub-graph of If 'scores'" in reason for reason in reasons.values())


def test_integer_operators_are_left_where_they_hide_a_relu() -> None:
    head = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>'
    body = """
        a = com.microsoft.QLinearAdd (image, s, z, image, s, z, s, z)
        b = com.microsoft.QLinearAdd (a, s, z, a, s, z, s, w)
        scores = com.microsoft.QLinearLeakyRelu (b, s, w, s, w)
    """
    proto = parse_model(f"{head} net (uint8[N, C] image) => (uint8[N, C] scores) {{ {body} }}")
    values = {"s": scalar(0.1), "z": scalar(0, np.uint8), "w": scalar(9, np.uint8)}
    reasons = left(with_initializers(proto, values))
    assert set(reasons) == {"a", "scores"}
    assert all("then quantize it" in reason for reason in reasons.values())


def test_integers_are_left() -> None:
    reasons = left(network("scores = Relu (image)", dtype="int32"))
    assert reasons == {"scores": "its element type int32 is no float"}


@pytest.mark.parametrize(
    ("dtype", "opset", "reason"),
    [
        ("bfloat16", 14, "in opset 14 no bound takes bfloat16; convert to 16 or later"),
        ("bfloat16", 16, None),
        ("double", 14, None),
        ("float16", 11, None),
    ],
)
def test_element_types(dtype: str, opset: int, reason: str | None) -> None:
    proto = network("scores = Relu (image)", opset=opset, dtype=dtype)
    assert left(proto).get("scores") == reason
    assert len(survey(proto).sites) == (reason is None)


def test_fused_activations_of_optimized_files() -> None:
    node = helper.make_node(
        "FusedConv",
        ["image", "w"],
        ["scores"],
        domain="com.microsoft",
        activation="Clip",
        activation_params=[0.0, 6.0],
    )
    shape: list[str | int | None] = ["N", 1, 4, 4]
    graph = helper.make_graph(
        [node],
        "net",
        [helper.make_tensor_value_info("image", FLOAT, shape)],
        [helper.make_tensor_value_info("scores", FLOAT, shape)],
        [helper.make_tensor("w", FLOAT, [1, 1, 1, 1], [2.0])],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    assert survey(proto, True).sites == (
        ActivationSite("scores", "FusedConv (Clip)", Side.ONE, FLOAT),
    )
    assert left(proto) == {"scores": "it clamps within the operator"}
    del node.attribute[:]
    node.attribute.append(helper.make_attribute("activation", "Relu"))
    graph.node[0].CopyFrom(node)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    assert survey(proto).sites == (ActivationSite("scores", "FusedConv (Relu)", Side.ONE, FLOAT),)


def test_unknown_operators_are_nothing() -> None:
    proto = network("scores = Neg (image)")
    proto.graph.node[0].domain = "org.example"
    proto.graph.node[0].op_type = "Relu"
    assert survey(proto) == Survey((), ())


@pytest.mark.parametrize("wrong", [{"data_type": 32768}, {"data_type": 0}, {"raw_data": b"abc"}])
def test_a_constant_that_cannot_be_read_is_none(wrong: dict[str, Any]) -> None:
    """ONNX Runtime refuses such a model in a sentence; to look for sites comes before."""
    tensor = numpy_helper.from_array(np.zeros(1, np.float32), "w")
    for field, value in wrong.items():
        setattr(tensor, field, value)
    index = index_of(onnx.ModelProto(graph=onnx.GraphProto(initializer=[tensor])))
    assert index.array("w") is None
    assert index.scalar("w") is None
