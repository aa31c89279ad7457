"""What bounds do at the threshold, just above it, and to what is no number."""

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx
import pytest

from analyzer.errors import AlreadyHardened, NothingToBound, UnsupportedModel
from exporters.hardening.activations.survey import Side, survey
from exporters.hardening.bounds.clamping import CLAMPING
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.find import find_bounds, without_bounds
from exporters.hardening.bounds.form import BoundForm
from exporters.hardening.bounds.insert import insert_bounds, open_thresholds, with_bounds
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.mitigations.ranger import RANGER
from exporters.hardening.mitigations.relu6 import RELU6
from tests.exporters.bounded import bounded_by as hardened
from tests.exporters.bounded import changed_on, hardened_on, subject_of
from tests.exporters.nets import ACTIVATIONS, activation_net, network, operators, row, run, scalar
from tests.support import parse_model

NAN, INF = np.nan, np.inf
T = float(np.float32(1.7))


def above(value: float, dtype: npt.DTypeLike = np.float32) -> float:
    """The next number up."""
    return float(np.nextafter(np.array(value, dtype), np.array(np.inf, dtype)))


def below(value: float, dtype: npt.DTypeLike = np.float32) -> float:
    return float(np.nextafter(np.array(value, dtype), np.array(-np.inf, dtype)))


# Clipping: eq. 4


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("opset", [11, 12, 13, 16, 17, 21])
def test_clipping_by_eq_4(opset: int, optimize: bool) -> None:
    proto = hardened(network("scores = Relu (image)", opset=opset), T)
    given = row(0, 1, T, above(T), 3e38, INF, NAN, -1, -INF, below(T))
    wanted = row(0, 1, T, 0, 0, 0, 0, 0, 0, below(T))
    assert run(proto, given, optimize=optimize)[0].tobytes() == wanted.tobytes()
    assert ("LessOrEqual" in operators(proto)) is (opset >= 12)


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("opset", [11, 17])
def test_clipping_on_both_sides(opset: int, optimize: bool) -> None:
    slope = {"one": scalar(1)}
    proto = network("scores = PRelu (image, one)", slope, opset=opset)
    low = float(np.float32(-0.3))
    given = row(T, above(T), low, below(low), 0, INF, -INF, NAN, -1e-30)
    wanted = row(T, 0, low, 0, 0, 0, 0, 0, -1e-30)
    answer = run(hardened(proto, T, low), given, optimize=optimize)[0]
    assert answer.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("name", "dtype"), [("float16", np.float16), ("float", np.float32), ("double", np.float64)]
)
@pytest.mark.parametrize("opset", [11, 14, 21])
def test_clipping_in_every_float_type(name: str, dtype: npt.DTypeLike, opset: int) -> None:
    proto = network("scores = Relu (image)", opset=opset, dtype=name)
    if not subject_exists(proto):
        assert (name, opset) == ("double", 11)
        return
    t = float(np.array(1.7, dtype))
    answer = run(hardened(proto, t), row(t, above(t, dtype), INF, NAN, dtype=dtype))[0]
    assert answer.tobytes() == row(t, 0, 0, 0, dtype=dtype).tobytes()


def subject_exists(proto: onnx.ModelProto) -> bool:
    return bool(survey(proto).sites)


def test_bfloat16_is_written_as_the_standard_has_it() -> None:
    """ONNX Runtime has no kernels for it on CPU, so that only the checker can say."""
    proto = hardened(network("scores = Relu (image)", opset=18, dtype="bfloat16"), 1.5)
    stored = {t.name: t for t in proto.graph.initializer}["scores_threshold"]
    assert stored.data_type == onnx.TensorProto.BFLOAT16
    assert np.frombuffer(stored.raw_data, ml_dtypes.bfloat16) == ml_dtypes.bfloat16(1.5)
    onnx.checker.check_model(proto, full_check=True)


def test_a_threshold_of_zero_lets_zero_pass() -> None:
    """A layer whose activations are all 0 on the calibration data."""
    proto = hardened(network("scores = Relu (image)"), 0.0)
    assert run(proto, row(-1, 0, 1e-45, 1))[0].tolist() == [[0, 0, 0, 0]]


# Clamping


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("opset", [11, 17, 21])
def test_ranger_clamps_and_lets_nan_pass(opset: int, optimize: bool) -> None:
    """NaN: as measured with ONNX Runtime, whose Relu and Clip let it through."""
    proto = hardened(network("scores = Relu (image)", opset=opset), T, form=CLAMPING)
    answer = run(proto, row(-1, 1, T, above(T), INF, NAN), optimize=optimize)[0]
    assert answer[0, :5].tolist() == [0, 1, T, T, T]
    assert np.isnan(answer[0, 5])


def test_ranger_clamps_on_both_sides() -> None:
    proto = network("scores = LeakyRelu <alpha = 0.5> (image)")
    answer = run(hardened(proto, 2.0, -1.0, CLAMPING), row(-9, -INF, -1, 1, 9, INF))[0]
    assert answer.tolist() == [[-1, -1, -0.5, 1, 2, 2]]


