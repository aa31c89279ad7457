"""Bounds and int8, in both orders: the graph, the fault-free answers, a fault that is stopped."""

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from analyzer.evaluation.readers import read_data
from analyzer.graph.index import index_of
from analyzer.model import Model, load_model
from exporters.hardening.activations.survey import survey
from exporters.hardening.bounds.integer_codes import code_of, count_code_bounds, reserved_range
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.interface import Mitigation
from exporters.hardening.mitigations.actmax import ACTMAX
from exporters.hardening.mitigations.ranger import RANGER
from exporters.hardening.mitigations.relu6 import RELU6
from exporters.quantize.kernels import kernel_counts
from exporters.quantize.ptq import quantize_proto
from tests.exporters.bounded import hardened_on
from tests.exporters.nets import Array, operators, row, run, scalar
from tests.strategies import examples
from tests.support import ROOT, parse_model, with_initializers

STEPS = 0.6
"""Four codes of the scores of `perceptron`: what rounding in three places may add up to."""

LAYER = "stage2.block0.relu1"
"""The activation that the fault blows up."""


def demonstration(name: str = "digits_resnet.onnx") -> tuple[Model, Array, Array]:
    """The float or int8 model, with inputs and labels."""
    model = load_model(ROOT / "models" / name)
    path = ROOT / "models" / "digits_test.npz"
    data = read_data(path, model.signature, model.metadata.preprocessing, 200)
    assert data.labels is not None
    return model, data.inputs, data.labels


def hardened_then_quantized(method: Mitigation = ACTMAX) -> onnx.ModelProto:
    model, images, _ = demonstration()
    return quantized(hardened_on(model.proto, images, mitigation=method), images)


def quantized_then_hardened(method: Mitigation = ACTMAX) -> onnx.ModelProto:
    model, images, _ = demonstration()
    return hardened_on(quantized(model.proto, images), images, mitigation=method)


def quantized(proto: onnx.ModelProto, images: Array) -> onnx.ModelProto:
    return quantize_proto(proto, [{proto.graph.input[0].name: images}])


ORDERS = {"hardened first": hardened_then_quantized, "quantized first": quantized_then_hardened}


SCALE = "stage2.block0.conv1.weight_scale"


def exploded(proto: onnx.ModelProto, scale: str = SCALE) -> onnx.ModelProto:
    """The weights of one convolution a billion times as large: one high exponent bit per scale."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    for tensor in copy.graph.initializer:
        if tensor.name == scale:
            values = numpy_helper.to_array(tensor) * np.float32(2.0**30)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            return copy
    raise AssertionError("the layer is gone")


def bounded_values(proto: onnx.ModelProto, images: Array, optimize: bool) -> Array:
    """What the readers of `LAYER` see, dequantized."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    name = f"{LAYER}_DequantizeLinear_Output"
    value = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
    copy.graph.output.append(value)
    return run(copy, images, optimize=optimize)[1]


def accuracy(proto: onnx.ModelProto, images: Array, labels: Array) -> float:
    scores = run(proto, images, optimize=True)[0]
    return float((scores.argmax(axis=1) == labels).mean())


# The documented graphs


def test_hardened_then_quantized_compares_codes() -> None:
    proto = hardened_then_quantized()
    assert count_code_bounds(proto) == operators(proto).count("Where") == 7
    index = index_of(proto)
    where = index.producers[f"{LAYER}_QuantizeLinear_Output"]
    assert (where.op_type, where.name) == ("Where", f"{LAYER}_bounded")
    codes = index.producers[where.input[1]]
    assert (codes.op_type, codes.input[0]) == ("QuantizeLinear", LAYER)
    assert index.producers[LAYER].op_type == "Conv"
    assert where.input[2] == codes.input[2]  # the zero point is the 0
    assert index.scalar(f"{LAYER}_threshold") == 254
    assert {r.op_type for r in index.readers[where.output[0]]} == {"DequantizeLinear"}


def test_hardened_then_quantized_keeps_every_integer_kernel() -> None:
    model, images, _ = demonstration()
    plain, _ = kernel_counts(quantized(model.proto, images))
    integer, other = kernel_counts(hardened_then_quantized())
    assert integer == plain
    assert integer["QLinearConv"] == 9
    assert other["LessOrEqual"] == other["Where"] == 7
    assert "Conv" not in other


