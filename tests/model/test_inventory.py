"""What each stored tensor is to its reader, and why some are out of scope: by ONNX text."""

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper, numpy_helper

from analyzer.faults.elements import ELEMENT_TYPES
from analyzer.faults.space import Kind
from analyzer.model.inventory import Inventory, take_inventory
from tests.support import parse_model, with_initializers

W, B, S, Z, N, C = (
    Kind.WEIGHT,
    Kind.BIAS,
    Kind.SCALE,
    Kind.ZERO_POINT,
    Kind.NORM,
    Kind.CONSTANT,
)


def graph(body: str, **values: npt.NDArray[Any]) -> onnx.ModelProto:
    head = '<ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>'
    text = f"{head} g (float[N, 3, 6, 6] x) => (float[N, d] y) {{ {body} }}"
    return with_initializers(parse_model(text), values)


def floats(*shape: int) -> npt.NDArray[np.float32]:
    return np.ones(shape, np.float32)


def integers(dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any]:
    return np.ones(shape, dtype)


def kinds(inventory: Inventory) -> dict[str, Kind]:
    return {t.name: t.kind for t in inventory.at_risk}


def reasons(inventory: Inventory) -> dict[str, str]:
    return {t.name: t.reason for t in inventory.out_of_scope}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("y = Conv (x, w, b)", {"w": W, "b": B}),
        ("y = ConvTranspose (x, w, b)", {"w": W, "b": B}),
        ("y = Gemm (x, w, b)", {"w": W, "b": B}),
        ("y = Gemm (w, x)", {"w": W}),
        ("y = MatMul (x, w)", {"w": W}),
        ("y = MatMul (w, x)", {"w": W}),
        ("m = MatMul (x, w) y = Add (m, b)", {"w": W, "b": B}),
        ("m = MatMul (x, w) y = Add (b, m)", {"w": W, "b": B}),
        (
            "y = BatchNormalization (x, w, b, c, d)",
            {"w": N, "b": N, "c": N, "d": N},
        ),
        ("y = LayerNormalization (x, w, b)", {"w": N, "b": N}),
        ("y = InstanceNormalization (x, w, b)", {"w": N, "b": N}),
        ("y = LSTM <hidden_size = 1> (x, w, c, b)", {"w": W, "c": W, "b": B}),
        ("y = PRelu (x, w)", {"w": W}),
        ("y = Clip (x, b, c)", {"b": C, "c": C}),
        ("y = Mul (x, c)", {"c": C}),
        ("i = Cast <to = 7> (x) y = Gather (w, i)", {"w": W}),
        ("t = Transpose (w) r = Identity (t) y = MatMul (x, r)", {"w": W}),
        ("t = Unsqueeze (b, axes) y = Conv (x, w, t)", {"w": W, "b": B}),
        ("y = Resize (x, , w)", {}),
        ("y = Upsample (x, w)", {}),
        ("r = Range (b, c, d) y = Mul (x, r)", {}),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_roles_of_float_tensors(body: str, expected: dict[str, Kind]) -> None:
    stored = {n: floats(2) for n in "wbcd" if f"{n}," in body or f"{n})" in body}
    assert kinds(take_inventory(graph(body, **stored))) == expected


QDQ_CONV = """
    q = QuantizeLinear (x, xs, xz)
    a = DequantizeLinear (q, xs, xz)
    wd = DequantizeLinear <axis = 0> (w, ws, wz)
    bd = DequantizeLinear (b, bs, bz)
    y = Conv (a, wd, bd)
"""


def test_roles_in_a_quantized_convolution() -> None:
    found = take_inventory(
        graph(
            QDQ_CONV,
            w=integers(np.int8, 2, 3, 1, 1),
            b=integers(np.int32, 2),
            xz=integers(np.uint8),
            wz=integers(np.int8, 2),
            bz=integers(np.int32),
            xs=floats(),
            ws=floats(2),
            bs=floats(),
        )
    )
    roles = {"w": W, "b": B, "xz": Z, "wz": Z, "bz": Z, "xs": S, "ws": S, "bs": S}
    assert kinds(found) == roles
    assert not found.out_of_scope


