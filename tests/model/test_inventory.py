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


def test_a_sparse_initializer_is_named() -> None:
    proto = graph("y = MatMul (x, s)")
    values = numpy_helper.from_array(floats(2), "s")
    indices = numpy_helper.from_array(np.array([0, 5], np.int64), "s_indices")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [6, 3]))
    (found,) = take_inventory(proto).out_of_scope
    assert (found.name, found.dtype, found.shape) == ("s", "float32", (6, 3))
    assert "sparse" in found.reason


@pytest.mark.parametrize(
    ("node", "dtype", "shape"),
    [
        ("c = Constant <value = float[2] {1, 2}> ()", "float32", (2,)),
        ("c = Constant <value = int64[1] {1}> ()", "int64", (1,)),
        ("c = Constant <value_float = 1.5> ()", "float32", ()),
        ("c = Constant <value_floats = [1.5, 2.5, 3.5]> ()", "float32", (3,)),
        ("c = Constant <value_int = 1> ()", "int64", ()),
        ("c = Constant <value_ints = [1, 2]> ()", "int64", (2,)),
    ],
)
def test_a_constant_node_is_named(node: str, dtype: str, shape: tuple[int, ...]) -> None:
    (found,) = take_inventory(graph(f"{node} y = Mul (x, c)")).out_of_scope
    assert (found.name, found.dtype, found.shape) == ("c", dtype, shape)
    assert "Constant node" in found.reason


def test_what_sub_graphs_store_is_named() -> None:
    body = """
        k = Cast <to = 9> (c)
        y = If (k) <
            then_branch = a () => (float[N, 3] p) <float[2] inner = {1, 2}>
                { p = Mul (x, inner) },
            else_branch = b () => (float[N, 3] q)
                { d = Constant <value = float[1] {1}> () q = Mul (x, d) }
        >
    """
    found = reasons(take_inventory(graph(body, c=floats())))
    assert "sub-graph of If 'y'" in found["inner"]
    assert "Constant node" in found["d"]


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
