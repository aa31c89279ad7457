"""A model states numbers; they are compared with limits before anything acts on them.

Each test names the line that it watches over: without the line, it fails.
"""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import helper

from analyzer.errors import InvalidModel, NotOnnx, TooLarge
from analyzer.model import limits, load_model
from tests.support import parse_model, save, tiny_cnn, tiny_cnn_proto, with_metadata

OWN = helper.make_opsetid("own", 1)
STANDARD = helper.make_opsetid("", 17)


def read(proto: onnx.ModelProto, folder: Path) -> None:
    load_model(save(proto, folder / "m.onnx"))


def calling(bodies: dict[str, list[str]]) -> onnx.ModelProto:
    """A model with local functions: name -> the functions it calls, one after the other."""
    proto = tiny_cnn_proto()
    proto.opset_import.append(OWN)
    for name, called in bodies.items():
        nodes = [
            helper.make_node(f, [f"v{i}"], [f"v{i + 1}"], domain="" if f == "Relu" else "own")
            for i, f in enumerate(called)
        ]
        function = helper.make_function(
            "own", name, ["v0"], [f"v{len(called)}"], nodes, [STANDARD, OWN]
        )
        proto.functions.append(function)
    proto.graph.node[-1].output[0] = "before"
    proto.graph.node.append(helper.make_node("f0", ["before"], ["scores"], domain="own"))
    return proto


def nested(depth: int) -> onnx.ModelProto:
    """A model whose If nests ``depth`` graphs, the outermost counted."""
    inner = "inner = Relu (flat)"
    for level in range(depth - 1):
        branches = ", ".join(
            f"{name} = {name}{level} () => (float[N, 3] out{level}) {{ {inner} "
            f"out{level} = Identity (inner) }}"
            for name in ("then_branch", "else_branch")[: 1 if level else 2]
        )
        if level:
            branches += f", else_branch = e{level} () => (float[N, 3] o) {{ o = Relu (flat) }}"
        inner = f"inner = If (yes) <{branches}>"
    return parse_model(
        '<ir_version: 8, opset_import: ["" : 17]>\n'
        "g (float[N, 3] x) => (float[N, 3] y) <float[3] w = {1, 2, 3}, bool yes = {1}> {"
        f" flat = Mul (x, w) {inner} y = Identity (inner) }}"
    )


def test_graphs_nest_up_to_the_limit(tmp_path: Path) -> None:
    """bounds.py: ``if depth > limits.NESTING`` in ``_Size.of``."""
    read(nested(limits.NESTING), tmp_path)
    with pytest.raises(TooLarge, match="nests graphs and functions more than 16 deep"):
        read(nested(limits.NESTING + 1), tmp_path)


def test_functions_that_call_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    """The same line; without it the count would not end."""
    with pytest.raises(TooLarge, match="deep"):
        read(calling({"f0": ["f1"], "f1": ["f0"]}), tmp_path)


def test_functions_known_to_be_deep_are_deep_wherever_they_are_called(tmp_path: Path) -> None:
    """bounds.py: ``if depth + size[1] > limits.NESTING + 1`` in ``_Size._called``."""
    chain = {f"g{i}": [f"g{i + 1}"] for i in range(10)} | {"g10": ["Relu"]}
    longer = {f"h{i}": [f"h{i + 1}"] for i in range(10)} | {"h10": ["g0"]}
    with pytest.raises(TooLarge, match="deep"):
        read(calling({"f0": ["g0", "h0"], **chain, **longer}), tmp_path)


def test_a_function_counts_as_often_as_it_is_called(tmp_path: Path) -> None:
    """bounds.py: ``_at_most(nodes, limits.NODES, ...)``: a runtime expands 10^12 nodes of 121."""
    bodies = {f"f{i}": [f"f{i + 1}"] * 10 for i in range(12)} | {"f12": ["Relu"]}
    with pytest.raises(TooLarge, match=r"has 2,111,[\d,]+ nodes, local functions expanded"):
        read(calling(bodies), tmp_path)


