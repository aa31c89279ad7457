"""Kernels that copy a constant when they are created are found out."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import pytest

from analyzer.answers import Answer, Feeds, Result
from analyzer.faults.elements import Values
from analyzer.runtime.layout.layout import Layout, Route
from analyzer.runtime.layout.read_every_run import TENSORS_TRIED, unread_slots
from analyzer.runtime.layout.restrict import reload_slots
from analyzer.runtime.open import open_live
from analyzer.runtime.ort.optimized_graph import OptimizedModel, optimize
from analyzer.runtime.ort.shared_initializers import (
    SharedInitializers,
    SharedSession,
    open_shared_session,
)
from analyzer.runtime.weights.host import HostWeights, live_session
from tests.runtime.benches import TrialContext, context
from tests.runtime.test_agreement import assert_agree, single_upsets
from tests.runtime.zoo.floats import ROW
from tests.runtime.zoo.graphs import branch_and_main_graph, branch_only
from tests.runtime.zoo.quantized import I8, U8, int4_conv
from tests.runtime.zoo.registry import integers, model, normal, one

ROWS = {"x": np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32)}


def unread(proto: onnx.ModelProto, feeds: Feeds = ROWS) -> dict[str, str]:
    """Slots of the optimized ``proto`` that cannot be changed in place, and why."""
    optimized = optimize(proto)
    return unread_slots(optimized, optimized.slots, feeds, live_session)


def lookup(operator: str) -> onnx.ModelProto:
    """A tabulated function, between a quantization and a dequantization of its own."""
    body = f"""
        xq = QuantizeLinear (x, xs, xz)
        tq = com.microsoft.{operator} (xq, ls, lz, ts, tz)
        y = DequantizeLinear (tq, ys, yz)
    """
    values = {name: one(0.02) for name in ("xs", "ls", "ts", "ys")}
    return model(
        ROW, "float[N, 6] y", body, values | {n: one(100, U8) for n in ("xz", "lz", "tz", "yz")}
    )


@pytest.mark.parametrize("operator", ["QLinearLeakyRelu <alpha = 0.1>", "QLinearSigmoid"])
def test_a_lookup_table_does_not_read_its_scales_again(operator: str) -> None:
    found = unread(lookup(operator))
    assert found.keys() == {"ls", "lz", "ts", "tz"}
    name = operator.split()[0]
    assert all(f"{name} (input" in why and "does not read" in why for why in found.values())


def chain() -> onnx.ModelProto:
    """Five convolutions with a scale each; a lookup table reads the last one's as well."""
    nodes, values = ["q0 = QuantizeLinear (x, s0, z0)"], {"w": integers(3, 3, 1, 1)}
    for i in range(5):
        args = f"q{i}, s{i}, z{i}, w, ws, wz, s{i + 1}, z{i + 1}"
        nodes.append(f"q{i + 1} = QLinearConv ({args})")
    nodes.append("t = com.microsoft.QLinearSigmoid (q5, s5, z5, ts, tz)")
    nodes.append("y = DequantizeLinear (t, ts, tz)")
    values |= {f"s{i}": one(0.02 + i / 1000) for i in range(6)}
    values |= {f"z{i}": one(120 + i, U8) for i in range(6)}
    values |= {"ws": one(0.01), "wz": one(0, I8), "ts": one(0.004), "tz": one(1, U8)}
    return model("float[N, 3, 4, 4] x", "float[N, 3, 4, 4] y", " ".join(nodes), values)


def test_a_scale_that_a_table_shares_with_convolutions_is_told_apart_from_theirs() -> None:
    images = {"x": np.random.default_rng(2).standard_normal((2, 3, 4, 4)).astype(np.float32)}
    found = unread(chain(), images)
    assert {"s5", "z5", "ts", "tz"} <= found.keys()
    assert not {"s1", "s2", "s3", "s4", "w", "ws"} & found.keys()


@pytest.mark.parametrize("build", [branch_and_main_graph, branch_only])
def test_what_a_sub_graph_reads_is_not_trusted(build: Callable[[], onnx.ModelProto]) -> None:
    assert "sub-graph" in unread(build())["w"]


