"""Models that the quantizer alone does not take: old opsets, taken names, functions, sparse data.

The oracle is the same model written so that the quantizer takes it: its twin answers the same bits.
"""

import re
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from analyzer.errors import CannotQuantize
from exporters.quantize import ptq
from exporters.quantize.own_names import STEMS, OwnNames, look_alike, rename
from exporters.quantize.prepare import prepared
from exporters.quantize.ptq import quantize_proto
from tests.exporters.bounded import hardened_on
from tests.exporters.nets import Array, operators, run
from tests.strategies import examples
from tests.support import parse_model, tiny_cnn_proto, tiny_images, with_initializers

IMAGES = tiny_images(24).transpose(0, 3, 1, 2).astype(np.float32) / 255
FEEDS = [{"image": IMAGES}]


def twin(proto: onnx.ModelProto, per_channel: bool = True) -> onnx.ModelProto:
    return quantize_proto(proto, FEEDS, per_channel=per_channel)


def answers(proto: onnx.ModelProto) -> bytes:
    return run(proto, IMAGES)[0].tobytes()


def in_opset(opset: int) -> onnx.ModelProto:
    """The tiny network; its operators are the same in each of these opsets."""
    proto = tiny_cnn_proto()
    proto.opset_import[0].version = opset
    proto.ir_version = 6
    return proto


def renamed(names: Mapping[str, str]) -> onnx.ModelProto:
    """The tiny network with other names, those of its nodes included."""
    proto = tiny_cnn_proto()
    for node in proto.graph.node:
        node.name = f"{node.op_type}_node"
    rename(proto.graph, lambda name: names.get(name, name))
    return proto


# Opsets that know no scales per channel


@pytest.mark.parametrize("opset", [11, 12])
def test_old_opsets_are_converted_for_scales_per_channel(opset: int) -> None:
    after = twin(in_opset(opset))
    assert [o.version for o in after.opset_import if not o.domain] == [13]
    assert after.ir_version >= 7
    assert {t.name: list(t.dims) for t in after.graph.initializer}["conv_w_scale"] == [3]
    assert answers(after) == answers(twin(in_opset(13)))


@pytest.mark.parametrize("opset", [11, 12])
def test_one_scale_per_tensor_needs_no_conversion(opset: int) -> None:
    after = twin(in_opset(opset), per_channel=False)
    assert opset in [o.version for o in after.opset_import]
    assert answers(after) == answers(twin(in_opset(13), per_channel=False))


def test_bounds_of_old_opsets_are_converted_with_the_model() -> None:
    """In opset 11 they are written in other operators."""
    hardened = hardened_on(in_opset(11), IMAGES)
    assert "Or" in operators(hardened)
    assert answers(twin(hardened)) == answers(twin(hardened_on(in_opset(13), IMAGES)))


def test_what_cannot_be_converted_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no adapter\nfor Foo")

    monkeypatch.setattr("onnx.version_converter.convert_version", fail)
    with pytest.raises(CannotQuantize, match=r"opset 12, .* \(no adapter for Foo\); use --per-te"):
        twin(in_opset(12))
    twin(in_opset(12), per_channel=False)


def test_a_conversion_that_changes_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(proto: onnx.ModelProto, opset: int) -> onnx.ModelProto:
        copy = in_opset(opset)
        copy.graph.initializer[1].CopyFrom(
            numpy_helper.from_array(np.ones(3, np.float32), "conv_b")
        )
        return copy

    monkeypatch.setattr("onnx.version_converter.convert_version", wrong)
    with pytest.raises(CannotQuantize, match="the converted model answers otherwise"):
        twin(in_opset(12))


# Names that the quantizer takes for its own


CLASHES: dict[str, dict[str, str]] = {
    "a node": {"MaxPool_node": "image_QuantizeLinear"},
    "a node, dequantizing": {"Conv_node": "image_DequantizeLinear"},
    "a stored scale": {"fc_b": "image_scale"},
    "a stored zero point": {"fc_b": "r_zero_point"},
    "stored codes": {"fc_b": "conv_w_quantized"},
    "a scale of itself": {"conv_w": "r_scale", "r": "r"},
    "a value": {"p": "image_DequantizeLinear_Output"},
    "an output": {"scores": "image_QuantizeLinear_Output"},
    "a chain": {"r": "a", "p": "a_scale", "f": "a_scale_scale", "conv_b": "a_scale_quantized"},
}


