"""Thresholds from data, and hardened models against the originals within their range."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer
from analyzer.errors import BadCalibration, DataMismatch
from analyzer.evaluation.readers import read_data
from analyzer.model import load_model
from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.hardening.activations.survey import survey
from exporters.hardening.bounds.calibrate import calibrate, outwards
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.interface import Mitigation
from exporters.hardening.mitigations.actmax import ACTMAX
from exporters.hardening.mitigations.ranger import RANGER
from tests.exporters.bounded import changed_on, hardened_on, thresholds_of
from tests.exporters.nets import ACTIVATIONS, Array, activation_net, network, row, run, same, scalar
from tests.strategies import examples
from tests.support import ROOT, parse_model, with_initializers

CLIPPING_AND_CLAMPING: list[Mitigation] = [ACTMAX, RANGER]


def test_thresholds_are_the_extremes_over_all_batches() -> None:
    proto = network("h = Relu (image) scores = LeakyRelu <alpha = 0.5> (image)")
    found = thresholds_of(proto, row(-4, 1), row(3, -8), row(2, 2))
    assert found == {"h": Threshold(high=3.0), "scores": Threshold(low=-4.0, high=3.0)}


def test_steps_are_told() -> None:
    proto = network("scores = Relu (image)")
    told: list[int] = []
    batches = [{"image": row(1)}, {"image": row(2)}]
    calibrate(proto, survey(proto).sites, CLIPPING, batches, told.append)
    assert told == [0, 1]


def test_calibration_repeats_exactly() -> None:
    case = ACTIVATIONS["gelu"]
    images = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float32)
    first, second = (thresholds_of(activation_net(case), images) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 2])
def test_activations_without_a_range_are_refused(bad: float, place: int) -> None:
    """A maximum may pass over NaN: ONNX Runtime's does, unless NaN comes first."""
    images = row(1, 2, 3)
    images[0, place] = bad
    proto = network("scores = LeakyRelu (image)")
    with pytest.raises(BadCalibration, match=r"'scores' .LeakyRelu. is NaN or infinite"):
        thresholds_of(proto, row(1, 1, 1), images)


def test_a_maximum_whose_sum_overflows_is_a_maximum() -> None:
    proto = network("scores = Relu (image)", dtype="float16")
    images = row(*[60000.0] * 4, dtype=np.float16)
    assert thresholds_of(proto, images) == {"scores": Threshold(high=60000.0)}


def test_data_that_the_model_cannot_take_are_refused() -> None:
    proto = network("x = Add (image, c) scores = Relu (x)", {"c": row(1, 2, 3)})
    with pytest.raises(DataMismatch, match="the model fails on the calibration data"):
        thresholds_of(proto, row(1, 2))


def test_a_value_that_a_quantizer_makes_zero_is_bounded_by_zero() -> None:
    body = "c = Add (image, k) q = QuantizeLinear (c, s, z) scores = DequantizeLinear (q, s, z)"
    values = {"k": scalar(0), "s": scalar(0.1), "z": scalar(0, np.uint8)}
    assert thresholds_of(network(body, values), row(-5, -3)) == {"c": Threshold(high=0.0)}


@pytest.mark.parametrize("method", CLIPPING_AND_CLAMPING)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_within_the_calibration_range_nothing_changes(name: str, method: Mitigation) -> None:
    """Neither by the kernels as written nor by those of the optimizer."""
    proto = activation_net(ACTIVATIONS[name])
    images = 3 * np.random.default_rng(0).standard_normal((40, 9)).astype(np.float32)
    after = hardened_on(proto, images, mitigation=method)
    for optimize in (False, True):
        assert same(run(after, images, optimize=optimize), run(proto, images, optimize=optimize))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_beyond_the_calibration_range_clipping_gives_zero(name: str) -> None:
    """Oracle: node by node, with the definition of the bound."""
    proto = activation_net(ACTIVATIONS[name])
    rng = np.random.default_rng(1)
    images = rng.standard_normal((40, 9)).astype(np.float32)
    after = hardened_on(proto, images)
    wild = 5 * rng.standard_normal((40, 9)).astype(np.float32)
    wild[0, :4] = np.inf, -np.inf, np.nan, 1e30
    answer = run(after, wild)
    assert same(answer, [walked(proto, wild, thresholds_of(proto, images))])
    assert not same(answer, run(proto, wild))


