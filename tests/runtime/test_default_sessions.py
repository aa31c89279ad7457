"""The oracle is what users deploy: a session with default options, created by nobody but ORT."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.faults.models import parse_fault
from analyzer.runtime.layout.layout import Route
from analyzer.runtime.layout.reordered_sums import ReorderedSums
from analyzer.runtime.layout.restrict import OTHER_ANSWER
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.weights.default_session import LiveArithmetic
from analyzer.verification.selftest import run_selftest
from analyzer.verification.selftest import test_patterns as draw
from tests.campaign.maps import small_analysis
from tests.runtime.benches import SHIPPED, TrialContext, answer, build_bench, context
from tests.runtime.zoo.registry import model, normal
from tests.support import invoke, save

PACKED_OTHERWISE = [
    "int4_blocked",
    "int8_weights_float16_scales",
    "int8_weights_only",
    "uint4_per_channel",
]
"""Models whose fused kernel, MatMulNBits, computes otherwise on packed weights."""

FLIP = parse_fault("flip")


def by_default(proto: onnx.ModelProto, on: TrialContext) -> Result:
    """The answer of a session whose options nobody touched, but for its silence."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(proto.SerializeToString(), options)
        return Answer(tuple(session.run(None, dict(on.feeds))))
    except Exception as error:
        return Failure(str(error))


@pytest.mark.parametrize(
    "name", [*PACKED_OTHERWISE, "int4_per_tensor", "qdq_conv_packed", "gemm", *SHIPPED]
)
def test_every_executor_answers_what_a_default_session_does(name: str) -> None:
    on = context(name)
    assert on.golden.same_as(by_default(on.oracle.proto, on))
    for pattern in draw(on.space, FLIP, 20, 1):
        expected = by_default(on.oracle.faulty_proto(pattern), on)
        for executor in (on.oracle, on.live, on.cut):
            assert answer(executor, pattern, on.feeds).same_as(expected)


@pytest.mark.parametrize("name", PACKED_OTHERWISE)
def test_what_computes_otherwise_when_packed_is_reloaded(name: str) -> None:
    found = context(name).live.layout
    assert set(found.routes.values()) == {Route.RELOAD}
    assert "MatMulNBits computes otherwise" in " ".join(found.reasons.values())
    assert found.reordered is None


def product(folder: Path, rows: int, inner: int) -> TrialContext:
    """Two matrix products that add up ``inner`` numbers, for ``rows`` images."""
    body = "h = Gemm <transB = 1> (x, w, b) r = Relu (h) y = MatMul (r, v)"
    values = {"w": normal(inner, inner), "b": normal(inner), "v": normal(inner, 10)}
    proto = model(f"float[{rows}, {inner}] x", f"float[{rows}, 10] y", body, values)
    return build_bench(save(proto, folder / "m.onnx"))


@pytest.mark.parametrize(("rows", "inner"), [(1, 64), (4, 200)])
def test_products_that_are_rounded_otherwise_are_named(
    rows: int, inner: int, tmp_path: Path
) -> None:
    on = product(tmp_path, rows, inner)
    sums = on.live.layout.reordered
    assert isinstance(sums, ReorderedSums)
    assert sums.operators == ("FusedGemm", "MatMul")
    assert 0 < sums.distance < 1e-5
    assert set(on.live.layout.routes.values()) == {Route.IN_PLACE}
    (live,) = (a for a in on.live.accelerations if a.name == "live_weights")
    assert sums.sentence in live.reason
    default = RewriteExecutor(on.model, on.space)
    drawn = draw(on.space, FLIP, 30, 1)
    found = run_selftest(on.live, default, on.space, on.feeds, drawn, lambda _: None, on.oracle)
    assert found.passed
    assert found.rounded > 10
    assert found.decided_otherwise == 0
    strict = run_selftest(
        on.live, default, on.space, on.feeds, draw(on.space, FLIP, 30, 1), lambda _: None
    )
    assert len(strict.mismatches) == found.rounded


def test_short_products_of_several_rows_are_what_they_are_by_default(tmp_path: Path) -> None:
    on = product(tmp_path, 4, 64)
    assert on.live.layout.reordered is None
    assert on.golden.same_as(by_default(on.oracle.proto, on))


def test_a_selftest_that_compared_nothing_does_not_pass(tmp_path: Path) -> None:
    path = save(context("int8_weights_only").model.proto, tmp_path / "m.onnx")
    run = invoke("selftest", path, "--patterns", "6")
    assert run.code == 3
    assert "NOTHING COMPARED" in run.out
    assert "PASS: live" not in run.out


def test_a_selftest_names_what_is_rounded_otherwise(tmp_path: Path) -> None:
    proto = product(tmp_path, 4, 200).model.proto
    run = invoke("selftest", save(proto, tmp_path / "n.onnx"), "--patterns", "8")
    assert run.code == 0
    text = " ".join(run.out.split())
    assert "add up in another order than in a default session" in text
    assert "sessions that pack no weights" in text


def test_many_other_outcomes_are_no_matter_of_rounding() -> None:
    from analyzer.verification.selftest import SelfTest

    few = SelfTest(100, 100, 90, 0, (), True, rounded=80, decided_otherwise=2)
    many = SelfTest(100, 100, 90, 0, (), True, rounded=80, decided_otherwise=3)
    assert few.passed
    assert not many.agreed
    assert few.compared == 100


def test_operators_are_blamed_only_for_what_packing_changes() -> None:
    """No initializer is packed and the answers differ still: no reader of one is the reason."""
    one, other = (Answer((np.array([number]),)) for number in (1.0, 2.0))
    body = "h = Gemm (x, w) y = Gather <axis = 1> (h, i)"
    values = {"w": normal(3, 3), "i": np.array([0, 2])}
    stripped = model("float[1, 3] x", "float[1, 2] y", body, values)

    class Unpackable(LiveArithmetic):
        def _packed_answers(
            self, samples: Sequence[Feeds], stripped: onnx.ModelProto
        ) -> list[Result]:
            return [one]

    weights: Any = SimpleNamespace(views={})
    shared: Any = {"w": None}
    live = Unpackable(stripped, shared, weights, lambda _: other)
    assert live.difference([{}], one) == OTHER_ANSWER


def test_weights_that_add_up_exactly_do_not_hide_the_order(tmp_path: Path) -> None:
    """Weights of 0.5 round in no order; under faults the unpacked kernel rounds otherwise."""
    scale = np.array([0.5, 2.0], np.float32)[:, None, None]
    stored = {n: np.ones((2, 15, k), np.float32) * scale for n, k in (("w", 2), ("r", 5))}
    text = 'y, h = GRU <hidden_size = 5, direction = "bidirectional"> (x, w, r)'
    proto = model("float[3, 1, 2] x", "float[3, 2, 1, 5] y, float[2, 1, 5] h", text, stored)
    layout = build_bench(save(proto, tmp_path / "gru.onnx")).live.layout
    assert layout.reordered is not None
    assert layout.reordered.operators == ("GRU",)


def test_a_short_last_batch_is_tried_as_well(tmp_path: Path) -> None:
    """Rows by threes round alike; the one row that is left over takes another kernel."""
    whole, short = (small_analysis(tmp_path, images=n).executor.layout for n in (9, 10))
    assert whole is not None
    assert short is not None
    assert whole.reordered is None
    assert short.reordered is not None
    assert short.reordered.operators == ("Gemm",)
