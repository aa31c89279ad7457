"""What a report says of stored bits that no fault hits, and what a gate makes of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper, numpy_helper

from analyzer.gate import Judgement, Verdict, overall, parse_gate
from analyzer.stats.intervals import Interval
from tests.support import Run, invoke, parse_model, save, tiny_cnn_proto, with_initializers

TEXT = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[N, 8] x) => (float[N, 4] y) {
    m = MatMul (x, w)
    f = Cast <to = 1> (table)
    s = ReduceSum <keepdims = 0> (f)
    y = Add (m, s)
}
"""
"""1,024 bits of weights beside a table of integers."""


def with_table(folder: Path, integers: int) -> Path:
    rng = np.random.default_rng(0)
    stored: dict[str, npt.NDArray[Any]] = {
        "w": rng.standard_normal((8, 4)).astype(np.float32),
        "table": np.ones(integers, np.int64),
    }
    return save(with_initializers(parse_model(TEXT), stored), folder / f"m{integers}.onnx")


def run(folder: Path, integers: int, gate: str) -> tuple[Run, dict[str, Any], str]:
    model, page, record = with_table(folder, integers), folder / "r.html", folder / "r.json"
    options = ("--rates", "1e-5", "--precision", "0.2", "--journal", "none", "--jobs", "0")
    found = invoke("run", model, *options, "--gate", gate, "--json", record, "--html", page)
    return found, json.loads(record.read_text("utf-8")), page.read_text("utf-8")


PASSES, FAILS = "sdc <= 0.99 @ 1e-5", "masked >= 0.99 @ 1e-2"


def test_where_nothing_is_left_out_nothing_is_said(tmp_path: Path) -> None:
    model = save(tiny_cnn_proto(), tmp_path / "m.onnx")
    record = tmp_path / "r.json"
    options = ("--rates", "1e-5", "--precision", "0.2", "--journal", "none", "--jobs", "0")
    found = invoke("run", model, *options, "--gate", PASSES, "--json", record)
    part = json.loads(record.read_text("utf-8"))
    assert found.code == 0
    assert "NOT AT RISK" not in found.out
    assert (part["model"]["bits_out_of_scope"], part["model"]["out_of_scope"]) == (0, [])
    assert part["gate"]["scope"] == ""


def test_more_than_a_hundredth_stands_above_the_table_and_under_the_gate(tmp_path: Path) -> None:
    found, record, page = run(tmp_path, 4, PASSES)
    share = 256 / (1024 + 256)
    assert found.code == 0
    assert found.out.index("NOT AT RISK HERE: 20.0 % of the stored bits") < found.out.index("rate")
    assert "The verdict does not speak of 20.0 % of the stored bits." in found.out
    assert record["model"]["share_out_of_scope"] == pytest.approx(share)
    assert record["model"]["out_of_scope"] == [
        {"reason": "int64: shapes, axes and indices, no weights", "tensors": 1, "bits": 256}
    ]
    assert "NOT AT RISK HERE: 20.0 % of the stored bits" in page
    assert record["gate"]["scope"] in page


def test_a_gate_does_not_pass_on_the_lesser_part(tmp_path: Path) -> None:
    found, record, page = run(tmp_path, 40, PASSES)
    assert found.code == 3
    assert record["gate"]["verdict"] == "undecided"
    assert record["gate"]["conditions"][0]["verdict"] == "pass"
    assert "71.4 % of the stored bits are not at risk here, so that no condition" in found.out
    assert "Gate: undecided" in page


def test_a_gate_still_fails_on_the_lesser_part(tmp_path: Path) -> None:
    found, record, _ = run(tmp_path, 40, FAILS)
    assert (found.code, record["gate"]["verdict"]) == (1, "fail")


@pytest.mark.parametrize(
    ("left_out", "verdict"), [(0.0, "pass"), (0.5, "pass"), (0.51, "undecided"), (1.0, "undecided")]
)
def test_the_half_decides(left_out: float, verdict: str) -> None:
    passed = Judgement(parse_gate(PASSES), Interval(0.0, 0.0, 0.1), Verdict.PASS)
    assert overall([passed], left_out) == verdict
    assert overall([], left_out) is None


def in_constants(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with every weight in a Constant node."""
    tensors, nodes = list(proto.graph.initializer), list(proto.graph.node)
    del proto.graph.initializer[:], proto.graph.node[:]
    for tensor in tensors:
        value = numpy_helper.from_array(numpy_helper.to_array(tensor))
        proto.graph.node.append(helper.make_node("Constant", [], [tensor.name], value=value))
    proto.graph.node.extend(nodes)
    return proto


def test_constants_and_initializers_are_as_much_at_risk(tmp_path: Path) -> None:
    rates: list[Any] = []
    for name, proto in (("i", tiny_cnn_proto()), ("c", in_constants(tiny_cnn_proto()))):
        record = tmp_path / f"{name}.json"
        options = ("--rates", "1e-3", "--precision", "0.05", "--journal", "none", "--jobs", "0")
        found = invoke("run", save(proto, tmp_path / f"{name}.onnx"), *options, "--json", record)
        assert found.code == 0
        rates.append(json.loads(record.read_text("utf-8"))["rates"])
    one, other = (r[0] for r in rates)  # other files, other patterns: equal up to the precision
    assert one["expected_flips"] == other["expected_flips"]
    for figure in ("sdc", "due", "masked"):
        assert abs(one[figure]["estimate"] - other[figure]["estimate"]) <= 0.1


def test_the_self_test_edits_constants_in_the_file(tmp_path: Path) -> None:
    model = save(in_constants(tiny_cnn_proto()), tmp_path / "m.onnx")
    found = invoke("selftest", model, "--patterns", "40")
    assert found.code == 0, found.err
    assert "PASS" in found.out


def test_inspect_says_what_shares_its_bytes(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal(16).astype(np.float32)
    (tmp_path / "w.bin").write_bytes(values.tobytes())
    proto = parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y) '
        "{ a = MatMul (x, v) y = MatMul (a, w) }"
    )
    for name in "vw":
        tensor = onnx.TensorProto(name=name, data_type=1, dims=[4, 4])
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="w.bin")
        proto.graph.initializer.append(tensor)
    found = invoke("inspect", save(proto, tmp_path / "m.onnx"))
    assert "512 bits at risk in 1 tensors" in found.out
    assert "v: an upset there hits w" in found.out
    assert "not selected" not in found.out