def test_quantized_then_hardened_compares_floats_and_loses_their_integer_kernels() -> None:
    proto = quantized_then_hardened()
    index = index_of(proto)
    where = index.producers[LAYER]
    assert where.op_type == "Where"
    assert index.producers[where.input[1]].op_type == "Conv"
    assert [r.op_type for r in index.readers[LAYER]] == ["QuantizeLinear"]
    integer, other = kernel_counts(proto)
    assert other["Where"] == 7
    assert other["Conv"] > 0
    assert integer.get("QLinearConv", 0) < 9


@pytest.mark.parametrize("method", [RANGER, RELU6])
def test_clamps_become_the_end_of_a_range(method: Mitigation) -> None:
    """A QuantizeLinear clamps by itself, so that no node is left of a Clip."""
    model, images, _ = demonstration()
    bounded = hardened_on(model.proto, images, mitigation=method)
    proto = quantized(bounded, images)
    assert "Clip" not in operators(proto)
    assert kernel_counts(proto)[0]["QLinearConv"] == 9
    index = index_of(proto)
    for site in ("stem_relu", LAYER, "stage3.block0.relu2"):
        scale = index.scalar(f"{site}_scale")
        assert scale is not None
        assert scale * 255 <= 9.0


# What they answer


@pytest.mark.parametrize("order", ORDERS)
def test_fault_free_answers_are_those_of_the_int8_model(order: str) -> None:
    model, images, labels = demonstration()
    plain = quantized(model.proto, images)
    assert accuracy(ORDERS[order](), images, labels) >= accuracy(plain, images, labels) - 0.01


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_an_exploded_activation_is_stopped(order: str, optimize: bool) -> None:
    _, images, _ = demonstration()
    proto = ORDERS[order]()
    before = bounded_values(proto, images, optimize)
    after = bounded_values(exploded(proto), images, optimize)
    assert before.max() > 4
    assert (before > 0).mean() > 0.1
    assert after.max() < 1.0  # where all inputs are 0, a bias is all there is
    assert (after > 0).sum() <= 1


def test_without_bounds_the_same_fault_saturates() -> None:
    model, images, _ = demonstration()
    plain = quantized(model.proto, images)
    assert bounded_values(exploded(plain), images, False).max() > 4
    ranger = hardened_then_quantized(RANGER)
    after = bounded_values(exploded(ranger), images, False)
    assert 4 < after.max() < 9  # clamped, as that method does


def test_metadata_of_both_steps_are_kept() -> None:
    keys = {p.key for p in hardened_then_quantized().metadata_props}
    assert {"relcheck.hardening.method", "relcheck.scale", "relcheck.labels"} <= keys


# Two-sided activations, and values with other readers


def perceptron(middle: str) -> tuple[onnx.ModelProto, Array]:
    """Two products with an activation ``h`` of ``a`` between; with calibration inputs."""
    rng = np.random.default_rng(0)
    text = f"""
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, 8] image) => (float[N, 4] scores) {{
            a = MatMul (image, v)
            {middle}
            scores = MatMul (h, w)
        }}
    """
    values = {"v": rng.standard_normal((8, 8)).astype(np.float32), "one": scalar(1)}
    values |= {"half": scalar(0.5), "root": scalar(0.5**0.5)}
    values |= {"zero": scalar(0), "two": scalar(2), "minus": scalar(-1)}
    values["w"] = rng.standard_normal((8, 4)).astype(np.float32)
    return with_initializers(parse_model(text), values), rng.standard_normal((64, 8)).astype("f4")


@pytest.mark.parametrize(
    "middle",
    [
        "h = LeakyRelu <alpha = 0.5> (a)",
        "s = Sigmoid (a) h = Mul (a, s)",
        "d = Mul (a, root) e = Erf (d) o = Add (e, one) m = Mul (a, o) h = Mul (m, half)",
        "h = Softplus (a)",
        "h = HardSwish (a)",
        "h = Relu (a) other = Neg (a)",
        "h = Clip (a, zero, two)",
        "r = Relu (a) h = Clip (r, , two)",
    ],
)
@pytest.mark.parametrize("order", ["hardened first", "quantized first"])
def test_other_activations_keep_their_bounds(order: str, middle: str) -> None:
    """With weights blown up, ``h`` is that of an input of 0, or is 0; without bounds it is huge."""
    proto, images = perceptron(middle)
    plain = quantized(proto, images)
    if order == "hardened first":
        after = quantized(hardened_on(proto, images), images)
    else:
        after = hardened_on(plain, images)
    assert "Where" in operators(after)
    assert np.abs(run(after, images)[0] - run(plain, images)[0]).max() < STEPS
    none = 0.7 if "Softplus" in middle else 0.0
    weights = {t.name: numpy_helper.to_array(t) for t in proto.graph.initializer}["w"]
    most = np.abs(weights).sum(axis=0).max() * none + STEPS
    assert np.abs(run(exploded(after, "v_scale"), images)[0]).max() <= most
    assert np.abs(run(exploded(plain, "v_scale"), images)[0]).max() > 2 * most