def test_roles_in_operator_format() -> None:
    names = ["xs", "xz", "w", "ws", "wz", "ys", "yz", "b"]
    roles = dict(zip(names, [S, Z, W, S, Z, S, Z, B], strict=True))
    types = {W: np.int8, B: np.int32, S: np.float32, Z: np.uint8}
    found = take_inventory(
        graph(
            f"q = QuantizeLinear (x, xs, xz) r = QLinearConv (q, {', '.join(names)}) "
            "y = DequantizeLinear (r, ys, yz)",
            **{name: integers(types[kind], 2) for name, kind in roles.items()},
        )
    )
    assert kinds(found) == roles


def test_an_operator_nobody_knows_reads_constants() -> None:
    assert kinds(take_inventory(graph("y = com.acme.Strange (x, c)", c=floats(2)))) == {"c": C}


def test_the_first_reader_decides_for_tied_weights() -> None:
    found = take_inventory(graph("a = MatMul (x, w) y = Mul (a, w)", w=floats(6, 6)))
    assert kinds(found) == {"w": W}


def test_a_weight_that_a_branch_reads_is_found() -> None:
    body = """
        k = Cast <to = 9> (c)
        y = If (k) <
            then_branch = a () => (float[N, 3] p) { p = MatMul (x, w) },
            else_branch = b () => (float[N, 3] q) { q = Mul (x, c) }
        >
    """
    assert kinds(take_inventory(graph(body, w=floats(6, 3), c=floats()))) == {"c": C, "w": W}


@pytest.mark.parametrize(
    ("body", "value", "reason"),
    [
        ("y = Reshape (x, t)", integers(np.int64, 2), "int64"),
        ("y = Gather (x, t)", integers(np.int32, 2), "an index or a size"),
        ("y = Mul (x, t)", integers(np.int32, 2), "an index or a size"),
        ("y = Resize (x, , t)", floats(4), "sets sizes"),
        ("y = Resize (x, t, x)", floats(4), "sets sizes"),
        ("y = Where (t, x, x)", integers(np.bool_, 2), "element type bool"),
        ("y = Conv (x, t)", integers(np.uint16, 2), "element type uint16"),
        ("y = Relu (x)", floats(4), "no node reads it"),
        ("y = MatMul (x, t)", floats(0, 3), "no elements"),
        ("y = MatMul (x, t)", floats(3, 0, 2), "no elements"),
    ],
)
def test_what_is_out_of_scope_says_why(body: str, value: npt.NDArray[Any], reason: str) -> None:
    found = take_inventory(graph(body, t=value))
    assert not found.at_risk
    assert reason in reasons(found)["t"]
    assert found.out_of_scope[0].shape == value.shape


def test_an_initializer_that_is_only_an_output_says_so() -> None:
    proto = graph("y = Relu (x)", t=floats(2))
    proto.graph.output.append(helper.make_tensor_value_info("t", onnx.TensorProto.FLOAT, [2]))
    assert "output" in reasons(take_inventory(proto))["t"]


def test_a_sparse_initializer_is_at_risk_and_its_positions_are_not() -> None:
    proto = graph("y = MatMul (x, s)")
    values = numpy_helper.from_array(floats(2), "s")
    indices = numpy_helper.from_array(np.array([0, 5], np.int64), "s_indices")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [6, 3]))
    found = take_inventory(proto)
    (tensor,) = found.at_risk
    assert (tensor.name, tensor.kind, tensor.values.shape) == ("s", W, (2,))
    assert tensor.place == "a sparse tensor of the main graph"
    (left,) = found.out_of_scope
    assert (left.name, left.bits, left.reason) == (
        "s.indices",
        128,
        "int64: positions in a sparse tensor",
    )