@pytest.mark.parametrize("optimize", [False, True])
def test_relu6_by_eq_5_replaces_relu(optimize: bool) -> None:
    proto = hardened_on(network("scores = Relu (image)"), mitigation=RELU6)
    assert operators(proto) == ["Clip"]
    answer = run(proto, row(-INF, -1, 0, 3, 6, above(6), INF, NAN), optimize=optimize)[0]
    assert answer[0, :7].tolist() == [0, 0, 0, 3, 6, 6, 6]
    assert np.isnan(answer[0, 7])


def test_relu6_clamps_others_behind() -> None:
    proto = hardened_on(network("scores = LeakyRelu <alpha = 1.0> (image)"), mitigation=RELU6)
    assert operators(proto) == ["LeakyRelu", "Clip"]
    assert run(proto, row(-9, -6, 0, 6, 9))[0].tolist() == [[-6, -6, 0, 6, 6]]


def test_relu6_leaves_relu6_alone() -> None:
    body = "c = Clip (image, zero, six) scores = Relu (c)"
    proto = network(body, {"zero": scalar(0), "six": scalar(6)})
    found = changed_on(proto, mitigation=RELU6)
    assert [place.value for place in found.applied] == ["scores"]
    assert [(n.value, n.reason) for n in found.left] == [("c", "it clamps at 6 already")]


def test_nan_through_a_fused_convolution() -> None:
    """The kernel that Conv, Relu and Clip become: NaN passes; behind a clipping bound it is 0."""
    rng = np.random.default_rng(0)
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, 8, 7, 7] image) => (float[N, 8, 7, 7] scores) {
            c = Conv <pads = [1, 1, 1, 1]> (image, w)
            scores = Relu (c)
        }
    """
    proto = parse_model(text)
    weights = rng.standard_normal((8, 8, 3, 3)).astype(np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    image = rng.standard_normal((1, 8, 7, 7)).astype(np.float32)
    image[0, 0, 3, 3] = np.nan
    touched = 8 * 9
    forms: list[tuple[BoundForm, int]] = [(CLAMPING, touched), (CLIPPING, 0)]
    for form, nans in forms:
        answer = run(hardened(proto, 6.0, form=form), image, optimize=True)[0]
        assert int(np.isnan(answer).sum()) == nans


@pytest.mark.parametrize("optimize", [False, True])
def test_a_known_clip_is_narrowed(optimize: bool) -> None:
    """No second node, which ONNX Runtime would not fuse."""
    limits = {"lo": scalar(-5), "hi": scalar(6)}
    proto = network("scores = Clip (image, lo, hi)", limits)
    given = row(-9, -5, -2, 0, 3, 6, 9, INF, -INF)
    for high, low in [(4.0, -2.0), (9.0, -9.0), (6.0, -5.0)]:
        after = hardened(proto, high, low, CLAMPING)
        assert operators(after) == ["Clip"]
        wanted = np.clip(given, max(low, -5), min(high, 6))
        assert run(after, given, optimize=optimize)[0].tolist() == wanted.tolist()


def test_a_computed_clip_gets_another_behind() -> None:
    proto = network("m = ReduceMax <keepdims = 0> (image) scores = Clip (image, , m)")
    after = hardened(proto, 2.0, -1.0, CLAMPING)
    assert operators(after) == ["ReduceMax", "Clip", "Clip"]
    assert run(after, row(-3, 1, 5))[0].tolist() == [[-1, 1, 2]]


def test_what_blows_up_before_a_clip_is_cut_off_before_it() -> None:
    """Behind ReLU6 it would be a 6, which every bound must let pass."""
    limits = {"lo": scalar(0), "hi": scalar(6)}
    proto = network("x = Add (image, image) scores = Clip (x, lo, hi)", limits)
    after = hardened(proto, 8.0)
    assert run(after, row(1, 3.5, 4, 4.5, INF, NAN, -INF))[0].tolist() == [[2, 6, 6, 0, 0, 0, 0]]


# What the graph looks like


def test_names_are_readable_and_outputs_stay() -> None:
    body = "x = Add (image, image) h = Relu (x) scores = LeakyRelu (h)"
    proto = network(body)
    bounds = {"h": Threshold(high=1.0), "scores": Threshold(low=-1.0, high=2.0)}
    result = with_bounds(proto, survey(proto).sites, bounds, CLIPPING)
    assert [o.name for o in result.graph.output] == ["scores"]
    assert [t.name for t in result.graph.initializer] == [
        "h_threshold",
        "beyond_threshold",
        "scores_threshold",
        "scores_low_threshold",
    ]
    made = {
        node.output[0]: (node.op_type, node.name, list(node.input)) for node in result.graph.node
    }
    assert made["h"] == ("Where", "h_bounded", ["h_within", "h_unbounded", "beyond_threshold"])
    assert made["h_within"] == ("LessOrEqual", "h_within", ["h_unbounded", "h_threshold"])
    assert made["scores_unbounded"][2] == ["h"]
    assert made["scores"][1] == "scores_bounded"


def test_exporters_suffix_is_left_out_of_names() -> None:
    proto = network('"/layer1/Relu_output_0" = Relu (image) scores = Neg ("/layer1/Relu_output_0")')
    names = {n.name for n in hardened(proto, 1.0).graph.node}
    assert "/layer1/Relu_bounded" in names


def test_names_that_are_taken_are_not_taken_again() -> None:
    body = """
        h = Relu (image) h_unbounded = Neg (h) h_within = Neg (h_unbounded) scores = Neg (h_within)
    """
    proto = hardened(network(body), 1.0)
    outputs = [name for node in proto.graph.node for name in node.output]
    assert len(set(outputs)) == len(outputs)
    assert run(proto, row(-1, 0.5, 2))[0].tolist() == [[0, -0.5, 0]]


def test_every_reader_sees_the_bounded_value() -> None:
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, C] image) => (float[N, C] scores, float[N, C] h, float[N, C] inner) {
            h = Relu (image)
            scores = Add (h, h)
            some = ReduceSum <keepdims = 0> (h)
            yes = Cast <to = 9> (some)
            inner = If (yes) <
                then_branch = a () => (float[N, C] p) { p = Identity (h) },
                else_branch = b () => (float[N, C] q) { q = Neg (h) }
            >
        }
    """
    answers = run(hardened(parse_model(text), 1.0), row(0.5, 9))
    assert [a.tolist() for a in answers] == [[[1, 0]], [[0.5, 0]], [[0.5, 0]]]


