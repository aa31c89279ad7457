"""The oracle against something independent: bytes edited by hand, and linear algebra."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer, Failure
from analyzer.errors import NotRestored
from analyzer.faults.elements import Values
from analyzer.faults.kinds import STUCK0, STUCK1
from analyzer.faults.models import FaultModel, FaultPattern, parse_fault
from analyzer.model import load_model
from tests.runtime.benches import TrialContext, answer, build_bench, context
from tests.runtime.zoo.registry import model
from tests.strategies import bits_of_upset, examples, patterns
from tests.support import save

FLIP = parse_fault("flip")


def upsets(fault: FaultModel, *sites: int) -> FaultPattern:
    return FaultPattern(fault, np.array(sites, np.int64))


def edited_by_hand(on: TrialContext, pattern: FaultPattern) -> onnx.ModelProto:
    """The saved file with bits changed where each tensor's bytes stand in it."""
    content = bytearray(on.model.proto.SerializeToString())
    stored = {t.name: t.raw_data for t in on.model.proto.graph.initializer}
    for number, site in enumerate(pattern.sites.tolist()):
        fault = pattern.fault_of(number)
        index, _, _ = on.space.locate(site)
        tensor = on.space.tensors[index]
        start = place_of(bytes(on.model.proto.SerializeToString()), tensor.name, stored)
        first = site - int(on.space.offsets[index])
        for bit in bits_of_upset(fault, first, tensor.bits):
            mask = 1 << bit % 8
            byte = start + bit // 8
            if fault.kind is STUCK0:
                content[byte] &= ~mask
            elif fault.kind is STUCK1:
                content[byte] |= mask
            else:
                content[byte] ^= mask
    proto = onnx.ModelProto()
    proto.ParseFromString(bytes(content))
    return proto


def place_of(content: bytes, name: str, stored: dict[str, bytes]) -> int:
    """Where the bytes of a tensor stand in the file: right behind its name and their own size."""
    marks = [b"B" + bytes([len(name)]) + name.encode() + b"J" + size_of(stored[name])]
    (mark,) = (m for m in marks if content.count(m) == 1)
    return content.index(mark) + len(mark)


def size_of(raw: bytes) -> bytes:
    """The length of ``raw`` as protocol buffers write it."""
    low, high = len(raw) & 0x7F, len(raw) >> 7
    return bytes([low | 0x80, high]) if high else bytes([low])


STORED = ["conv_blocked", "gemm_float64", "float16_gemm", "bfloat16_weights"]
STORED += ["qdq_conv_uint8_int8", "int4_per_tensor", "uint4_per_channel", "tied_and_transposed"]


@pytest.mark.parametrize("name", STORED)
@examples(15)
@given(data=st.data())
def test_the_faulty_file_is_the_saved_one_with_those_bits_changed(
    name: str, data: st.DataObject
) -> None:
    on = context(name)
    pattern = data.draw(patterns(on.space))
    assert on.oracle.faulty_proto(pattern) == edited_by_hand(on, pattern)
    on.oracle.check_golden()


WEIGHT = np.array([[1.0, -2.0], [0.5, 3.0], [-0.75, 0.0]], np.float32)


def linear(folder: Path, weight: npt.NDArray[Any], encoding: str = "stored") -> TrialContext:
    """Identity times weight: the answer is the weight itself."""
    kind = {"float32": "float", "float64": "double", "float16": "float16"}[weight.dtype.name]
    proto = model(f"{kind}[3, 3] x", f"{kind}[3, 2] y", "y = MatMul (x, w)", {"w": weight})
    return build_bench(save(proto, folder / "m.onnx"), encoding)


def multiplied(on: TrialContext, pattern: FaultPattern) -> npt.NDArray[Any]:
    feeds = {"x": np.eye(3, dtype=on.model.values()["w"].dtype)}
    found = answer(on.oracle, pattern, feeds)
    assert isinstance(found, Answer)
    return found.outputs[0]


@pytest.mark.parametrize(
    ("element", "bit", "value"),
    [(0, 31, -1.0), (0, 23, 0.5), (0, 0, 1 + 2.0**-23), (1, 22, -3.0), (3, 22, 2.0), (5, 30, 2.0)],
)
def test_a_linear_model_answers_with_the_flipped_value(
    tmp_path: Path, element: int, bit: int, value: float
) -> None:
    expected = WEIGHT.copy()
    expected.reshape(-1)[element] = value
    found = multiplied(linear(tmp_path, WEIGHT), upsets(FLIP, 32 * element + bit))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("bit", [30, 22])
def test_infinity_reaches_every_row_as_in_numpy(tmp_path: Path, bit: int) -> None:
    expected = WEIGHT.copy()
    expected[0, 0] = {30: np.inf, 22: 1.5}[bit]
    found = multiplied(linear(tmp_path, WEIGHT), upsets(FLIP, bit))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(found, np.eye(3, dtype=np.float32) @ expected)


@pytest.mark.parametrize(
    ("dtype", "width", "bit", "value"),
    [(np.float64, 64, 52, 0.5), (np.float64, 64, 0, 1 + 2.0**-52), (np.float16, 16, 10, 0.5)],
)
def test_other_floats_too(
    tmp_path: Path, dtype: npt.DTypeLike, width: int, bit: int, value: float
) -> None:
    weight = WEIGHT.astype(dtype)
    found = multiplied(linear(tmp_path, weight), upsets(FLIP, bit))
    assert found[0, 0] == value
    np.testing.assert_array_equal(found.reshape(-1)[1:], weight.reshape(-1)[1:])
    assert linear(tmp_path, weight).space.bits == 6 * width


