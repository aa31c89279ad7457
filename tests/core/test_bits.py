"""Elements as bits: against IEEE-754 worked out by hand, and against onnx's own packing."""

from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from analyzer.faults.elements import (
    BFLOAT16,
    ELEMENT_TYPES,
    ENCODINGS,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT4,
    INT8,
    INT32,
    UINT4,
    UINT8,
    ElementType,
    FixedPointCodec,
    StoredCodec,
    Values,
    codec_for,
    from_codes,
    to_codes,
    to_raw,
)
from tests.strategies import examples

ALL = list(ELEMENT_TYPES.values())
NARROW = [e for e in ALL if e.bits <= 16]
FLOATS = [e for e in ALL if e.is_float]


def by_name(element: ElementType) -> str:
    return element.name


def every_code(element: ElementType) -> Any:
    return np.arange(2**element.bits).astype(element.code_dtype)


@st.composite
def contents(draw: st.DrawFn, elements: list[ElementType]) -> tuple[ElementType, Values]:
    """Any bits whatever, as values of any element type."""
    element = draw(st.sampled_from(elements))
    codes = draw(st.lists(st.integers(0, 2**element.bits - 1), max_size=9))
    return element, from_codes(np.array(codes, element.code_dtype), element)


def flipped(value: float, element: ElementType, bit: int) -> Any:
    codec = StoredCodec(element)
    codes = codec.encode(np.array([value], element.dtype))
    return codec.decode(codes ^ codes.dtype.type(1 << bit))[0]


@pytest.mark.parametrize("element", NARROW, ids=by_name)
def test_every_code_survives_the_round_trip(element: ElementType) -> None:
    codes = every_code(element)
    values = from_codes(codes, element)
    assert values.dtype == element.dtype
    np.testing.assert_array_equal(to_codes(values, element), codes)


@examples(50)
@given(contents(ALL))
def test_any_contents_survive_the_round_trip(given_: tuple[ElementType, Values]) -> None:
    element, values = given_
    codes = to_codes(values, element)
    assert codes.dtype == element.code_dtype
    assert from_codes(codes, element).tobytes() == values.tobytes()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)], ids=str)
@pytest.mark.parametrize("element", ALL, ids=by_name)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_shapes_are_kept(encoding: str, element: ElementType, shape: tuple[int, ...]) -> None:
    codec = codec_for(encoding, element)
    codes = codec.encode(np.zeros(shape, element.dtype))
    assert codes.shape == shape
    assert codec.decode(codes).shape == shape
    assert codec.decode(codes).dtype == element.dtype


@pytest.mark.parametrize(
    ("element", "value", "bit", "after"),
    [
        (FLOAT32, 1.0, 31, -1.0),
        (FLOAT32, 1.0, 30, np.inf),
        (FLOAT32, 1.0, 23, 0.5),
        (FLOAT32, 1.0, 22, 1.5),
        (FLOAT32, 1.0, 0, 1 + 2.0**-23),
        (FLOAT32, 0.5, 30, 2.0**127),
        (FLOAT32, 0.0, 30, 2.0),
        (FLOAT32, 0.0, 0, 2.0**-149),
        (FLOAT64, 1.0, 63, -1.0),
        (FLOAT64, 1.0, 62, np.inf),
        (FLOAT64, 1.0, 52, 0.5),
        (FLOAT64, 1.0, 0, 1 + 2.0**-52),
        (FLOAT16, 1.0, 15, -1.0),
        (FLOAT16, 1.0, 14, np.inf),
        (FLOAT16, 1.0, 10, 0.5),
        (FLOAT16, 1.0, 0, 1 + 2.0**-10),
        (BFLOAT16, 1.0, 15, -1.0),
        (BFLOAT16, 1.0, 14, np.inf),
        (BFLOAT16, 1.0, 7, 0.5),
        (BFLOAT16, 1.0, 0, 1 + 2.0**-7),
        (INT32, 1, 31, 1 - 2**31),
        (INT32, -1, 0, -2),
        (INT8, 5, 7, -123),
        (INT8, 0, 7, -128),
        (INT8, -128, 7, 0),
        (UINT8, 0, 7, 128),
        (UINT8, 255, 0, 254),
        (INT4, 0, 3, -8),
        (INT4, 7, 3, -1),
        (UINT4, 0, 3, 8),
        (UINT4, 15, 0, 14),
    ],
    ids=str,
)
def test_flips_worked_out_by_hand(
    element: ElementType, value: float, bit: int, after: float
) -> None:
    assert float(flipped(value, element, bit)) == after


def test_nan_needs_a_mantissa_bit_beside_a_full_exponent() -> None:
    assert np.isnan(flipped(np.inf, FLOAT32, 22))
    assert np.isnan(flipped(1.5, FLOAT32, 30))


def test_the_top_bit_of_int8_is_an_offset_of_128() -> None:
    values = from_codes(every_code(INT8), INT8)
    after = from_codes(every_code(INT8) ^ np.uint8(0x80), INT8)
    offset = np.where(values >= 0, -128, 128)
    np.testing.assert_array_equal(after.astype(int), values.astype(int) + offset)


