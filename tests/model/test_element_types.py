"""Element types: one table, checked against other people's numbers, and who must cover it."""

from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import helper

from analyzer.faults.elements import BFLOAT16, ELEMENT_TYPES, ElementType
from analyzer.known_answers.tiny import FORMATS
from analyzer.model.element_types import (
    BITS_OF,
    BOUND_OPSETS,
    ELEMENT_OF,
    NAME_OF,
    STORED_TYPES,
    StoredType,
    may_be_held_as,
)
from analyzer.model.inventory import take_inventory
from analyzer.runtime.layout.probe_values import conversions_to, digit_values, read_digits
from exporters.hardening.activations.survey import ActivationSite, Side, survey
from exporters.hardening.bounds.insert import open_thresholds
from tests.support import parse_model

ALL = list(ELEMENT_TYPES.values())
FLOATS = [e for e in ALL if e.is_float]
NUMBER = {element.name: number for number, element in ELEMENT_OF.items()}

each = pytest.mark.parametrize("element", ALL, ids=lambda e: e.name)
each_float = pytest.mark.parametrize("element", FLOATS, ids=lambda e: e.name)


def test_every_element_type_has_one_row() -> None:
    assert sorted(NUMBER) == sorted(ELEMENT_TYPES)
    assert len({t.number for t in STORED_TYPES}) == len({t.name for t in STORED_TYPES})
    assert len(STORED_TYPES) == len(NAME_OF)


@pytest.mark.parametrize("stored", STORED_TYPES, ids=lambda t: t.name)
def test_rows_are_what_onnx_says(stored: StoredType) -> None:
    """Numbers, names and numpy types of the onnx package itself."""
    number, name, bits = stored.number, stored.name, stored.bits
    dtype = helper.tensor_dtype_to_np_dtype(number)
    assert str(dtype) == name
    assert BITS_OF[number] == bits
    if bits >= 8:
        assert dtype.itemsize * 8 == bits
    else:
        assert name.endswith(str(bits))
    if number in ELEMENT_OF:
        assert ELEMENT_OF[number].dtype == dtype


@each_float
def test_number_formats_are_those_of_ieee_754(element: ElementType) -> None:
    """By numpy's and ml_dtypes' own tables."""
    about: Any = np.finfo if element is not BFLOAT16 else ml_dtypes.finfo
    about = about(element.dtype)
    assert element.largest == float(about.max)
    assert (element.mantissa, element.exponent) == (about.nmant, about.nexp)
    assert element.bias == 1 - int(about.minexp)


# Who must cover the table


@each
def test_the_inventory_puts_it_at_risk(element: ElementType) -> None:
    """Fails if a type has no row: it would be out of scope in silence."""
    number = NUMBER[element.name]
    text = '<ir_version: 10, opset_import: ["" : 21]> g (float[1] x) => (float[1] y) {y = Neg (x)}'
    graph = parse_model(text).graph
    raw = bytes(-(-8 * element.bits // 8))
    graph.initializer.append(helper.make_tensor("t", number, [8], raw, raw=True))
    graph.node.append(helper.make_node("Conv", ["x", "t"], ["z"]))
    (found,) = take_inventory(graph).at_risk
    assert (found.element, found.values.dtype) == (element, element.dtype)


@each
def test_the_probe_reads_what_onnx_runtime_may_make_of_it(element: ElementType) -> None:
    """In its own type and in each other one that may hold it, and in no further one."""
    held = [e for e in ALL if e == element or may_be_held_as(element, e)]
    digits = digit_values(element, 0, 7, 0)
    for target in ALL:
        conversions = conversions_to(target.dtype, {element})
        assert [c.source for c in conversions] == [element] * (target in held)
        for conversion in conversions:
            moved = conversion(digits)
            assert moved.dtype == target.dtype
            found = read_digits(conversion, [moved], 7)
            assert found is not None
            assert found.tolist() == list(range(7))


@each_float
def test_bounds_on_activations_know_it(element: ElementType) -> None:
    """Fails if a float has no first opset: its activations would not be bounded."""
    number = NUMBER[element.name]
    site = ActivationSite("y", "Relu", Side.TWO, number)
    threshold = open_thresholds((site,))["y"]
    assert (threshold.low, threshold.high) == (-element.largest, element.largest)
    for opset, taken in ((BOUND_OPSETS[number], True), (BOUND_OPSETS[number] - 1, False)):
        proto = helper.make_model(
            helper.make_graph(
                [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["y"], ["z"])],
                "g",
                [helper.make_tensor_value_info("x", number, [1, 4])],
                [helper.make_tensor_value_info("z", number, [1, 4])],
            ),
            opset_imports=[helper.make_opsetid("", opset)],
        )
        found = survey(proto)
        assert [s.value for s in found.sites] == ["y"] * taken
        assert [f"convert to {opset + 1} or later" in r.reason for r in found.left] == [True] * (
            not taken
        )


def test_only_floats_have_bounds() -> None:
    assert {ELEMENT_OF[number] for number in BOUND_OPSETS} == set(FLOATS)


def test_known_answers_state_every_format_anew() -> None:
    """What is verified is not used: their table is typed in again, and must be as long."""
    assert {name: number for name, (_, number) in FORMATS.items()} == NUMBER
    assert onnx.TensorProto.INT64 not in ELEMENT_OF
