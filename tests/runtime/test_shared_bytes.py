"""Tensors on overlapping ranges of external data, against the file's own bytes, edited."""

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from analyzer.answers import Answer
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.space import FaultSpace
from tests.runtime.benches import answer, build_bench
from tests.strategies import examples
from tests.support import save

FLIP = parse_fault("flip")
BLOB = 160
"""Bytes of the file of external data."""

SIDE = 3
SIZE = 4 * SIDE * SIDE


def external(name: str, offset: int) -> onnx.TensorProto:
    tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=[SIDE, SIDE])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": "w.bin", "offset": str(offset), "length": str(SIZE)}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def chain(offsets: list[int], in_constant: bool = False) -> onnx.ModelProto:
    """A product with each matrix, the first one perhaps in a Constant node."""
    names = [f"w{i}" for i in range(len(offsets))]
    tensors = [external(n, o) for n, o in zip(names, offsets, strict=True)]
    nodes = []
    if in_constant:
        first = tensors.pop(0)
        nodes.append(helper.make_node("Constant", [], ["w0"], value=first))
    values = ["x", *(f"a{i}" for i in range(len(offsets) - 1)), "y"]
    for name, (before, after) in zip(names, pairwise(values), strict=True):
        nodes.append(helper.make_node("MatMul", [before, name], [after]))
    shape = helper.make_tensor_value_info
    ends = [shape("x", 1, ["N", SIDE])], [shape("y", 1, ["N", SIDE])]
    graph = helper.make_graph(nodes, "g", *ends, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def place(space: FaultSpace, offsets: list[int], site: int) -> tuple[int, int]:
    """The byte of the file, and the bit of it, that a site means."""
    index, element, bit = space.locate(site)
    tensor = space.tensors[index]
    number = element * tensor.codec.bits + bit
    first = min(offsets[int(name[1:])] for name in tensor.name.split(" | "))
    return first + number // 8, number % 8


def by_default_session(folder: Path, feeds: dict[str, Any]) -> npt.NDArray[Any]:
    session = ort.InferenceSession(str(folder / "m.onnx"), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, feeds)[0])


@examples(15)
@given(
    offsets=st.lists(st.integers(0, BLOB - SIZE), min_size=1, max_size=4),
    in_constant=st.booleans(),
    data=st.data(),
)
def test_an_upset_is_the_edited_file(
    offsets: list[int], in_constant: bool, data: st.DataObject
) -> None:
    rng = np.random.default_rng(3)
    blob = rng.uniform(0.5, 1.0, BLOB // 4).astype(np.float32).tobytes()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "w.bin").write_bytes(blob)
        on = build_bench(save(chain(offsets, in_constant), folder / "m.onnx"))
        union = {byte for o in offsets for byte in range(o, o + SIZE)}
        assert on.space.bits == 8 * len(union)
        places = {place(on.space, offsets, site) for site in range(on.space.bits)}
        assert places == {(byte, bit) for byte in union for bit in range(8)}
        for _ in range(3):
            wanted = data.draw(st.sets(st.integers(0, on.space.bits - 1), min_size=1, max_size=6))
            changed = bytearray(blob)
            for site in wanted:
                byte, bit = place(on.space, offsets, site)
                changed[byte] ^= 1 << bit
            (folder / "w.bin").write_bytes(changed)
            truth = by_default_session(folder, dict(on.feeds))
            pattern = FaultPattern(FLIP, np.array(sorted(wanted), np.int64))
            for executor in (on.oracle, on.live, on.cut):
                found = answer(executor, pattern, on.feeds)
                assert isinstance(found, Answer)
                np.testing.assert_array_equal(found.outputs[0], truth)
        on.live.check_golden()


def test_the_same_values_stored_twice_are_two(tmp_path: Path) -> None:
    half = np.random.default_rng(0).uniform(0.5, 1, SIZE // 4).astype(np.float32).tobytes()
    (tmp_path / "w.bin").write_bytes(half + half)
    twice = build_bench(save(chain([0, SIZE]), tmp_path / "m.onnx"))
    once = build_bench(save(chain([0, 0]), tmp_path / "n.onnx"))
    assert (twice.space.bits, once.space.bits) == (2 * 8 * SIZE, 8 * SIZE)
    assert [a.site.name for a in once.space.aliases] == ["w1"]
