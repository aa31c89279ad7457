"""Constant nodes become initializers and back, without the loss of a bit."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from analyzer.model import load_model_bytes
from analyzer.model.constants import lift_constants, lower_constants
from analyzer.model.stored_at import Form, StoredAt
from tests.strategies import examples
from tests.support import parse_model

TEXT = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[N, 2] x) => (float[N, 2] y) {
    a = Constant <value = float[2, 2] {1, 2, 3, 4}> ()
    p = MatMul (x, a)
    t = Constant <value_ints = [-1, 2]> ()
    b = Constant <value_floats = [0.5, 0.25]> ()
    q = Add (p, b)
    c = Constant <value_float = 3.0> ()
    r = Mul (q, c)
    y = Reshape (r, t)
}
"""


def every(tensor: onnx.TensorProto) -> bool:
    return True


@examples(20)
@given(wanted=st.sets(st.sampled_from(["a", "b", "c"])))
def test_lowering_undoes_lifting(wanted: set[str]) -> None:
    proto, before = parse_model(TEXT), parse_model(TEXT)
    lifted = lift_constants(proto.graph, lambda t: t.name in wanted)
    assert {t.name for t in proto.graph.initializer} == wanted
    assert [n.op_type for n in proto.graph.node].count("Constant") == 4 - len(wanted)
    lower_constants(proto.graph, lifted)
    (node,) = (n for n in proto.graph.node if n.output[0] == "a")
    if "a" in wanted:  # its numbers may stand in another field now
        values = (
            np.frombuffer(node.attribute[0].t.raw_data, np.float32)
            if (node.attribute[0].t.raw_data)
            else np.array(node.attribute[0].t.float_data, np.float32)
        )
        assert values.tolist() == [1, 2, 3, 4]
    assert proto == before


def test_a_loaded_model_holds_weights_as_initializers_and_shapes_as_nodes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    model = load_model_bytes(parse_model(TEXT).SerializeToString(), tmp_path / "m.onnx")
    assert {t.name for t in model.proto.graph.initializer} == {"a", "b", "c"}
    assert [n.op_type for n in model.proto.graph.node] == [
        "MatMul",
        "Constant",
        "Add",
        "Mul",
        "Reshape",
    ]


@pytest.mark.parametrize("form", [Form.FLOATS, Form.FLOAT])
@examples(50)
@given(data=st.data())
def test_numbers_of_attributes_are_read_and_written_bit_for_bit(
    form: Form, data: st.DataObject
) -> None:
    """Signalling NaN included, which Python's floats would make quiet."""
    count = 1 if form is Form.FLOAT else data.draw(st.integers(1, 40))
    codes = data.draw(
        st.lists(st.integers(0, 2**32 - 1) | st.just(0x7FA00001), min_size=count, max_size=count)
    )
    raw = np.array(codes, np.uint32).tobytes()
    plain = [1.0] * count if form is Form.FLOATS else 1.0
    node = helper.make_node("X", [], ["y"], numbers=plain, other=[1, 2])
    at = StoredAt(("attribute", 0), form)
    at.write(node, raw)
    stored = onnx.NodeProto.FromString(node.SerializeToString())
    assert at.read(stored).raw_data == raw
    assert list(stored.attribute[1].ints) == [1, 2]