@pytest.mark.parametrize(("bit", "value"), [(31, -32767.0), (16, 0.0), (17, 3.0), (0, 1 + 2**-16)])
def test_fixed_point_memory_flips_its_own_bits(tmp_path: Path, bit: int, value: float) -> None:
    found = multiplied(linear(tmp_path, WEIGHT, "q15.16"), upsets(FLIP, bit))
    expected = WEIGHT.copy()
    expected[0, 0] = value
    np.testing.assert_array_equal(found, expected)


def test_fixed_point_golden_is_rounded_to_its_grid(tmp_path: Path) -> None:
    on = linear(tmp_path, np.full((3, 2), 2.0**-17 * 3, np.float32), "q15.16")
    golden = on.oracle.run({"x": np.eye(3, dtype=np.float32)})
    assert isinstance(golden, Answer)
    np.testing.assert_array_equal(golden.outputs[0], np.full((3, 2), 2.0**-15, np.float32))
    assert on.live.run({"x": np.eye(3, dtype=np.float32)}).same_as(golden)


# 1.0 is 0x3f800000 and -2.0 is 0xc0000000.
@pytest.mark.parametrize(
    ("fault", "sites", "first_two"),
    [
        ("stuck0", (22, 31), (1.0, -2.0)),
        ("stuck0", (23,), (0.5, -2.0)),
        ("stuck1", (31, 63), (-1.0, -2.0)),
        ("burst:9", (23,), (-2.0, -2.0)),
        ("burst:2", (31,), (-1.0, -2.0 - 2.0**-22)),
        ("burst:2", (22, 23), (0.375, -2.0)),
    ],
)
def test_other_faults(
    tmp_path: Path, fault: str, sites: tuple[int, ...], first_two: tuple[float, float]
) -> None:
    """A burst goes on in the next element; two that overlap in bit 23 leave it as it is."""
    found = multiplied(linear(tmp_path, WEIGHT), upsets(parse_fault(fault), *sites))
    assert found[0].tolist() == list(first_two)
    np.testing.assert_array_equal(found[1:], WEIGHT[1:])


def test_int8_weights_are_two_s_complement(tmp_path: Path) -> None:
    weight = np.array([[5, -3], [0, 127], [-128, 1]], np.int8)
    body = "d = DequantizeLinear (w, s, z) y = MatMul (x, d)"
    values: dict[str, Values] = {
        "w": weight,
        "s": np.ones(2, np.float32),
        "z": np.zeros(2, np.int8),
    }
    body = body.replace("DequantizeLinear", "DequantizeLinear <axis = 1>")
    on = build_bench(
        save(model("float[3, 3] x", "float[3, 2] y", body, values), tmp_path / "m.onnx")
    )
    for element, bit, value in [(0, 7, -123), (1, 7, 125), (3, 0, 126), (4, 7, 0)]:
        found = answer(on.oracle, upsets(FLIP, 8 * element + bit), {"x": np.eye(3, dtype="f4")})
        assert isinstance(found, Answer)
        assert found.outputs[0].reshape(-1)[element] == value


def reshaping(folder: Path) -> TrialContext:
    """Weights 3 and 4 set a shape: a sign bit makes the model invalid."""
    body = "k = Cast <to = 7> (w) y = Reshape (x, k)"
    values = {"w": np.array([3, 4], np.float32)}
    proto = model("float[2, 6] x", "float[a, b] y", body, values)
    return build_bench(save(proto, folder / "m.onnx"))


def test_a_file_that_no_longer_loads_is_a_failure_and_an_outcome(tmp_path: Path) -> None:
    on = reshaping(tmp_path)
    pattern = upsets(FLIP, 31)
    assert isinstance(answer(on.oracle, pattern, on.feeds), Failure)
    assert isinstance(answer(on.live, pattern, on.feeds), Failure)
    assert isinstance(on.oracle.run(on.feeds), Answer)


def test_errors_of_the_caller_pass_through_a_failed_load(tmp_path: Path) -> None:
    on = reshaping(tmp_path)
    with pytest.raises(KeyError), on.oracle.inject(upsets(FLIP, 31)):
        raise KeyError


def test_golden_bytes_that_change_are_noticed(tmp_path: Path) -> None:
    on = linear(tmp_path, WEIGHT)
    on.oracle.check_golden()
    on.oracle.proto.graph.initializer[0].raw_data = bytes(24)
    with pytest.raises(NotRestored, match="'w'"):
        on.oracle.check_golden()


def test_the_model_itself_is_never_edited(tmp_path: Path) -> None:
    on = linear(tmp_path, WEIGHT)
    before = on.model.proto.SerializeToString()
    answer(on.oracle, upsets(FLIP, 3, 40, 100), on.feeds)
    answer(on.live, upsets(FLIP, 3, 40, 100), on.feeds)
    assert on.model.proto.SerializeToString() == before
    assert load_model(on.model.path).values()["w"].tobytes() == WEIGHT.tobytes()
