"""Inputs made up where there is no data set: random, whatever an input is called."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.plan import Exposure
from analyzer.evaluation.readers import generate_data
from analyzer.jobs.data import default_batch
from analyzer.model import InputSignature, load_model
from tests.support import parse_model, save, tiny_cnn

NAMES = ("x", "face_mask_image", "mask", "input_mask", "segment", "type_map", "hidden_state")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "float64"])
def test_images_are_random_whatever_they_are_called(name: str, dtype: str) -> None:
    """Case 55: an image called mask was 64 times the same image of ones."""
    signature = InputSignature(name, dtype, (None, 3, 4, 4))
    found = generate_data(signature, 0)
    assert len(np.unique(found.inputs.reshape(64, -1), axis=0)) == 64
    np.testing.assert_array_equal(
        found.inputs, generate_data(InputSignature("x", dtype, (None, 3, 4, 4)), 0).inputs
    )


@given(
    st.sampled_from(NAMES),
    st.sampled_from(["float32", "uint8", "int64", "int32", "bool"]),
    st.lists(st.integers(2, 5), min_size=1, max_size=3),
)
def test_a_single_input_is_never_constant(name: str, dtype: str, item: list[int]) -> None:
    signature = InputSignature(name, dtype, (None, *item))
    found = generate_data(signature, 0)
    constant = signature.is_integer and ("type" in name or "segment" in name)
    assert (len(np.unique(found.inputs.reshape(64, -1), axis=0)) > 1) is not constant
    said = any("every generated input is the same" in r for r in found.remarks)
    assert said is constant


def test_a_mask_of_tokens_lets_all_of_them_count() -> None:
    ids = InputSignature("input_ids", "int64", (None, None), bound=9)
    for dtype in ("int64", "bool", "float32"):
        mask = InputSignature("attention_mask", dtype, (None, None))
        both = InputSignature(ids.name, ids.dtype, ids.shape, ids.bound, (mask,))
        found = generate_data(both, 0)
        assert (found.more["attention_mask"] == 1).all()
        assert found.inputs.max() == 8


def test_a_mask_that_is_an_image_is_random_beside_another_image() -> None:
    mask = InputSignature("mask", "float32", (None, 1, 4, 4))
    both = InputSignature("image", "float32", (None, 3, 4, 4), others=(mask,))
    assert len(np.unique(generate_data(both, 0).more["mask"])) > 1


def test_states_are_zeros_and_said() -> None:
    state = InputSignature("h", "float32", (2, None, 3), axis=1)
    both = InputSignature("x", "float32", (None, 4), others=(state,))
    found = generate_data(both, 0)
    assert not found.states["h"].values.any()
    assert found.remarks == ("input 'h' is fed zeros",)


@pytest.mark.parametrize("name", ["h", "c", "state", "hidden_in", "past_key"])
def test_states_whose_first_dimension_counts_images_are_zeros_too(name: str) -> None:
    """The state of a model of speech was random: such a model never begins so."""
    state = InputSignature(name, "float32", (1, 1, 3))
    both = InputSignature("x", "float32", (None, 4), others=(state,))
    found = generate_data(both, 0)
    assert not found.states[name].values.any()
    assert found.remarks == (f"input '{name}' is fed zeros",)


def test_what_is_drawn_does_not_depend_on_states() -> None:
    state = InputSignature("h", "float32", (2, None, 3), axis=1)
    both = InputSignature("x", "float32", (None, 4), others=(state,))
    alone = InputSignature("x", "float32", (None, 4))
    np.testing.assert_array_equal(generate_data(both, 3).inputs, generate_data(alone, 3).inputs)


# How many images share a pattern


def test_where_the_work_is_unknown_every_image_has_its_own_patterns(tmp_path: Path) -> None:
    """No product of matrices and no convolution: shape inference counts nothing."""
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y)'
    text += " <float[3] w = {1, 2, 3}> { y = Mul (x, w) }"
    model = load_model(save(parse_model(text), tmp_path / "m.onnx"))
    data = generate_data(model.signature, 0)
    assert default_batch(model, data, Exposure.TRANSIENT) == 1
    assert default_batch(model, data, Exposure.RESIDENT) == 32
    known = load_model(tiny_cnn(tmp_path / "k.onnx"))
    assert default_batch(known, generate_data(known.signature, 0), Exposure.TRANSIENT) == 32
