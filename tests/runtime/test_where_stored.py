"""Weights in every place of a file, against bytes of the saved file edited where they stand.

The truth here shares nothing with the package: a value's four bytes are looked up in the file,
changed there, and the changed file is loaded into a default session.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from analyzer.answers import Answer, Failure
from analyzer.faults.models import FaultPattern, parse_fault
from tests.runtime.benches import TrialContext, answer, build_bench
from tests.strategies import examples
from tests.support import parse_model, save, with_initializers

FLIP = parse_fault("flip")
Floats = npt.NDArray[np.float32]


def numbers(*shape: int, seed: int = 0) -> Floats:
    """Values whose four bytes occur once in a file."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 1.0, shape).astype(np.float32)


def constant(name: str, values: Floats, form: str = "value") -> onnx.NodeProto:
    if form == "value":
        return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values))
    if form == "typed":
        tensor = helper.make_tensor("", onnx.TensorProto.FLOAT, values.shape, values.reshape(-1))
        return helper.make_node("Constant", [], [name], value=tensor)
    if form == "value_floats":
        return helper.make_node("Constant", [], [name], value_floats=values.tolist())
    return helper.make_node("Constant", [], [name], value_float=float(values.reshape(())))


def plain(body: str, extra: str = "") -> onnx.ModelProto:
    head = '<ir_version: 8, opset_import: ["" : 17, "local" : 1, "ai.onnx.ml" : 3]>'
    return parse_model(f"{head} g (float[N, 4] x) => (float[N, 3] y) {{ {body} }} {extra}")


def in_constants() -> onnx.ModelProto:
    """Every form of Constant node, and a shape that must stay as it is."""
    proto = plain(
        "h = MatMul (x, a) i = Add (h, b) j = Mul (i, c) k = Relu (j) l = MatMul (k, w) "
        "s = Constant <value = int64[2] {-1, 3}> () y = Reshape (l, s)"
    )
    nodes = [constant("c", numbers(seed=3), "value_float"), *proto.graph.node]
    nodes.insert(1, constant("a", numbers(4, 5, seed=1)))
    nodes.insert(3, constant("b", numbers(5, seed=2), "value_floats"))
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return with_initializers(proto, {"w": numbers(5, 3, seed=4)})


def in_typed_constant() -> onnx.ModelProto:
    proto = plain("y = MatMul (x, a)")
    node = proto.graph.node[0]
    made = [constant("a", numbers(4, 3), "typed"), node]
    del proto.graph.node[:]
    proto.graph.node.extend(made)
    return proto


def in_branches() -> onnx.ModelProto:
    """Two branches with tensors of the same name, of which the inputs choose one."""
    proto = plain(
        "z = Constant <value = float {0.0}> () m = ReduceMax <keepdims = 0> (x) "
        "k = Greater (m, z) y = If (k) <"
        "then_branch = a () => (float[N, 3] p) { p = MatMul (x, w) },"
        "else_branch = b () => (float[N, 3] q) { q = MatMul (x, w) }>"
    )
    branches = [a.g for a in proto.graph.node[-1].attribute]
    branches[0].initializer.append(numpy_helper.from_array(numbers(4, 3, seed=5), "w"))
    inner = [constant("w", numbers(4, 3, seed=6)), *branches[1].node]
    del branches[1].node[:]
    branches[1].node.extend(inner)
    return proto


def in_function() -> onnx.ModelProto:
    """A body that is called twice: one stored weight, two places in the loaded graph."""
    proto = plain(
        "h = local.Dense (x) i = Relu (h) j = local.Dense (i) y = MatMul (j, v)",
        '<opset_import: ["" : 17], domain: "local"> Dense (a) => (o) { o = MatMul (a, w) }',
    )
    body = proto.functions[0]
    nodes = [constant("w", numbers(4, 4)), *body.node]
    del body.node[:]
    body.node.extend(nodes)
    return with_initializers(proto, {"v": numbers(4, 3, seed=1)})


def in_linear_model() -> onnx.ModelProto:
    proto = plain("")
    proto.graph.node.append(
        helper.make_node(
            "LinearRegressor",
            ["x"],
            ["y"],
            "l",
            domain="ai.onnx.ml",
            coefficients=numbers(12).tolist(),
            intercepts=numbers(3, seed=1).tolist(),
            targets=3,
        )
    )
    return proto


def in_trees() -> onnx.ModelProto:
    """Three stumps, one for each output."""
    proto = plain("")
    proto.graph.node.append(
        helper.make_node(
            "TreeEnsembleRegressor",
            ["x"],
            ["y"],
            "t",
            domain="ai.onnx.ml",
            n_targets=3,
            nodes_treeids=[0, 0, 0, 1, 1, 1, 2, 2, 2],
            nodes_nodeids=[0, 1, 2] * 3,
            nodes_featureids=[0, 0, 0, 1, 0, 0, 2, 0, 0],
            nodes_values=numbers(9).tolist(),
            nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * 3,
            nodes_truenodeids=[1, 0, 0] * 3,
            nodes_falsenodeids=[2, 0, 0] * 3,
            target_treeids=[0, 0, 1, 1, 2, 2],
            target_nodeids=[1, 2] * 3,
            target_ids=[0, 0, 1, 1, 2, 2],
            target_weights=numbers(6, seed=1).tolist(),
        )
    )
    return proto