def test_nodes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same line."""
    monkeypatch.setattr(limits, "NODES", 5)
    load_model(tiny_cnn(tmp_path / "five.onnx"))
    monkeypatch.setattr(limits, "NODES", 4)
    with pytest.raises(TooLarge, match="has 5 nodes"):
        load_model(tiny_cnn(tmp_path / "five.onnx"))


def test_stored_tensors_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """bounds.py: ``_at_most(tensors, limits.STORED_TENSORS, ...)``."""
    monkeypatch.setattr(limits, "STORED_TENSORS", 3)
    with pytest.raises(TooLarge, match="has 4 stored tensors; at most 3"):
        load_model(tiny_cnn(tmp_path / "m.onnx"))


def _in_graph(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    proto.graph.initializer.append(tensor)


def _in_node(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    proto.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))


def _in_function(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    node = helper.make_node("Constant", [], ["c"], value=tensor)
    proto.functions.append(helper.make_function("own", "f", [], ["c"], [node], [STANDARD]))


def _in_training(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    proto.training_info.add().algorithm.initializer.append(tensor)


PLACES = (_in_graph, _in_node, _in_function, _in_training)


@pytest.mark.parametrize("place", PLACES)
def test_shapes_are_looked_at_wherever_a_tensor_is(
    place: Callable[[onnx.ModelProto, onnx.TensorProto], None], tmp_path: Path
) -> None:
    """bounds.py: ``_check_shape(message.name, message.dims, ...)``."""
    proto = tiny_cnn_proto()
    place(proto, onnx.TensorProto(name="t", data_type=onnx.TensorProto.FLOAT, dims=[2**20, 2**20]))
    with pytest.raises(TooLarge, match="has a tensor 't' of an impossible shape"):
        read(proto, tmp_path)


@pytest.mark.parametrize("dims", [[0, 2**62], [2**32, 2**32], [2**62, 0, 8]])
def test_shapes_whose_product_hides_their_size(dims: list[int], tmp_path: Path) -> None:
    """bounds.py: ``math.prod(d or 1 for d in shape)``, in Python's endless integers."""
    proto = tiny_cnn_proto()
    _in_graph(proto, onnx.TensorProto(name="t", data_type=1, dims=dims))
    with pytest.raises(TooLarge, match="impossible shape"):
        read(proto, tmp_path)


def test_negative_dimensions_are_refused(tmp_path: Path) -> None:
    """bounds.py: ``if any(d < 0 for d in shape)``."""
    proto = tiny_cnn_proto()
    _in_function(proto, onnx.TensorProto(name="t", data_type=1, dims=[-1, 4]))
    with pytest.raises(InvalidModel, match="negative dimension"):
        read(proto, tmp_path)


def test_sparse_tensors_count_in_full(tmp_path: Path) -> None:
    """bounds.py: ``_check_shape(message.values.name, message.dims, ...)``."""
    proto = tiny_cnn_proto()
    values = helper.make_tensor("s", onnx.TensorProto.FLOAT, [1], [1.0])
    places = helper.make_tensor("p", onnx.TensorProto.INT64, [1], [7])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [2**29]))
    with pytest.raises(TooLarge, match="tensor 's' of an impossible shape"):
        read(proto, tmp_path)


def test_names_have_an_end(tmp_path: Path) -> None:
    """bounds.py: ``if len(name) > limits.NAME_CHARACTERS``."""
    proto = tiny_cnn_proto()
    for renamed in (proto.graph.input[0], proto.graph.initializer[0]):
        old, renamed.name = renamed.name, "n" * (limits.NAME_CHARACTERS + 1)
        with pytest.raises(TooLarge, match="has a name of 4,097 characters"):
            read(proto, tmp_path)
        renamed.name = old


def test_texts_are_text(tmp_path: Path) -> None:
    """bounds.py: ``if isinstance(text, bytes)``; found by the fuzz suite."""
    content = with_metadata(tiny_cnn_proto(), zzzz="?").SerializeToString()
    (tmp_path / "m.onnx").write_bytes(content.replace(b"zzzz", b"zz\xff\xfe"))
    with pytest.raises(NotOnnx, match="no UTF-8"):
        load_model(tmp_path / "m.onnx")


def test_what_onnx_does_not_know_is_dropped(tmp_path: Path) -> None:
    """file.py: ``proto.DiscardUnknownFields()``; a newer runtime might know it."""
    field_999_of_one_byte = b"\xba\x3e\x01!"
    content = tiny_cnn_proto().SerializeToString()
    (tmp_path / "m.onnx").write_bytes(content + field_999_of_one_byte)
    assert load_model(tmp_path / "m.onnx").proto.SerializeToString() == content