def test_only_the_bounds_are_new() -> None:
    """Taking the bounds out again gives the original graph, node for node."""
    for name, case in ACTIVATIONS.items():
        proto = activation_net(case)
        low = None if case.side is Side.ONE else -1.0
        after = hardened(proto, 1.0, low)
        bounds = find_bounds(after)
        assert [(b.site.value, b.threshold) for b in bounds] == [
            (case.site, Threshold(low=low, high=1.0))
        ]
        assert without_bounds(after, bounds).graph == proto.graph, name


def test_opset_11_bounds_are_found_again_too() -> None:
    proto = network("y = LeakyRelu (image) scores = Neg (y)", opset=11)
    after = hardened(proto, 1.0, -0.5)
    assert without_bounds(after, find_bounds(after)).graph == proto.graph


def test_local_functions_are_expanded() -> None:
    text = """
        <ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        net (float[N, C] image) => (float[N, C] scores) {
            a = local.block (image)
            scores = local.block (a)
        }
        <domain: "local", opset_import: ["" : 17]>
        block (x) => (y) { r = Relu (x) y = Neg (r) }
    """
    found = changed_on(parse_model(text), row(1, 2))
    assert [place.kind for place in found.applied] == ["Relu", "Relu"]
    assert len(found.proto.functions) == 0


def test_metadata_says_how_it_came_about() -> None:
    proto = network("scores = Relu (image)")
    proto.metadata_props.add(key="relcheck.scale", value="0.5")
    entries = [(p.key, p.value) for p in hardened_on(proto, row(-1, 1.5)).metadata_props]
    assert entries == [
        ("relcheck.scale", "0.5"),
        ("relcheck.hardening.method", "actmax"),
        ("relcheck.hardening.thresholds", '{"scores": [null, 1.5]}'),
        ("relcheck.hardening.origin", subject_of(proto).model.sha256),
        ("relcheck.hardening.calibration", f"sha256:{'2' * 64} images:1"),
    ]


def test_the_original_is_not_changed() -> None:
    proto = network("scores = Relu (image)")
    before = proto.SerializeToString()
    hardened(proto, 1.5)
    assert proto.SerializeToString() == before


@pytest.mark.parametrize(
    ("name", "dtype"), [("float16", np.float16), ("float", np.float32), ("double", np.float64)]
)
def test_open_thresholds_let_every_finite_number_pass(name: str, dtype: npt.DTypeLike) -> None:
    one = {"one": scalar(1, dtype)}
    proto = network("scores = PRelu (image, one)", one, opset=16, dtype=name)
    sites = survey(proto).sites
    insert_bounds(proto, sites, open_thresholds(sites), CLIPPING)
    largest = float(np.finfo(np.dtype(dtype)).max)
    given = row(largest, -largest, 1, dtype=dtype)
    assert run(proto, given)[0].tobytes() == given.tobytes()


# Models that cannot be hardened


def test_hardened_models_are_refused() -> None:
    once = hardened_on(network("scores = Relu (image)"), row(1))
    with pytest.raises(AlreadyHardened, match="by method actmax; harden the original"):
        hardened_on(once, row(1), mitigation=RANGER)


def test_old_models_are_refused() -> None:
    with pytest.raises(UnsupportedModel, match="opset 9; bounds need opset 11"):
        hardened_on(network("scores = Relu (image)", opset=9), row(1))


def test_models_without_activations_are_refused() -> None:
    with pytest.raises(NothingToBound, match="none of the operators"):
        hardened_on(network("scores = Neg (image)"), row(1))


def test_the_first_reason_is_told() -> None:
    with pytest.raises(NothingToBound, match=r"Sigmoid 'a': its values lie in .*1 others likewise"):
        hardened_on(network("a = Sigmoid (image) scores = Tanh (a)"), row(1))