def test_an_initializer_that_is_an_output_is_not_trusted() -> None:
    proto = model(
        ROW, "float[N, 6] y, float[6] z", "y = Relu (x) z = Identity (w)", {"w": normal(6)}
    )
    assert "output" in next(iter(unread(proto).values()))


def test_element_types_that_onnx_runtime_takes_no_buffers_of() -> None:
    images = {"x": np.zeros((1, 3, 5, 5), np.float32)}
    assert "no int4 buffer" in unread(int4_conv(), images)["w"]


def test_what_never_shows_is_undecided() -> None:
    body = "a = Add (x, b) m = Mul (a, zeros) y = Abs (m)"
    values = {"b": normal(6), "zeros": np.zeros(6, np.float32)}
    found = unread(model(ROW, "float[N, 6] y", body, values))
    assert found.keys() == {"b"}
    assert "may not read" in found["b"]


class Frozen:
    """A session that reads its buffers when it is opened, as a kernel that packs them would."""

    opened = 0

    def __init__(self, optimized: OptimizedModel, buffers: dict[str, Values]) -> None:
        type(self).opened += 1
        self._session = live_session(optimized, {n: b.copy() for n, b in buffers.items()})

    def run(self, feeds: Feeds) -> Result:
        return self._session.run(feeds)


def test_a_session_that_copies_everything_is_found_out() -> None:
    optimized = optimize(context("conv_blocked").model.proto)
    found = unread_slots(optimized, optimized.slots, context("conv_blocked").feeds, Frozen)
    assert found.keys() == optimized.slots.keys()


def test_sessions_are_opened_per_kernel_not_per_tensor() -> None:
    body = " ".join(f"h{i + 1} = MatMul (h{i}, w{i})" for i in range(40))
    values = {f"w{i}": normal(6, 6, seed=i) for i in range(40)}
    proto = model("float[N, 6] h0", "float[N, 6] h40", body, values)
    Frozen.opened = 0
    optimized = optimize(proto)
    unread_slots(optimized, optimized.slots, {"h0": ROWS["x"]}, Frozen)
    assert 1 < Frozen.opened <= 1 + 3 * TENSORS_TRIED


def test_the_sessions_own_buffers_are_golden_afterwards() -> None:
    optimized = optimize(context("gemm").model.proto)
    before = {n: v.tobytes() for n, v in optimized.slots.items()}
    unread_slots(optimized, optimized.slots, context("gemm").feeds, live_session)
    assert {n: v.tobytes() for n, v in optimized.slots.items()} == before


def reopened(name: str, backend: HostWeights) -> TrialContext:
    """A context of its own, so that what a test does to it stays there."""
    on = context(name)
    return replace(on, live=open_live(on.model, on.space, on.feeds, backend=backend))


class Unread(HostWeights):
    """Live weights of which ``w`` is not read at every run."""

    def prove(self, layout: Layout, sample: Feeds, golden: Result) -> Layout:
        return reload_slots(layout, {"w": "it is in a bad mood"})


def test_an_unread_slot_sends_all_its_tensors_through_a_reload() -> None:
    on = reopened("gemm", Unread())
    assert on.live.layout.routes == {"w": Route.RELOAD, "b": Route.IN_PLACE}
    assert on.live.layout.reasons == {"w": "it is in a bad mood"}
    shown = [assert_agree(on, pattern) for pattern in single_upsets(on, 0)]
    assert any(shown)
    assert on.live.reloads == len(shown)


class Shifted(SharedSession):
    """A session whose answers are one too high."""

    def run(self, feeds: Feeds) -> Result:
        found = super().run(feeds)
        assert isinstance(found, Answer)
        return Answer(tuple(np.asarray(o + 1, o.dtype) for o in found.outputs))


def shifted(stripped: onnx.ModelProto, ort_values: SharedInitializers) -> SharedSession:
    inner = open_shared_session(stripped, ort_values)
    return Shifted(inner.session, inner.values)


def test_a_live_session_with_another_golden_answer_is_used_for_nothing() -> None:
    on = reopened("gemm", HostWeights(open_session=shifted))
    assert set(on.live.layout.routes.values()) == {Route.RELOAD}
    assert "golden answer differs" in on.live.layout.reasons["w"]
