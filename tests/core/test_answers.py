"""Two arrays, or two answers, that are the same bit for bit."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import analyzer.answers as module
from analyzer.answers import Answer, Failure, same_bytes

DTYPES = st.sampled_from(["f4", "f2", "f8", "i1", "u1", "i8", "?"]).map(np.dtype)


@pytest.mark.parametrize("small", [0, 2**16])
@given(data=st.data())
def test_arrays_are_the_same_if_their_bytes_are(data: st.DataObject, small: int) -> None:
    """By copies and step by step, in steps of three bytes; views with strides are arrays, too."""
    shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
    one = data.draw(arrays.arrays(data.draw(DTYPES), shapes))
    raw = bytearray(one.tobytes())
    if raw and data.draw(st.booleans()):
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1
    other: npt.NDArray[Any] = np.frombuffer(bytes(raw), one.dtype).reshape(one.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALL_ARRAY", small)
        patch.setattr(module, "COMPARED_AT_ONCE", 3)
        assert same_bytes(one, other) == (one.tobytes() == bytes(raw))
        assert same_bytes(one.T, other.T) == same_bytes(one, other)


@pytest.mark.parametrize("small", [0, 2**16])
def test_equal_bytes_of_another_type_or_shape_are_something_else(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SMALL_ARRAY", small)
    zeros = np.zeros((2, 3), np.float32)
    assert same_bytes(zeros, zeros.copy())
    assert not same_bytes(zeros, zeros.view(np.int32))
    assert not same_bytes(zeros, zeros.reshape(3, 2))
    assert not same_bytes(zeros, -zeros)


def test_text_is_compared_without_looking_into_it() -> None:
    """An output of strings is an array of objects: the same objects are the same."""
    words = np.array(["a", "b"] * 2**14, object)
    assert same_bytes(words, words.copy())
    assert not same_bytes(words, words[::-1])


def test_answers_take_every_nan_for_the_same() -> None:
    quiet, payload = np.array([0x7FC00000, 0x7FC00001], np.uint32).view(np.float32).reshape(2, 1)
    assert not same_bytes(quiet, payload)
    assert Answer((quiet,)).same_as(Answer((payload,)))
    assert not Answer((quiet,)).same_as(Answer((np.zeros(1, np.float32),)))
    assert not Answer((np.zeros(1, np.float32),)).same_as(Answer((-np.zeros(1, np.float32),)))
    assert not Answer((quiet,)).same_as(Failure("no"))
