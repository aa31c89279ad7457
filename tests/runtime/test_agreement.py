"""Live weights answer what the edited file answers, bit for bit, on every model of the zoo.

On the CPU, on the CPU by way of a device's memory, and on a GPU where there is one.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer
from analyzer.faults.count_law import CountLaw
from analyzer.faults.elements import ELEMENT_TYPES, ENCODINGS
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.sampling import draw_pattern, generator
from analyzer.faults.space import Kind
from analyzer.runtime.layout.layout import Route
from tests.runtime.benches import DEVICES, SHIPPED, TrialContext, Write, answer, context, inputs_for
from tests.runtime.test_default_sessions import PACKED_OTHERWISE
from tests.runtime.zoo import ZOO
from tests.storage import as_inputs, external, in_typed_fields
from tests.strategies import examples, patterns

ALL = [*ZOO, *SHIPPED]
FLIP = parse_fault("flip")

on_each_device = pytest.mark.parametrize("device", DEVICES)


def assert_agree(on: TrialContext, pattern: FaultPattern) -> bool:
    """All executors answer alike, and golden is golden again; whether the answer changed."""
    expected = answer(on.oracle, pattern, on.feeds)
    for executor in (on.live, on.cut):
        assert answer(executor, pattern, on.feeds).same_as(expected)
        executor.check_golden()
    assert on.live.run(on.feeds).same_as(on.golden)
    return not expected.same_as(on.golden)


@on_each_device
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("encoding", ENCODINGS)
@examples(12)
@given(data=st.data())
def test_any_pattern(name: str, encoding: str, device: str, data: st.DataObject) -> None:
    on = context(name, encoding, device=device)
    assert_agree(on, data.draw(patterns(on.space)))


def single_upsets(on: TrialContext, tensor: int) -> list[FaultPattern]:
    """Flips of the outermost and middle bits of a tensor's middle element, and stuck bits."""
    site = on.space.tensors[tensor]
    width, middle = site.codec.bits, site.elements // 2
    flips = [("flip", bit) for bit in sorted({0, width // 2, width - 2, width - 1})]
    stuck = [("stuck0", width - 1), ("stuck1", width - 1), ("burst:3", width - 1)]
    return [
        FaultPattern(parse_fault(fault), np.array([on.space.site(tensor, middle, bit)], np.int64))
        for fault, bit in flips + stuck
    ]


@on_each_device
@pytest.mark.parametrize("name", ALL)
def test_single_upsets_in_every_tensor(name: str, device: str) -> None:
    """Each tensor's upsets also show, so that agreement is not about nothing."""
    on = context(name, device=device)
    for index, tensor in enumerate(on.space.tensors):
        tried = single_upsets(on, index)[:: 1 if name in ZOO else 3]
        shown = [assert_agree(on, pattern) for pattern in tried]
        if on.live.layout.routes[tensor.name] is Route.NO_EFFECT:
            assert not any(shown)
        elif name in ZOO and tensor.name not in ZOO[name].quiet and device != "cuda":
            assert any(shown), tensor.name


@pytest.mark.parametrize("device", ["cpu", "cpu-bound"])
@pytest.mark.parametrize("name", ZOO)
def test_every_tensor_takes_its_route(name: str, device: str) -> None:
    """A tensor that silently falls to the slow way costs speed, and one that leaves it, truth."""
    on = context(name, device=device)
    expected = {t.name: str(ZOO[name].route(t.name, t.elements)) for t in on.space.tensors}
    if device == "cpu-bound" and name in PACKED_OTHERWISE:  # in a device's memory none is packed
        folded = {t.name for t in on.space.tensors if t.codec.bits == 4}  # half bytes are no input
        expected = {n: str(Route.RELOAD if n in folded else Route.IN_PLACE) for n in expected}
    assert {n: str(r) for n, r in on.live.layout.routes.items()} == expected
    slow = {n for n, r in on.live.layout.routes.items() if r is Route.RELOAD}
    assert on.live.layout.reasons.keys() == slow


@pytest.mark.parametrize("name", SHIPPED)
def test_weights_and_biases_of_shipped_models_are_changed_in_place(name: str) -> None:
    """Scales and zero points, where there are any, decide what ONNX Runtime fuses."""
    on = context(name)
    routes = on.live.layout.routes
    several = [t for t in on.space.tensors if t.elements > 1]  # thresholds are single values
    slow = {t.kind for t in several if routes[t.name] is not Route.IN_PLACE}
    assert slow <= {Kind.SCALE, Kind.ZERO_POINT}
    assert bool(slow) == ("int8" in name)


def test_the_zoo_holds_every_element_type() -> None:
    held = {t.dtype for name in ZOO for t in context(name).space.tensors}
    assert held == ELEMENT_TYPES.keys()


STORED = ["conv_blocked", "gemm_float64", "float16_gemm", "bfloat16_weights"]
STORED += ["qdq_conv_uint8_int8", "int4_per_tensor", "uint4_per_channel"]


@on_each_device
@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("write", [as_inputs, external, in_typed_fields])
@examples(6)
@given(data=st.data())
def test_how_the_file_stores_its_tensors_changes_nothing(
    name: str, write: Write, device: str, data: st.DataObject
) -> None:
    on, plain = context(name, write=write, device=device), context(name, device=device)
    assert on.live.layout.routes == plain.live.layout.routes
    pattern = data.draw(patterns(on.space))
    assert_agree(on, pattern)
    assert answer(on.live, pattern, on.feeds).same_as(answer(plain.oracle, pattern, on.feeds))


@on_each_device
@pytest.mark.parametrize("name", ["conv_blocked", "float16_gemm", "qdq_conv_uint8_int8"])
def test_batches_other_than_the_one_probed_with(name: str, device: str) -> None:
    on = context(name, device=device)
    feeds = {on.model.signature.name: 3 * inputs_for(on.model.signature, batch=7)}
    for trial in range(20):
        rng = generator("batches", name, trial)
        pattern = draw_pattern(rng, CountLaw(on.space.bits, 3 / on.space.bits), FLIP)
        assert answer(on.live, pattern, feeds).same_as(answer(on.oracle, pattern, feeds))


@on_each_device
@pytest.mark.parametrize("name", ["conv_blocked", "tied_and_transposed", "qdq_conv_uint8_int8"])
def test_patterns_prepared_together_do_not_meet(name: str, device: str) -> None:
    on = context(name, device=device)
    law = CountLaw(on.space.bits, 3 / on.space.bits)
    drawn = [draw_pattern(generator("ahead", name, i), law, FLIP) for i in range(10)]
    alone = [answer(on.live, pattern, on.feeds) for pattern in drawn]
    prepared = [on.live.inject(pattern) for pattern in drawn]
    for injection, expected in reversed(list(zip(prepared, alone, strict=True))):
        with injection as run:
            assert run(on.feeds).same_as(expected)
    on.live.check_golden()


@on_each_device
def test_reloads_are_counted(device: str) -> None:
    on = context("negated", device=device)
    before = on.live.reloads
    answer(on.live, FaultPattern(FLIP, np.array([5], np.int64)), on.feeds)
    assert on.live.reloads == before + 1


@on_each_device
@pytest.mark.parametrize("name", ALL)
def test_golden_answers_are_those_of_the_file(name: str, device: str) -> None:
    on = context(name, device=device)
    assert isinstance(on.golden, Answer)
    assert on.golden.same_as(on.oracle.run(on.feeds))