LAYERS: dict[str, Callable[[int], str]] = {
    "relu": lambda i: f"v{i + 1} = Relu (v{i})",
    "leaky": lambda i: f"v{i + 1} = LeakyRelu <alpha = 0.3> (v{i})",
    "silu": lambda i: f"s{i} = Sigmoid (v{i}) v{i + 1} = Mul (v{i}, s{i})",
    "clip": lambda i: f"v{i + 1} = Clip (v{i}, , six)",
    "matmul": lambda i: f"v{i + 1} = MatMul (v{i}, w{i})",
    "skip": lambda i: f"v{i + 1} = Add (v{i}, v{max(0, i - 1)})",
    "softplus": lambda i: f"v{i + 1} = Softplus (v{i})",
}


@st.composite
def random_nets(draw: st.DrawFn) -> onnx.ModelProto:
    """Up to eight layers on rows of four numbers, at least one of them an activation."""
    kinds = draw(st.lists(st.sampled_from(list(LAYERS)), min_size=1, max_size=8))
    kinds.append(draw(st.sampled_from(["relu", "leaky", "silu"])))
    opset = draw(st.sampled_from([11, 13, 17, 21]))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    values: dict[str, Array] = {"six": scalar(6)}
    for i, kind in enumerate(kinds):
        if kind == "matmul":
            values[f"w{i}"] = rng.standard_normal((4, 4)).astype(np.float32)
    body = " ".join(LAYERS[kind](i) for i, kind in enumerate(kinds))
    text = f"""
        <ir_version: {8 if opset < 19 else 10}, opset_import: ["" : {opset}]>
        net (float[N, 4] v0) => (float[N, 4] v{len(kinds)}) {{ {body} }}
    """
    return with_initializers(parse_model(text), values)


@examples(60)
@given(random_nets(), st.integers(0, 1000), st.sampled_from(CLIPPING_AND_CLAMPING))
def test_random_networks_within_their_range(
    proto: onnx.ModelProto, seed: int, method: Mitigation
) -> None:
    images = np.random.default_rng(seed).standard_normal((12, 4)).astype(np.float32)
    after = hardened_on(proto, images[:6], images[6:], mitigation=method)
    onnx.checker.check_model(after, full_check=True)
    assert same(run(after, images, name="v0"), run(proto, images, name="v0"))


@examples(60)
@given(random_nets(), st.integers(0, 1000), st.sampled_from([1e3, np.inf, -np.inf, np.nan]))
def test_random_networks_against_a_walk_by_hand(
    proto: onnx.ModelProto, seed: int, wild: float
) -> None:
    """Oracle: node by node, each bounded value replaced by its definition before it is read."""
    images = np.random.default_rng(seed).standard_normal((12, 4)).astype(np.float32)
    bounds = thresholds_of(proto, images)
    after = hardened_on(proto, images)
    fed = images.copy()
    fed[3, 2] = wild
    assert same(run(after, fed, name="v0"), [walked(proto, fed, bounds)])


def walked(proto: onnx.ModelProto, fed: Array, bounds: dict[str, Threshold]) -> Array:
    """The last value of ``proto``, one session per node, clipped by numpy."""
    values = {t.name: onnx.numpy_helper.to_array(t) for t in proto.graph.initializer}
    values[proto.graph.input[0].name] = fed
    for node in proto.graph.node:
        values[node.output[0]] = _alone(proto, node, values)
        bound = bounds.get(node.output[0])
        if bound is not None:
            x = values[node.output[0]]
            low = -np.inf if bound.low is None else bound.low
            inside = [not np.isnan(v) and low <= v <= bound.high for v in x.flat]
            values[node.output[0]] = np.where(np.reshape(inside, x.shape), x, np.float32(0))
    return values[proto.graph.output[0].name]