@pytest.mark.parametrize("element", [e for e in NARROW if e.is_float], ids=by_name)
def test_the_sign_bit_negates(element: ElementType) -> None:
    values = from_codes(every_code(element), element)
    negated = from_codes(every_code(element) ^ element.code_dtype.type(1 << 15), element)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        np.testing.assert_array_equal(negated.astype(np.float64), -values.astype(np.float64))


@pytest.mark.parametrize(
    ("element", "fields"),
    [
        (FLOAT64, {"mantissa": 52, "exponent": 11, "sign": 1}),
        (FLOAT32, {"mantissa": 23, "exponent": 8, "sign": 1}),
        (FLOAT16, {"mantissa": 10, "exponent": 5, "sign": 1}),
        (BFLOAT16, {"mantissa": 7, "exponent": 8, "sign": 1}),
        (INT32, {"magnitude": 31, "sign": 1}),
        (INT8, {"magnitude": 7, "sign": 1}),
        (UINT8, {"magnitude": 8}),
        (INT4, {"magnitude": 3, "sign": 1}),
        (UINT4, {"magnitude": 4}),
    ],
    ids=str,
)
def test_fields_from_the_least_significant_bit_up(
    element: ElementType, fields: dict[str, int]
) -> None:
    expected = [name for name, width in fields.items() for _ in range(width)]
    assert [element.field(bit) for bit in range(element.bits)] == expected


@pytest.mark.parametrize("bit", [-1, 32])
def test_there_is_no_field_outside(bit: int) -> None:
    with pytest.raises(ValueError, match=r"0\.\.31"):
        FLOAT32.field(bit)


@examples(100)
@given(contents(ALL))
def test_raw_bytes_are_those_of_onnx(given_: tuple[ElementType, Values]) -> None:
    element, values = given_
    theirs = numpy_helper.from_array(values)
    assert to_raw(values, element) == theirs.raw_data
    back = onnx.TensorProto(data_type=theirs.data_type, dims=values.shape)
    back.raw_data = to_raw(values, element)
    assert numpy_helper.to_array(back).tobytes() == values.tobytes()


@examples(50)
@given(contents(ALL), st.data())
def test_bit_b_of_element_e_is_where_the_fault_space_expects_it(
    given_: tuple[ElementType, Values], data: st.DataObject
) -> None:
    element, values = given_
    if not values.size:
        return
    place = data.draw(st.integers(0, values.size * element.bits - 1))
    raw = bytearray(to_raw(values, element))
    raw[place // 8] ^= 1 << place % 8
    codes = to_codes(values, element)
    codes[place // element.bits] ^= codes.dtype.type(1 << place % element.bits)
    assert to_raw(from_codes(codes, element), element) == bytes(raw)


def q(values: list[float], element: ElementType = FLOAT32) -> list[int]:
    return [int(c) for c in FixedPointCodec(element).encode(np.array(values, element.dtype))]


def test_fixed_point_codes_worked_out_by_hand() -> None:
    assert q([0.0, 1.0, 1.5, 2.0**-16]) == [0, 1 << 16, 3 << 15, 1]
    assert q([-1.0, -(2.0**-16)]) == [2**32 - 2**16, 2**32 - 1]
    assert q([2.0**-17, 3 * 2.0**-17, 5 * 2.0**-17]) == [0, 2, 2]  # ties to even
    assert q([32768.0, np.inf, -32768.0, -1e9, np.nan]) == [2**31 - 1, 2**31 - 1, 2**31, 2**31, 0]


@pytest.mark.parametrize(
    ("bit", "after"), [(31, -32767.0), (30, 16385.0), (16, 0.0), (15, 1.5), (0, 1 + 2.0**-16)]
)
def test_fixed_point_flips_worked_out_by_hand(bit: int, after: float) -> None:
    codec = FixedPointCodec(FLOAT32)
    assert codec.decode(
        codec.encode(np.array([1.0], np.float32)) ^ np.uint32(1 << bit)
    ).tolist() == [after]


@examples(200)
@given(contents(FLOATS))
def test_fixed_point_rounds_like_exact_arithmetic(given_: tuple[ElementType, Values]) -> None:
    element, values = given_
    finite = values[np.isfinite(values)]
    exact = [round(Fraction(float(v)) * 2**16) for v in finite]
    limited = [min(max(c, -(2**31)), 2**31 - 1) for c in exact]
    found = FixedPointCodec(element).encode(finite)
    assert found.view(np.int32).tolist() == limited


@examples(200)
@given(contents(FLOATS))
def test_golden_memory_is_a_fixed_point_of_the_codec(given_: tuple[ElementType, Values]) -> None:
    element, values = given_
    codec = FixedPointCodec(element)
    golden = codec.decode(codec.encode(values))
    assert codec.decode(codec.encode(golden)).tobytes() == golden.tobytes()
    assert codec.encode(golden).tobytes() == codec.encode(values).tobytes()


@pytest.mark.parametrize("element", ALL, ids=by_name)
def test_an_encoding_holds_floats_in_its_own_width_and_integers_as_they_are(
    element: ElementType,
) -> None:
    assert codec_for("stored", element).bits == element.bits
    fixed = codec_for("q15.16", element)
    assert (fixed.name, fixed.bits) == (
        ("q15.16", 32) if element.is_float else ("stored", element.bits)
    )


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown encoding"):
        codec_for("q7.8", FLOAT32)
