"""What a model must be fed: which dimension counts a batch, and which inputs are states."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from analyzer.errors import UnsupportedSignature
from analyzer.model import input_signature, load_model, macs_per_image
from analyzer.model.signature import InputSignature, batch_axis
from tests.support import invoke, parse_model, save, with_initializers

AXES = {
    "the same name": (("N", 3, 8, 8), "N", 0),
    "no names": ((None, 4), None, 0),
    "another name": (("M", 4), "N", 0),
    "layers first": ((2, "N", 128), "N", 1),
    "layers first, no names": ((2, None, 128), None, 1),
    "layers first, one at a time": ((2, 1, 128), 1, 1),
    "one at a time": ((1, 64), 1, 0),
    "the same for all": ((5, 64), 1, None),
    "a scalar": ((), "N", None),
    "a single number": ((1,), "N", 0),
    "another fixed size": ((3, 4), 2, 0),
    "a fixed batch beside an open one": ((4, 7), "N", 0),
}


@pytest.mark.parametrize(("dims", "batch", "axis"), AXES.values(), ids=AXES)
def test_the_batch_is_found(
    dims: tuple[int | str | None, ...], batch: int | str | None, axis: int | None
) -> None:
    assert batch_axis(dims, batch) == axis


def signature_of(inputs: str) -> InputSignature:
    text = f"g ({inputs}) => (float[N, 2] y) {{ y = Identity (x) }}"
    return input_signature(parse_model('<ir_version: 8, opset_import: ["": 17]>' + text).graph)


def test_states_come_last_and_set_no_batch() -> None:
    found = signature_of("float[2, N, 3] h, float[N, 4] x, int64 sr, float[N, 5] more")
    assert [s.name for s in found.every] == ["x", "more", "h", "sr"]
    assert [s.axis for s in found.every] == [0, 0, 1, None]
    assert [s.is_state for s in found.every] == [False, False, True, True]
    assert [s.item for s in found.every] == [(4,), (5,), (2, 3), ()]
    assert found.fixed_batch is None


@pytest.mark.parametrize(
    ("name", "state"),
    [
        *[
            (name, True)
            for name in ("h0", "c_in", "h", "state", "hidden_0", "past_key", "kv_cache")
        ],
        *[(name, False) for name in ("x", "image", "chroma", "mask", "depth", "hue", "face")],
    ],
)
def test_some_names_are_those_of_states(name: str, state: bool) -> None:
    assert InputSignature(name, "float32", (None, 4)).is_state is state
    assert not InputSignature(name, "int64", (None, 4)).is_state


def test_a_state_is_no_image() -> None:
    found = signature_of("float[N, 1, 6, 6] cache, float[N, 3, 8, 8] x")
    assert found.name == "x"


def test_one_of_the_inputs_must_carry_a_batch() -> None:
    with pytest.raises(UnsupportedSignature, match="no batch dimension"):
        signature_of("float x, int64 sr")


SPEECH = """
<ir_version: 8, opset_import: ["" : 17]>
speech (float[N, 4] x, float[2, N, 3] h, int64 sr) => (float[N, 2] y, float[2, N, 3] hn) {
    c = Cast <to = 1> (sr)
    k = Div (c, thousand)
    hn = Mul (h, half)
    axes = Constant <value_ints = [0]> ()
    s = ReduceSum <keepdims = 0> (hn, axes)
    z = Concat <axis = 1> (x, s)
    m = MatMul (z, w)
    y = Mul (m, k)
}
"""
"""Scores of sounds: a state of two layers, and the sample rate as a scalar."""


def speech(path: Path) -> Path:
    weights = {
        "w": np.random.default_rng(0).standard_normal((7, 2)).astype(np.float32),
        "half": np.array(0.5, np.float32),
        "thousand": np.array(1000, np.float32),
    }
    return save(with_initializers(parse_model(SPEECH), weights), path)


QUICK = ("--rates", "1e-3", "--precision", "0.2", "--journal", "none")


def test_a_stateful_model_is_analyzed_with_zeros(tmp_path: Path) -> None:
    run = invoke(speech(tmp_path / "m.onnx"), *QUICK)
    assert run.code == 0, run.err
    said = " ".join(run.out.split())
    assert "note: input 'h' is fed zeros; input 'sr' is fed 16000" in said


@pytest.mark.parametrize("batch", ["1", "3"])
def test_a_stateful_model_is_analyzed_with_what_is_given(batch: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x, h = rng.standard_normal((10, 4)), rng.standard_normal((2, 10, 3))
    floats = {"x": x.astype(np.float32), "h": h.astype(np.float32)}
    np.savez(tmp_path / "d.npz", allow_pickle=False, sr=np.int64(8000), **floats)
    model = speech(tmp_path / "m.onnx")
    run = invoke(model, "--data", tmp_path / "d.npz", "--batch", batch, *QUICK)
    assert run.code == 0, run.err
    assert "is fed" not in run.out
    for command in ("selftest", "inspect"):
        found = invoke(command, model, "--data", tmp_path / "d.npz")
        assert found.code == 0, found.err


def test_a_model_to_which_no_input_makes_a_difference_is_named(tmp_path: Path) -> None:
    """A scalar that is a factor of 0, here: whatever is fed, the answer is 0."""
    x = np.random.default_rng(1).standard_normal((10, 4)).astype(np.float32)
    model = speech(tmp_path / "m.onnx")
    for rate, told in ((0, True), (8000, False)):
        np.savez(tmp_path / "d.npz", x=x, sr=np.int64(rate))
        run = invoke(model, "--data", tmp_path / "d.npz", *QUICK)
        assert run.code == 0, run.err
        said = "the model gives the same answer to every input" in " ".join(run.out.split())
        assert said is told


def test_the_work_of_a_stateful_model_is_known(tmp_path: Path) -> None:
    model = load_model(speech(tmp_path / "m.onnx"))
    items = ((4,), (2, 3), ())
    assert macs_per_image(model.proto, model.signature, items) == 7 * 2


def test_models_of_the_older_ir_list_initializers_as_inputs() -> None:
    proto = parse_model(
        '<ir_version: 3, opset_import: ["" : 8]>'
        " g (float[N, 2] x, float[2] w) => (float[N, 2] y) { y = Mul (x, w) }"
    )
    proto.graph.initializer.append(
        onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    )
    assert [s.name for s in input_signature(proto.graph).every] == ["x"]


@pytest.mark.parametrize(
    ("declared", "said"),
    [("seq(float[N, 3])", "a sequence"), ("bfloat16[N, 3]", "a tensor of bfloat16")],
)
def test_inputs_of_other_types_are_named(declared: str, said: str) -> None:
    with pytest.raises(UnsupportedSignature, match=rf"input 'x' is {said}; relcheck feeds"):
        signature_of(f"{declared} x")
