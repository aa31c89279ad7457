"""The standard domain may be called ``ai.onnx``, wherever a file names it."""

from pathlib import Path

import onnx
import pytest
from onnx import helper

from analyzer.graph.walk import messages
from analyzer.model import load_model
from tests.support import invoke, save, tiny_cnn_proto, tiny_data

NAME = "ai.onnx"


def spelled_out(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with the long name of the domain everywhere."""
    for part in messages(proto):
        if isinstance(part, onnx.NodeProto | onnx.OperatorSetIdProto) and not part.domain:
            part.domain = NAME
    return proto


def with_sub_graph(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A branch that changes nothing, in a graph of its own."""
    graph = proto.graph
    graph.output[0].name, last = "chosen", graph.output[0].name
    inner = helper.make_graph(
        [helper.make_node("Identity", [last], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", onnx.TensorProto.FLOAT, None)],
    )
    yes = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("b", 9, [], [True]))
    choice = helper.make_node("If", ["yes"], ["chosen"], then_branch=inner, else_branch=inner)
    graph.node.extend([yes, choice])
    return proto


def with_function(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The activation, as a local function."""
    body = [helper.make_node("Relu", ["a"], ["b"])]
    imports = [helper.make_opsetid("", 17)]
    proto.functions.append(helper.make_function("mine", "Act", ["a"], ["b"], body, imports))
    proto.opset_import.append(helper.make_opsetid("mine", 1))
    node = next(n for n in proto.graph.node if n.op_type == "Relu")
    node.op_type, node.domain = "Act", "mine"
    return proto


@pytest.mark.parametrize("change", [lambda p: p, with_sub_graph, with_function])
def test_both_names_are_one_domain(change: object, tmp_path: Path) -> None:
    assert callable(change)
    data = tiny_data(tmp_path / "d.npz")
    runs = []
    for name, proto in (
        ("short", change(tiny_cnn_proto())),
        ("long", spelled_out(change(tiny_cnn_proto()))),
    ):
        model = save(proto, tmp_path / f"{name}.onnx")
        assert load_model(model).opset == 17
        run = invoke("selftest", model, "--data", data, "--patterns", "6")
        assert run.code == 0, run.err
        runs.append(invoke("inspect", model).out.partition("\n")[2])
    assert runs[0] == runs[1]


def test_both_names_may_stand_beside_each_other(tmp_path: Path) -> None:
    proto = tiny_cnn_proto()
    proto.opset_import.append(helper.make_opsetid(NAME, 17))
    proto.graph.node[0].domain = NAME
    found = load_model(save(proto, tmp_path / "m.onnx")).proto
    assert [i.domain for i in found.opset_import] == [""]


def test_two_versions_of_one_domain_are_left_as_they_are(tmp_path: Path) -> None:
    """The checker goes by the first, and so does ONNX Runtime."""
    proto = tiny_cnn_proto()
    proto.opset_import.append(helper.make_opsetid(NAME, 13))
    found = load_model(save(proto, tmp_path / "m.onnx")).proto
    assert [i.version for i in found.opset_import] == [17, 13]