def _alone(proto: onnx.ModelProto, node: onnx.NodeProto, values: dict[str, Array]) -> Array:
    names = [name for name in dict.fromkeys(node.input) if name]
    typed = [
        onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, values[n].shape)
        for n in names
    ]
    out = onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None)
    single = onnx.helper.make_model(
        onnx.helper.make_graph([node], "one", typed, [out]),
        opset_imports=proto.opset_import,
        ir_version=proto.ir_version,
    )
    result = run_session(
        open_session(single, session_options(optimize=False)), {n: values[n] for n in names}
    )
    assert isinstance(result, Answer)
    return result.outputs[0]


@pytest.mark.parametrize("file", ["digits_resnet.onnx", "digits_resnet_int8.onnx"])
def test_the_demonstration_models_within_their_range(file: str) -> None:
    model = load_model(ROOT / "models" / file)
    path = ROOT / "models" / "digits_test.npz"
    images = read_data(path, model.signature, model.metadata.preprocessing, 100).inputs
    after = hardened_on(model.proto, images[:50], images[50:])
    assert len([n for n in after.graph.node if n.op_type == "Where"]) == 7
    assert same(run(after, images), run(model.proto, images))
    wild = hardened_on(model.proto, images[:1])
    assert not same(run(wild, images), run(model.proto, images))


def test_a_bounded_network_does_not_act_on_its_own_calibration_data_when_optimized() -> None:
    """ONNX Runtime rounds the optimized graph otherwise; the largest value must still pass."""
    model = load_model(ROOT / "models" / "digits_resnet.onnx")
    path = ROOT / "models" / "digits_test.npz"
    images = read_data(path, model.signature, model.metadata.preprocessing, 64).inputs
    after = hardened_on(model.proto, images)
    for node in after.graph.node:
        if node.op_type == "LessOrEqual":
            value = onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.BOOL, None)
            after.graph.output.append(value)
    for optimize in (False, True):
        within = run(after, images, optimize=optimize)[1:]
        assert len(within) == 7
        assert all(np.asarray(w).all() for w in within)


def test_a_chain_of_relus_is_bit_identical() -> None:
    """Where nothing is -0, not even the sign of a zero changes."""
    proto = network("a = Relu (image) b = Add (a, c) scores = Relu (b)", {"c": scalar(-1)})
    images = np.random.default_rng(0).standard_normal((40, 9)).astype(np.float32)
    after = run(hardened_on(proto, images), images)[0]
    assert after.tobytes() == run(proto, images)[0].tobytes()


# Types that ONNX Runtime computes in float32


def half_net(activation: str, seed: int = 3) -> tuple[onnx.ModelProto, Array]:
    """Three float16 convolutions, each with an activation; with calibration inputs."""
    rng = np.random.default_rng(seed)
    layers, values, before, channels = [], {}, "image", 3
    for i in range(3):
        values[f"w{i}"] = (rng.standard_normal((6, channels, 3, 3)) / 4).astype(np.float16)
        layers.append(f"c{i} = Conv <pads = [1, 1, 1, 1]> ({before}, w{i})")
        layers.append(activation.replace("X", f"c{i}").replace("Y", f"a{i}"))
        before, channels = f"a{i}", 6
    text = f"""
        <ir_version: 8, opset_import: ["" : 17]>
        net (float16[N, 3, 8, 8] image) => (float16[N, 6, 8, 8] scores) {{
            {" ".join(layers)} scores = Neg ({before})
        }}
    """
    proto = with_initializers(parse_model(text), values)
    return proto, rng.standard_normal((24, 3, 8, 8)).astype(np.float16)