@pytest.mark.parametrize(
    ("node", "kind", "shape"),
    [
        ("c = Constant <value = float[2] {1, 2}> ()", C, (2,)),
        ("c = Constant <value_float = 1.5> ()", C, ()),
        ("c = Constant <value_floats = [1.5, 2.5, 3.5]> ()", C, (3,)),
    ],
)
def test_a_constant_node_is_like_an_initializer(
    node: str, kind: Kind, shape: tuple[int, ...]
) -> None:
    found = take_inventory(graph(f"{node} y = Mul (x, c)"))
    (tensor,) = found.at_risk
    assert (tensor.name, tensor.kind, tensor.values.shape) == ("c", kind, shape)
    assert not found.out_of_scope


@pytest.mark.parametrize(
    ("node", "reader", "bits", "reason"),
    [
        ("c = Constant <value = int64[2] {1, 6}> ()", "Reshape (x, c)", 128, "int64: shapes"),
        ("c = Constant <value_int = 1> ()", "Gather (x, c)", 64, "int64: shapes"),
        ("c = Constant <value_ints = [1, 6, 1]> ()", "Reshape (x, c)", 192, "int64: shapes"),
        ("c = Constant <value = int32[1] {1}> ()", "Gather (x, c)", 32, "an index or a size"),
        ("c = Constant <value_floats = [1.0, 2.0]> ()", "Resize (x, , c)", 64, "sets sizes"),
        ('c = Constant <value_string = "abc"> ()', "StringNormalizer (c)", 24, "string"),
    ],
)
def test_what_is_no_weight_in_an_initializer_is_none_in_a_constant_node(
    node: str, reader: str, bits: int, reason: str
) -> None:
    found = take_inventory(graph(f"{node} y = {reader}"))
    assert not found.at_risk
    (left,) = found.out_of_scope
    assert (left.name, left.bits, left.read) == ("c", bits, True)
    assert reason in left.reason


BRANCHES = """
    k = Cast <to = 9> (c)
    y = If (k) <
        then_branch = a () => (float[N, 3] p) <float[6, 3] inner = {1, 2}>
            { p = MatMul (x, inner) },
        else_branch = b () => (float[N, 3] q)
            { d = Constant <value = float[1] {1}> () s = Constant <value_int = 3> ()
              r = Add (x, d) q = Gather (r, s) }
    >
"""


def test_what_sub_graphs_store_is_at_risk_under_names_of_its_own() -> None:
    body = BRANCHES.replace("float[6, 3] inner = {1, 2}", "float[2] inner = {1, 2}")
    found = take_inventory(graph(body, c=floats()))
    assert kinds(found) == {"c": C, "y.then_branch.inner": W, "y.else_branch.d": B}
    places = {t.name: t.place for t in found.at_risk}
    assert places["y.then_branch.inner"] == "a sub-graph of If 'y'"
    assert found.share_left_out == 0.0


@pytest.mark.parametrize(
    ("op", "attributes", "at_risk", "left"),
    [
        ("LinearClassifier", {"coefficients": 8, "intercepts": 2}, {W: 8, B: 2}, {}),
        ("LinearRegressor", {"coefficients": 4, "intercepts": 1}, {W: 4, B: 1}, {}),
        ("Scaler", {"offset": 3, "scale": 3}, {N: 6}, {}),
        ("SVMRegressor", {"coefficients": 3, "support_vectors": 9, "rho": 1}, {W: 12, B: 1}, {}),
        (
            "TreeEnsembleRegressor",
            {"nodes_values": 5, "target_weights": 3, "nodes_hitrates": 5},
            {W: 8},
            {"nodes_hitrates": "no runtime computes with it"},
        ),
        ("Imputer", {"imputed_value_floats": 3}, {C: 3}, {}),
    ],
)
def test_attributes_that_hold_parameters_are_at_risk(
    op: str, attributes: dict[str, int], at_risk: dict[Kind, int], left: dict[str, str]
) -> None:
    proto = graph("")
    values: dict[str, Any] = {name: [0.5] * count for name, count in attributes.items()}
    proto.graph.node.append(helper.make_node(op, ["x"], ["y"], "m", domain="ai.onnx.ml", **values))
    found = take_inventory(proto)
    counted: dict[Kind, int] = {}
    for tensor in found.at_risk:
        counted[tensor.kind] = counted.get(tensor.kind, 0) + tensor.values.size
    assert counted == at_risk
    assert {n.removeprefix("m."): r.split(" (")[0] for n, r in reasons(found).items()} == left
    assert found.bits_left_out == 0