@pytest.mark.parametrize("kind", CLASHES)
@pytest.mark.parametrize("per_channel", [True, False])
def test_taken_names_change_no_answer(kind: str, per_channel: bool) -> None:
    proto = renamed(CLASHES[kind])
    onnx.checker.check_model(proto)
    after = twin(proto, per_channel)
    assert answers(after) == answers(twin(tiny_cnn_proto(), per_channel))
    names = [node.name for node in after.graph.node]
    assert len(set(names)) == len(names)
    assert [o.name for o in after.graph.output] == [o.name for o in proto.graph.output]
    values = {name for node in after.graph.node for name in node.output}
    assert {"f"} - set(CLASHES[kind]) <= values, "names of the model stay"


def test_the_quantizers_name_gets_a_number() -> None:
    after = twin(renamed({"fc_b": "image_scale"}))
    stored = {t.name for t in after.graph.initializer}
    assert {"image_scale_2", "image_zero_point", "image_scale_quantized"} <= stored


def test_without_such_names_nothing_is_renamed() -> None:
    """Byte for byte: names of most models look like nothing of the quantizer's."""
    proto = renamed({})
    assert not look_alike(proto.graph)
    plain = twin(proto).SerializeToString(deterministic=True)
    hidden = renamed({"MaxPool_node": "image_Casting"})
    assert look_alike(hidden.graph)
    after = twin(hidden)
    for node in after.graph.node:
        node.name = node.name.replace("image_Casting", "MaxPool_node")
    assert after.SerializeToString(deterministic=True) == plain


NAMES = st.lists(
    st.builds(
        lambda base, stems: base + "".join(stems),
        st.sampled_from(["x", "y"]),
        st.lists(st.sampled_from([*STEMS, "_2", "_Output"]), max_size=2),
    ),
    min_size=2,
    max_size=6,
    unique=True,
)


@examples(200)
@given(NAMES, st.lists(st.sampled_from([*STEMS, "_QuantizeLinear_Output"]), max_size=3))
def test_own_names_come_back_and_no_two_are_one(names: list[str], added: list[str]) -> None:
    """A stand-in for the quantizer appends to every name; nothing may collide."""
    nodes = [helper.make_node("Neg", [a], [b]) for a, b in pairwise(names)]
    ends = [helper.make_tensor_value_info(names[i], 1, None) for i in (0, -1)]
    proto = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:]))
    own = OwnNames(proto.graph)
    hidden = own.hide(proto)
    for value in [name for node in hidden.graph.node for name in node.input]:
        for stem in added:
            hidden.graph.node.append(helper.make_node("Abs", [value], [value + stem], value + stem))
    every = [name for node in hidden.graph.node for name in node.output]
    own.restore(hidden)
    after = [name for node in hidden.graph.node for name in node.output]
    assert [node.output[0] for node in hidden.graph.node[: len(nodes)]] == names[1:]
    assert len(set(after)) == len(set(every)), "two values under one name"