HALVES = {
    "relu": "Y = Relu (X)",
    "leaky": "Y = LeakyRelu <alpha = 0.1> (X)",
    "silu": "X_s = Sigmoid (X) Y = Mul (X, X_s)",
}


@pytest.mark.parametrize("method", CLIPPING_AND_CLAMPING)
@pytest.mark.parametrize("activation", HALVES)
def test_no_bound_acts_on_its_own_calibration_data_in_float16(
    activation: str, method: Mitigation
) -> None:
    """ONNX Runtime compares what it has not rounded yet: 6.5302 where the largest value is 6.53."""
    for seed in range(4):
        proto, images = half_net(HALVES[activation], seed)
        after = hardened_on(proto, images, mitigation=method)
        for optimize in (False, True):
            assert same(
                run(after, images, optimize=optimize), run(proto, images, optimize=optimize)
            )


def test_narrow_thresholds_are_the_next_numbers_outwards() -> None:
    half, brain = onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16
    assert outwards(1.0, 1, half) == 1.0
    assert outwards(1.0001, 1, half) == 1 + 2**-10
    assert outwards(1.0001, -1, half) == 1.0
    assert outwards(-1.0001, -1, half) == -1 - 2**-10
    assert outwards(65510.0, 1, half) == 65504.0, "infinity is no threshold"
    assert outwards(1.001, 1, brain) == 1 + 2**-7
    assert outwards(0.1, 1, onnx.TensorProto.FLOAT) == 0.1
    assert outwards(0.1, 1, onnx.TensorProto.DOUBLE) == 0.1


@given(st.floats(-60000, 60000, width=32), st.sampled_from([1, -1]))
def test_no_number_of_the_type_lies_between(value: float, sign: int) -> None:
    """Oracle: the neighbours of the number that numpy rounds to."""
    found = np.float16(outwards(value, sign, onnx.TensorProto.FLOAT16))
    inner = np.nextafter(found, np.float16(-sign * np.inf))
    assert sign * float(found) >= sign * value
    assert sign * float(inner) < sign * value


@pytest.mark.parametrize(("largest", "fits"), [(65504.0, True), (65520.0, False)])
def test_values_that_a_narrow_type_cannot_hold_have_no_range(largest: float, fits: bool) -> None:
    """In float32 they are finite; as the model says, they are infinite."""
    proto = network("x = Add (image, image) scores = Relu (x)", dtype="float16")
    images = row(1, largest / 2, dtype=np.float16)
    if fits:
        assert thresholds_of(proto, images) == {"scores": Threshold(high=65504.0)}
    else:
        with pytest.raises(BadCalibration, match="is NaN or infinite"):
            thresholds_of(proto, images)


SHARED = ROOT.parent / "shared" / "data"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("model", "shape", "sites"),
    [
        ("cifar10/resnet20-12fca82f.onnx", (3, 32, 32), 19),
        ("cifar10/resnet8_mlperftiny_int8_qdq.onnx", (3, 32, 32), 7),
        ("imagenet/mobilenet_v1_0.25_224_fp32.onnx", (3, 224, 224), 27),
        ("imagenet/mobilenet_v1_0.25_224_quant_qdq.onnx", (3, 224, 224), 27),
    ],
)
def test_real_networks_within_their_range(model: str, shape: tuple[int, ...], sites: int) -> None:
    if not (SHARED / model).exists():
        pytest.skip(f"{model} is not here")
    proto = load_model(SHARED / model).proto
    images = np.random.default_rng(0).standard_normal((4, *shape)).astype(np.float32)
    name = proto.graph.input[0].name
    for method in CLIPPING_AND_CLAMPING:
        change = changed_on(proto, images, mitigation=method)
        assert len(change.applied) == sites
        after = change.proto
        assert same(run(after, images, name=name), run(proto, images, name=name))