def in_sparse() -> onnx.ModelProto:
    proto = plain("y = MatMul (x, s)")
    values = numpy_helper.from_array(numbers(4), "s")
    indices = numpy_helper.from_array(np.array([0, 4, 8, 11], np.int64), "s_at")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4, 3]))
    return proto


def in_sparse_constant() -> onnx.ModelProto:
    proto = plain("y = MatMul (x, s)")
    values = numpy_helper.from_array(numbers(4), "v")
    indices = numpy_helper.from_array(np.array([0, 4, 8, 11], np.int64), "i")
    sparse = helper.make_sparse_tensor(values, indices, [4, 3])
    nodes = [helper.make_node("Constant", [], ["s"], sparse_value=sparse), *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return proto


PLACES = [in_constants, in_typed_constant, in_branches, in_function]
PLACES += [in_linear_model, in_trees, in_sparse, in_sparse_constant]


def stored_at(content: bytes, value: np.float32) -> int:
    """The only place of a value's four bytes in a file."""
    code = struct.pack("<f", value)
    assert content.count(code) == 1
    return content.index(code)


def edited(on: TrialContext, content: bytes, pattern: FaultPattern) -> bytes:
    changed = bytearray(content)
    for site in pattern.sites.tolist():
        tensor, element, bit = on.space.locate(site)
        values = on.model.values()[on.space.tensors[tensor].name]
        changed[stored_at(content, values.reshape(-1)[element]) + bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def by_default_session(content: bytes, feeds: dict[str, Any]) -> npt.NDArray[Any] | None:
    try:
        found = ort.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, feeds)
    except Exception:  # a file that ONNX Runtime cannot load is a fault's effect, too
        return None
    return np.asarray(found[0])


@pytest.mark.parametrize("make", PLACES)
def test_it_is_the_saved_file_with_those_bits_changed(make: Any, tmp_path: Path) -> None:
    content = make().SerializeToString()
    on = build_bench(save(make(), tmp_path / "m.onnx"))
    feeds = {"x": np.random.default_rng(7).uniform(-1, 1.5, (6, 4)).astype(np.float32)}
    changes = 0

    @examples(25)
    @given(data=st.data())
    def compare(data: st.DataObject) -> None:
        nonlocal changes
        wanted = data.draw(st.sets(st.integers(0, on.space.bits - 1), min_size=1, max_size=12))
        pattern = FaultPattern(FLIP, np.array(sorted(wanted), np.int64))
        truth = by_default_session(edited(on, content, pattern), feeds)
        for executor in (on.oracle, on.live, on.cut):
            found = answer(executor, pattern, feeds)
            if truth is None:
                assert isinstance(found, Failure)
                continue
            assert isinstance(found, Answer)
            np.testing.assert_array_equal(found.outputs[0], truth)
        golden = by_default_session(content, feeds)
        assert golden is not None
        changes += truth is None or not np.array_equal(truth, golden, equal_nan=True)

    compare()
    assert changes > 3
    on.oracle.check_golden()
    on.live.check_golden()


def test_every_weight_of_each_place_is_in_scope(tmp_path: Path) -> None:
    counts = {
        make.__name__: build_bench(save(make(), tmp_path / "m.onnx")).space for make in PLACES
    }
    assert {name: space.parameters for name, space in counts.items()} == {
        "in_constants": 20 + 5 + 1 + 15,
        "in_typed_constant": 12,
        "in_branches": 12 + 12 + 1,
        "in_function": 16 + 12,
        "in_linear_model": 15,
        "in_trees": 15,
        "in_sparse": 4,
        "in_sparse_constant": 4,
    }


def test_constants_are_faulted_in_place_like_initializers(tmp_path: Path) -> None:
    on = build_bench(save(in_constants(), tmp_path / "m.onnx"))
    assert on.live.layout.routes["a"] == on.live.layout.routes["w"] == "in place"


@pytest.mark.parametrize("make", [in_constants, in_branches, in_function, in_linear_model])
def test_fixed_point_memories_hold_what_is_stored_anywhere(make: Any, tmp_path: Path) -> None:
    """Golden values are those of the grid, wherever they are written to."""
    on = build_bench(save(make(), tmp_path / "m.onnx"), "q15.16")
    rounded = {n: np.float32(np.round(v * 65536.0) / 65536) for n, v in on.model.values().items()}
    content = make().SerializeToString()
    changed = bytearray(content)
    for name, values in on.model.values().items():
        for value, new in zip(values.reshape(-1), rounded[name].reshape(-1), strict=True):
            if value != 0.0:
                start = stored_at(content, value)
                changed[start : start + 4] = struct.pack("<f", new)
    truth = by_default_session(bytes(changed), dict(on.feeds))
    for executor in (on.oracle, on.live):
        found = executor.run(on.feeds)
        assert isinstance(found, Answer)
        np.testing.assert_array_equal(found.outputs[0], truth)
    pattern = FaultPattern(FLIP, np.array([3, on.space.bits - 5], np.int64))
    assert answer(on.live, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))