def test_a_shared_bias_may_not_be_numbered_into_a_value() -> None:
    """Each reader of a bias gets a copy, called like the bias with a number behind."""
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, 1, 6, 6] image) => (float[N, 3, 6, 6] scores) {
            c = Conv <pads = [1, 1, 1, 1]> (image, w, b2)
            VALUE = Relu (c)
            e = Conv <pads = [1, 1, 1, 1]> (VALUE, v, b2)
            scores = Add (e, VALUE)
        }
    """
    rng = np.random.default_rng(0)
    shapes = {"w": (3, 1, 3, 3), "v": (3, 3, 3, 3), "b2": (3,)}
    values = {name: rng.standard_normal(s).astype(np.float32) for name, s in shapes.items()}
    clash, plain = (
        with_initializers(parse_model(text.replace("VALUE", name)), values)
        for name in ("b21", "value")
    )
    assert look_alike(clash.graph)
    assert not look_alike(plain.graph)
    assert answers(twin(clash)) == answers(twin(plain))


def test_names_in_sub_graphs_are_renamed_as_well() -> None:
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, 1, 6, 6] image) => (float[N, 4] scores) {
            c = Conv <pads = [1, 1, 1, 1]> (image, conv_w, conv_b)
            image_scale = Relu (c)
            some = ReduceSum <keepdims = 0> (image_scale)
            yes = Cast <to = 9> (some)
            p = If (yes) <
                then_branch = a () => (float[N, 3, 3, 3] t) {
                    t = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (image_scale) },
                else_branch = b () => (float[N, 3, 3, 3] e) {
                    e = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (image_scale) }
            >
            f = Flatten (p)
            scores = Gemm (f, fc_w, fc_b)
        }
    """
    values = {t.name: numpy_helper.to_array(t) for t in tiny_cnn_proto().graph.initializer}
    clash = with_initializers(parse_model(text), values)
    plain = with_initializers(parse_model(text.replace("image_scale", "r")), values)
    assert answers(twin(clash)) == answers(twin(plain))


# Local functions, sparse weights, notes


def test_local_functions_are_expanded() -> None:
    text = """
        <ir_version: 8, opset_import: ["" : 17, "my" : 1]>
        net (float[N, 1, 6, 6] image) => (float[N, 4] scores) {
            r = my.Block (image, conv_w, conv_b)
            p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (r)
            f = Flatten (p)
            scores = Gemm (f, fc_w, fc_b)
        }
        <domain: "my", opset_import: ["" : 17]>
        Block (x, w, b) => (y) { c = Conv <pads = [1, 1, 1, 1]> (x, w, b) y = Relu (c) }
    """
    values = {t.name: numpy_helper.to_array(t) for t in tiny_cnn_proto().graph.initializer}
    after = twin(with_initializers(parse_model(text), values))
    assert not after.functions
    assert answers(after) == answers(twin(tiny_cnn_proto()))


def sparse_of(values: Array, name: str, coordinates: bool) -> onnx.SparseTensorProto:
    flat = np.flatnonzero(values)
    places = np.stack(np.unravel_index(flat, values.shape), 1) if coordinates else flat
    return helper.make_sparse_tensor(
        numpy_helper.from_array(values.reshape(-1)[flat], name),
        numpy_helper.from_array(places.astype(np.int64), ""),
        values.shape,
    )


@pytest.mark.parametrize("coordinates", [False, True])
def test_sparse_weights_are_written_out(coordinates: bool) -> None:
    dense = tiny_cnn_proto()
    weights = numpy_helper.to_array(dense.graph.initializer[2]).copy()
    weights[np.abs(weights) < 0.5] = 0
    dense.graph.initializer[2].CopyFrom(numpy_helper.from_array(weights, "fc_w"))
    proto = onnx.ModelProto()
    proto.CopyFrom(dense)
    del proto.graph.initializer[2]
    proto.graph.sparse_initializer.append(sparse_of(weights, "fc_w", coordinates))
    made = {t.name: numpy_helper.to_array(t) for t in prepared(proto, True, None).graph.initializer}
    assert np.array_equal(made["fc_w"], weights)
    assert answers(twin(proto)) == answers(twin(dense))


MOVED = {
    "a Constant node": "w = Constant <value = VALUE> ()",
    "renamed": "w = Identity (s)",
    "renamed twice": "r1 = Identity (s) w = Identity (r1)",
    "cast": "h = Cast <to = 11> (s) w = Cast <to = 1> (h)",
    "transposed": "t = Transpose <perm = [1, 0]> (s) w = Transpose <perm = [1, 0]> (t)",
    "reshaped": "n = Constant <value_ints = [27, 4]> () w = Reshape (s, n)",
}
"""Ways to keep a weight elsewhere than in an initializer of its own."""


