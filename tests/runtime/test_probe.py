"""Probe contents: numbers in, numbers out, through every conversion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.elements import (
    BFLOAT16,
    ELEMENT_TYPES,
    FLOAT16,
    FLOAT32,
    INT4,
    INT8,
    UINT8,
    ElementType,
    from_codes,
    to_codes,
)
from analyzer.runtime.layout.probe_values import (
    Conversion,
    conversions_to,
    digit_base,
    digit_values,
    digits_needed,
    noise_values,
    read_digits,
)
from tests.strategies import examples

ALL = list(ELEMENT_TYPES.values())
CONVERSIONS = [Conversion(e, e.dtype) for e in ALL]
CONVERSIONS += [Conversion(e, FLOAT32.dtype) for e in (FLOAT16, BFLOAT16)]
CONVERSIONS += [Conversion(INT8, UINT8.dtype)]


@pytest.mark.parametrize("conversion", CONVERSIONS, ids=str)
@examples(20)
@given(st.integers(0, 3000), st.integers(1, 600), st.integers(0, 5))
def test_numbers_are_read_back(
    conversion: Conversion, first: int, count: int, padding: int
) -> None:
    """More numbers than one digit holds take several; padding is told apart from all of them."""
    element = conversion.source
    digits = digits_needed(element, first + count)
    probes = []
    for digit in range(digits):
        values = digit_values(element, first, count, digit)
        padded = np.concatenate([values, np.zeros(padding, element.dtype)])
        probes.append(conversion(padded))
    found = read_digits(conversion, probes, first + count)
    assert found is not None
    assert found.tolist() == [*range(first, first + count), *[-1] * padding]


@pytest.mark.parametrize("conversion", CONVERSIONS, ids=str)
def test_types_with_few_digits_bear_as_many_probes_as_the_others(conversion: Conversion) -> None:
    """17 million int8 weights take four digits; a float32 scale beside them has one."""
    numbers = [*range(40), -1, -1]
    probes = []
    for digit in range(8):
        values = digit_values(conversion.source, 0, 40, digit)
        probes.append(conversion(np.concatenate([values, np.zeros(2, values.dtype)])))
    found = read_digits(conversion, probes, 40)
    assert found is not None
    assert found.tolist() == numbers


@pytest.mark.parametrize("wrong", [0.0, 2.0])
def test_a_digit_where_no_number_reaches_is_refused(wrong: float) -> None:
    conversion = Conversion(FLOAT32, FLOAT32.dtype)
    probes = [np.ones(3, np.float32) for _ in range(4)]
    assert read_digits(conversion, probes, 3) is not None
    probes[3][1] = wrong
    assert read_digits(conversion, probes, 3) is None


@pytest.mark.parametrize("element", ALL, ids=lambda e: e.name)
def test_digits_are_distinct_and_never_zero(element: ElementType) -> None:
    base = min(digit_base(element), 5000)
    codes = to_codes(digit_values(element, 0, base, 0), element)
    assert len(set(codes.tolist())) == base
    assert codes.all()


@pytest.mark.parametrize("element", [FLOAT16, BFLOAT16], ids=lambda e: e.name)
def test_every_digit_survives_the_cast_to_float32(element: ElementType) -> None:
    digits = digit_values(element, 0, digit_base(element), 0)
    wider = digits.astype(np.float32)
    assert np.isfinite(wider).all()
    assert len(set(wider.tolist())) == digit_base(element)
    assert wider.astype(element.dtype).tobytes() == digits.tobytes()


@pytest.mark.parametrize("values", [[0.5], [np.nan], [np.inf], [-1.0], [-0.0], [1e30], [1.0, 3.0]])
def test_what_is_no_digit_is_refused(values: list[float]) -> None:
    conversion = Conversion(FLOAT32, FLOAT32.dtype)
    with np.errstate(all="raise"):
        assert read_digits(conversion, [np.array(values, np.float32)], 2**23) is None


def test_padding_in_one_digit_alone_is_refused() -> None:
    conversion = Conversion(INT4, INT4.dtype)
    probes = [np.array([1, 2], INT4.dtype), np.array([0, 1], INT4.dtype)]
    assert read_digits(conversion, probes, 30) is None


def test_int8_is_shifted_to_uint8_and_nothing_else_is() -> None:
    codes = from_codes(np.arange(256).astype(np.uint8), INT8)
    assert Conversion(INT8, UINT8.dtype)(codes).tolist() == (codes.astype(int) + 128).tolist()


def test_conversions_are_those_that_onnx_runtime_makes() -> None:
    everything = set(ALL)
    assert {c.source.name for c in conversions_to(FLOAT32.dtype, everything)} == {
        "float32",
        "float16",
        "bfloat16",
    }
    assert {c.source.name for c in conversions_to(UINT8.dtype, everything)} == {"uint8", "int8"}
    assert [c.source.name for c in conversions_to(INT8.dtype, everything)] == ["int8"]
    assert not conversions_to(FLOAT32.dtype, {INT8})
    assert conversions_to(UINT8.dtype, everything)[0].source == UINT8


@examples(100)
@given(st.sampled_from(ALL), st.data())
def test_noise_differs_from_golden_in_every_element(
    element: ElementType, data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(st.integers(0, 2**element.bits - 1), min_size=1, max_size=50))
    golden = from_codes(np.array(drawn, element.code_dtype), element)
    noise = noise_values(element, golden, data.draw(st.integers(0, 100)))
    assert noise.dtype == element.dtype
    assert (to_codes(noise, element) != to_codes(golden, element)).all()
    if element.is_float:
        assert np.isfinite(noise.astype(np.float64)).all()


def test_noise_is_of_either_sign() -> None:
    """An absolute value or a Relu in the way of a weight must show."""
    noise = noise_values(FLOAT32, np.zeros(100, np.float32), 0)
    assert (noise > 0).any()
    assert (noise < 0).any()