def test_integers_of_a_tree_are_counted_and_left_out() -> None:
    proto = graph("")
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], "t", domain="ai.onnx.ml")
    node.attribute.append(helper.make_attribute("nodes_values", [0.5, 0.25]))
    node.attribute.append(helper.make_attribute("nodes_featureids", [1, 2]))
    proto.graph.node.append(node)
    found = take_inventory(proto)
    assert reasons(found) == {
        "t.nodes_featureids": "integers in an attribute: indices, classes and modes, no weights"
    }
    assert (found.bits_left_out, found.share_left_out) == (128, 128 / (128 + 64))


def test_settings_of_ordinary_operators_are_no_parameters() -> None:
    body = "u = LeakyRelu <alpha = 0.1> (x) y = MaxPool <kernel_shape = [2, 2]> (u)"
    found = take_inventory(graph(body))
    assert not found.at_risk
    assert not found.out_of_scope


LOCAL = """
<ir_version: 10, opset_import: ["" : 21, "local" : 1]>
g (float[N, 6] x) => (float[N, 3] y) { y = local.Dense (x, b) }
<opset_import: ["" : 21], domain: "local">
Dense (a, c) => (o) { w = Constant <value = float[2] {1, 2}> () m = MatMul (a, w) o = Add (m, c) }
<opset_import: ["" : 21], domain: "local">
Never (a) => (o) { v = Constant <value = float[2] {1, 2}> () o = Mul (a, v) }
"""


def test_bodies_of_local_functions_are_at_risk_if_they_are_called() -> None:
    found = take_inventory(with_initializers(parse_model(LOCAL), {"b": floats(3)}))
    assert kinds(found) == {"b": B, "Dense.w": W}
    assert "no node calls its function" in reasons(found)["Never.v"]
    assert found.bits_left_out == 0


def test_names_that_occur_twice_are_told_apart() -> None:
    branch = "then_branch = a () => (float[N, 3] p) <float[2] w = {1, 2}> { p = MatMul (x, w) }"
    other = branch.replace("then_branch = a", "else_branch = b")
    body = f"k = Cast <to = 9> (c) y = If (k) <{branch}, {other}>"
    proto = graph(body, c=floats(), **{"y.then_branch.w": floats(2)})
    proto.graph.node.append(helper.make_node("Neg", ["y.then_branch.w"], ["z"]))
    names = set(kinds(take_inventory(proto)))
    assert names == {"c", "y.then_branch.w", "y.then_branch.w#2", "y.else_branch.w"}


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)], ids=str)
def test_shapes_are_the_file_s(shape: tuple[int, ...]) -> None:
    (found,) = take_inventory(graph("y = MatMul (x, w)", w=floats(*shape))).at_risk
    assert found.values.shape == shape
    site = found.site("stored")
    assert (site.shape, site.elements, site.bits) == (
        shape,
        found.values.size,
        32 * found.values.size,
    )


@pytest.mark.parametrize("element", ELEMENT_TYPES.values(), ids=lambda e: e.name)
def test_every_element_type_is_at_risk(element: Any) -> None:
    values = np.array([[1, 2, 3]], element.dtype)
    (found,) = take_inventory(graph("y = ConvInteger (x, w)", w=values)).at_risk
    assert found.element is element
    assert found.values.tobytes() == values.tobytes()
    assert found.site("stored").bits == 3 * element.bits


def test_an_encoding_changes_the_width_of_floats_alone() -> None:
    half = np.ones(3, ml_dtypes.bfloat16)
    found = take_inventory(graph("y = Conv (x, w, b)", w=half, b=integers(np.int8, 3)))
    assert [t.site("q15.16").bits for t in found.at_risk] == [96, 24]