def test_a_value_that_is_an_output_too_keeps_its_float_bound() -> None:
    proto, images = perceptron("h = Relu (a)")
    value = onnx.helper.make_tensor_value_info("h", onnx.TensorProto.FLOAT, ["N", 8])
    proto.graph.output.append(value)
    after = quantized(hardened_on(proto, images), images)
    assert operators(after).count("Where") == 1
    assert count_code_bounds(after) == 0
    assert run(after, images)[1].max() > 1.0
    assert run(exploded(after, "v_scale"), images)[1].max() < 1e-3


def test_what_a_clip_limits_stays_a_float_until_then() -> None:
    """20 must become 2, and 200 must become 0: no code could tell."""
    proto, images = perceptron("h = Clip (a, zero, two)")
    after = quantized(hardened_on(proto, images), images)
    index = index_of(after)
    assert [r.op_type for r in index.readers["a"]] == ["Clip"]
    assert index.producers["a"].op_type == "Where"
    assert index.producers[index.producers["a"].input[1]].op_type == "MatMul"
    assert "a_scale" not in index.constants
    assert [o.name for o in after.graph.output] == ["scores"]


def test_a_clip_below_zero_leaves_no_trace_in_a_range() -> None:
    """Of a quantized hard tanh nothing is left that a linear layer has not; bound it before."""
    proto, images = perceptron("h = Clip (a, minus, two)")
    plain = quantized(proto, images)
    assert survey(plain).sites == ()
    after = quantized(hardened_on(proto, images), images)
    assert np.abs(run(exploded(after, "v_scale"), images)[0]).max() < STEPS
    assert np.abs(run(exploded(plain, "v_scale"), images)[0]).max() > 2 * STEPS


# Codes


@examples(300)
@given(
    st.floats(0, 1e6, width=32),
    st.one_of(st.none(), st.floats(-1e6, 0, width=32)),
    st.sampled_from([np.uint8, np.int8]),
)
def test_reserved_codes_tell_what_is_beyond(
    high: float, low: float | None, dtype: npt.DTypeLike
) -> None:
    """What QuantizeLinear makes of the bounds and of their neighbours, against plain arithmetic."""
    if 0 < high < 1e-30 or (low is not None and -1e-30 < low < 0):
        return
    threshold = Threshold(low=low, high=high)
    found = reserved_range(threshold, dtype)
    scale, zero = float(found["scale"]), int(found["zero_point"])
    limits = np.iinfo(np.dtype(dtype))
    top = int(code_of(high, scale, zero, dtype))
    assert limits.min <= zero <= limits.max
    assert top < limits.max
    assert int(code_of(high + 2 * scale, scale, zero, dtype)) > top
    assert int(code_of(float("inf"), scale, zero, dtype)) == limits.max
    if low is not None:
        bottom = int(code_of(low, scale, zero, dtype))
        assert limits.min < bottom <= top
        assert int(code_of(low - 2 * scale, scale, zero, dtype)) < bottom


def test_codes_are_those_of_onnx_runtime() -> None:
    found = reserved_range(Threshold(low=-0.3, high=4.1), np.uint8)
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, C] image) => (uint8[N, C] codes) { codes = QuantizeLinear (image, s, z) }
    """
    values = {"s": np.asarray(found["scale"]), "z": np.asarray(found["zero_point"])}
    given = row(*np.linspace(-2, 6, 999))
    codes = run(with_initializers(parse_model(text), values), given)[0]
    scale, zero = float(found["scale"]), int(found["zero_point"])
    wanted = [int(code_of(v, scale, zero, np.uint8)) for v in given[0]]
    assert codes[0].tolist() == wanted