def moved(how: str) -> onnx.ModelProto:
    """The tiny network; its last weight is kept in another way."""
    proto = tiny_cnn_proto()
    tensor = next(t for t in proto.graph.initializer if t.name == "fc_w")
    body = MOVED[how].replace("VALUE", "float {0}")
    text = f'<ir_version: 8, opset_import: ["" : 17]> g () => (float[27, 4] w) {{ {body} }}'
    nodes = list(parse_model(text).graph.node)
    for node in nodes:
        node.input[:] = [{"s": "fc_w"}.get(name, name) for name in node.input]
        if node.output[0] == "w" and node.op_type == "Constant":
            node.attribute[0].t.CopyFrom(tensor)
            proto.graph.initializer.remove(tensor)
    proto.graph.node[-1].input[1] = "w"
    nodes += list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    return proto


@pytest.mark.parametrize("how", MOVED)
@pytest.mark.parametrize("per_channel", [True, False])
def test_weights_are_found_wherever_they_are_kept(how: str, per_channel: bool) -> None:
    """Else they would be quantized like activations, and stay floats in the file."""
    after = twin(moved(how), per_channel)
    assert answers(after) == answers(twin(tiny_cnn_proto(), per_channel))
    stored = {t.name: t for t in after.graph.initializer}
    assert stored["w_quantized"].data_type == onnx.TensorProto.INT8
    assert list(stored["w_scale"].dims) == ([4] if per_channel else [])
    assert "fc_w" not in stored


def test_weights_that_are_computed_stay_where_they_are() -> None:
    """A product of weights is no move; the model decides what it computes."""
    proto = tiny_cnn_proto()
    proto.graph.node.insert(0, helper.make_node("Add", ["fc_w", "fc_w"], ["w"]))
    proto.graph.node[-1].input[1] = "w"
    assert prepared(proto, True, None) is proto


def test_a_constant_that_others_read_as_well_stays_for_them() -> None:
    proto = moved("a Constant node")
    proto.graph.node.append(helper.make_node("Identity", ["w"], ["also"]))
    proto.graph.output.append(helper.make_tensor_value_info("also", 1, [27, 4]))
    weights = numpy_helper.to_array(tiny_cnn_proto().graph.initializer[2])
    also = run(twin(proto), IMAGES)[1]
    step = np.abs(weights).max(axis=0) / 127
    assert np.all(np.abs(also - weights) <= step)


def test_everything_that_a_model_says_about_itself_stays() -> None:
    proto = tiny_cnn_proto()
    for key, value in {"names": "a,b", "stride": "32", "relcheck.scale": "0.5"}.items():
        proto.metadata_props.add(key=key, value=value)
    proto.domain, proto.model_version, proto.doc_string = "org.example", 7, "A tiny network."
    after = twin(proto)
    assert list(after.metadata_props) == list(proto.metadata_props)
    assert (after.domain, after.model_version) == ("org.example", 7)
    assert after.doc_string == "A tiny network."


def test_the_source_is_not_changed() -> None:
    for proto in (in_opset(12), renamed(CLASHES["a chain"]), hardened_on(in_opset(11), IMAGES)):
        before = proto.SerializeToString(deterministic=True)
        twin(proto)
        assert proto.SerializeToString(deterministic=True) == before


def test_a_result_that_does_not_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(proto: onnx.ModelProto, *_: object) -> onnx.ModelProto:
        copy = onnx.ModelProto()
        copy.CopyFrom(proto)
        copy.graph.node[-1].op_type, copy.graph.node[-1].domain = "Nothing", "com.microsoft"
        copy.opset_import.add(domain="com.microsoft", version=1)
        return copy

    monkeypatch.setattr(ptq, "run_quantizer", spoil)
    with pytest.raises(CannotQuantize, match="the quantized model cannot be loaded"):
        twin(tiny_cnn_proto())


def test_a_result_that_fails_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(proto: onnx.ModelProto, *_: object) -> onnx.ModelProto:
        copy = onnx.ModelProto()
        copy.CopyFrom(proto)
        copy.graph.node[-2].CopyFrom(helper.make_node("Reshape", ["p", "shape"], ["f"]))
        copy.graph.initializer.append(numpy_helper.from_array(np.array([7, -1]), "shape"))
        del copy.graph.value_info[:]
        return copy

    monkeypatch.setattr(ptq, "run_quantizer", spoil)
    with pytest.raises(CannotQuantize, match="fails on the calibration data") as refused:
        twin(tiny_cnn_proto())
    assert not re.search("\n", str(refused.value))
