"""Copies between host and device are taken out of an optimized graph; what it computes stays."""

import numpy as np
import onnx
from onnx import helper

from analyzer.answers import Answer
from analyzer.runtime.ort.memcpy_nodes import MEMCPY, drop_memcpy_nodes
from analyzer.runtime.ort.session import new_session, run_session, session_options

FLOAT = onnx.TensorProto.FLOAT


def value(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, FLOAT, ["N"])


def with_copies() -> onnx.ModelProto:
    """Copies in a row, one read by a sub-graph, one that is an output."""
    then = helper.make_graph([helper.make_node("Neg", ["c"], ["t"])], "then", [], [value("t")])
    inner = [
        helper.make_node("MemcpyToHost", ["c"], ["i"]),
        helper.make_node("Abs", ["i"], ["e"]),
    ]
    otherwise = helper.make_graph(inner, "else", [], [value("e")])
    nodes = [
        helper.make_node("MemcpyFromHost", ["x"], ["a"]),
        helper.make_node("MemcpyToHost", ["a"], ["b"]),
        helper.make_node("Exp", ["b"], ["c"]),
        helper.make_node("If", ["on"], ["y"], then_branch=then, else_branch=otherwise),
        helper.make_node("MemcpyToHost", ["c"], ["z"]),
    ]
    on = helper.make_tensor_value_info("on", onnx.TensorProto.BOOL, [])
    graph = helper.make_graph(nodes, "g", [value("x"), on], [value("y"), value("z")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def operators(graph: onnx.GraphProto) -> list[str]:
    return [node.op_type for node in graph.node]


def test_readers_of_a_copy_read_the_original() -> None:
    model = with_copies()
    drop_memcpy_nodes(model.graph)
    assert operators(model.graph) == ["Exp", "If", "Identity"]
    branches = [a.g for a in model.graph.node[1].attribute]
    assert not MEMCPY & {name for branch in branches for name in operators(branch)}
    onnx.checker.check_model(model)
    session = new_session(model, session_options())
    x = np.array([1.0, -2.0], np.float32)
    for on, expected in ((True, -np.exp(x)), (False, np.exp(x))):
        found = run_session(session, {"x": x, "on": np.array(on)})
        assert isinstance(found, Answer)
        np.testing.assert_allclose(found.outputs[0], expected, rtol=1e-6)
        np.testing.assert_allclose(found.outputs[1], np.exp(x), rtol=1e-6)


def test_a_graph_without_copies_stays_as_it_is() -> None:
    model = with_copies()
    drop_memcpy_nodes(model.graph)
    before = model.SerializeToString(deterministic=True)
    drop_memcpy_nodes(model.graph)
    assert model.SerializeToString(deterministic=True) == before
