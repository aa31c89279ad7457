"""When a bias scale is right: what is said for certain is what ONNX Runtime does."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.elements import Values
from analyzer.runtime.ort.optimized_graph import optimize
from analyzer.runtime.recompile.fusion_condition import (
    FusionCondition,
    contents_of_case,
    fusion_conditions,
)
from tests.runtime.zoo.registry import integers, model, one, ramp
from tests.strategies import examples

BODY = """
    xq = QuantizeLinear (x, xs, xz) xd = DequantizeLinear (xq, xs, xz)
    wd = DequantizeLinear <axis = 0> (w, ws, wz) bd = DequantizeLinear <axis = 0> (b, bs, bz)
    a = Conv (xd, wd, bd)
    yq = QuantizeLinear (a, ys, yz) y = DequantizeLinear (yq, ys, yz)
"""
SCALE = FusionCondition("xs", "ws", "bs", "bz")
CHANNELS = 4


def contents(**changed: Values) -> dict[str, Values]:
    """Of a convolution whose bias scale is right."""
    values: dict[str, Values] = {
        "xs": one(0.02),
        "xz": one(120, np.uint8),
        "w": integers(CHANNELS, 3, 3, 3),
        "ws": ramp(CHANNELS),
        "wz": np.zeros(CHANNELS, np.int8),
        "b": integers(CHANNELS, dtype=np.int32, low=-900, high=900),
        "bs": ramp(CHANNELS) * np.float32(0.02),
        "bz": np.zeros(CHANNELS, np.int32),
        "ys": one(0.05),
        "yz": one(125, np.uint8),
    }
    return values | changed


def built(values: dict[str, Values]) -> onnx.ModelProto:
    return model("float[N, 3, 5, 5] x", "float[N, 4, 3, 3] y", BODY, values)


def is_fused(values: dict[str, Values]) -> bool:
    """What ONNX Runtime makes of it."""
    operators = {node.op_type for node in optimize(built(values)).proto.graph.node}
    assert ("QLinearConv" in operators) != ("Conv" in operators)
    return "QLinearConv" in operators


def test_what_decides_is_found_in_the_graph() -> None:
    assert fusion_conditions(built(contents()).graph.node) == [SCALE]


def test_an_operator_whose_form_other_things_decide_has_none() -> None:
    relu = model("float[N, 6] x", "float[N, 6] y", "y = Relu (x)", {})
    assert fusion_conditions(relu.graph.node) is None


def flipped(values: Values, element: int, bit: int) -> Values:
    found = np.array(values, copy=True)
    found.reshape(-1).view(np.uint32)[element % found.size] ^= np.uint32(1 << bit)
    return found


@examples(60)
@given(
    flips=st.lists(
        st.tuples(
            st.sampled_from(["xs", "ws", "bs", "bz"]),
            st.integers(0, CHANNELS - 1),
            st.integers(0, 31),
        ),
        min_size=1,
        max_size=3,
    ),
    size=st.integers(-24, 24),
)
def test_what_is_certain_of_any_flips_is_so(flips: list[tuple[str, int, int]], size: int) -> None:
    values = contents()
    for name in ("ws", "bs"):
        values[name] = values[name] * np.float32(2.0**size)
    for name, element, bit in flips:
        values[name] = flipped(values[name], element, bit)
    right = SCALE.holds(values)
    assert right is None or right == is_fused(values)


@examples(60)
@given(
    power=st.floats(-2.3, 0.5),
    sign=st.sampled_from([-1, 1]),
    size=st.integers(-24, 12),
    channel=st.integers(0, 3),
)
def test_what_is_certain_near_the_line_is_so(
    power: float, sign: int, size: int, channel: int
) -> None:
    share = sign * 10**power
    values = contents()
    for name in ("ws", "bs"):
        values[name] = values[name] * np.float32(2.0**size)
    values["bs"][channel] *= np.float32(1 + share)
    right = SCALE.holds(values)
    assert right is None or right == is_fused(values)


@pytest.mark.parametrize("name", ["xs", "ws", "bs"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_nothing_is_certain_of_what_is_no_number(name: str, value: float) -> None:
    values = contents()
    values[name].reshape(-1)[0] = value
    assert SCALE.holds(values) is None


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("number", range(6))
def test_contents_of_a_form_give_that_form(right: bool, number: int) -> None:
    values = contents_of_case((right,), [SCALE], contents(), number)
    assert SCALE.holds(values) is right
    assert is_fused(values) is right
