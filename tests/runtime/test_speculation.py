"""Runs without bounds, and the proof that none acts; that answers agree with the oracle's wherever
the graph is cut is shown in `test_agreement`, here with the whole graph as one piece."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Answer, Failure, Feeds
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import open_live
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.optimized_graph import optimize
from analyzer.runtime.ort.session import Handles, new_session, run_session, session_options
from analyzer.runtime.partial.host_values import HostValues
from analyzer.runtime.speculative_bounds.bounds import find_bounds
from analyzer.runtime.speculative_bounds.nchwc_layout import drop_reorders, is_reorder
from analyzer.runtime.speculative_bounds.strategy import (
    LEAST_BOUNDS_GAIN,
    SpeculativeStretches,
    bounds_that_cost,
    piece_count,
    stations_for,
)
from analyzer.runtime.speculative_bounds.two_forms import (
    AGAIN,
    GUARD,
    FastForm,
    OpenPart,
    TwoFormPiece,
)
from analyzer.runtime.speculative_bounds.zeros_and_nans import nan_shows, sign_of_zero_is_lost
from analyzer.runtime.stretches.cuts import Cut
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.profile import FORBIDDEN_SIZE, Profile
from analyzer.runtime.stretches.sessions import Made, SessionPart, handles_of, session_part
from analyzer.runtime.stretches.strategy import LiveModel, Offer, Use
from tests.runtime.benches import TrialContext, answer, build_bench, context, partial_runs
from tests.runtime.zoo import ZOO
from tests.runtime.zoo.clipped import ZERO, clips
from tests.runtime.zoo.floats import ROW
from tests.runtime.zoo.graphs import ROW_OUT
from tests.runtime.zoo.registry import model, normal
from tests.strategies import examples, patterns
from tests.support import parse_model, save

CLIPPED = ["clipped_blocked", "clipped_pooled", "clipped_rows"]
FLIP = parse_fault("flip")


class OnePiece:
    """A strategy that always runs the whole graph, first without any of its bounds."""

    name = "one_piece"

    def __init__(self, open_part: OpenPart = session_part) -> None:
        self._open_part = open_part

    def offer(self, model: LiveModel, profile: Callable[[], Profile], _: Use) -> Offer | NotApplied:
        bounds = find_bounds(model.stripped.graph)

        def opened(cuts: Sequence[Cut], sample: Arrays) -> SpeculativeStretches | NotApplied:
            found = SpeculativeStretches(model, bounds, cuts[:1], sample, self._open_part)
            return found.refusal or found

        return Offer(profile().seconds, opened)


def in_one_piece(
    on: TrialContext, feeds: Feeds | None = None, open_part: OpenPart = session_part
) -> LiveExecutor:
    """An executor whose runs are of one piece, in one of its two forms."""
    strategies = [OnePiece(open_part)]
    use = Use.EVERYWHERE
    return open_live(on.model, on.space, feeds or on.feeds, strategies=strategies, use=use)


class Altered:
    """A stretch whose results pass through a function."""

    def __init__(self, part: SessionPart, alter: Callable[[Made], Made]) -> None:
        self.inputs, self.outputs, self.session = part.inputs, part.outputs, part.session
        self._part, self._alter = part, alter

    def run(self, values: Arrays) -> Made | Failure:
        found = self._part.run(values)
        return found if isinstance(found, Failure) else self._alter(found)

    def run_handles(self, values: Handles) -> Handles | Failure:
        found = self.run({name: value.numpy() for name, value in values.items()})
        return found if isinstance(found, Failure) else handles_of(found)


def altering(alter: Callable[[Made], Made]) -> OpenPart:
    """Opens stretches whose results are altered."""
    return cast(OpenPart, lambda *given, **more: Altered(session_part(*given, **more), alter))


@cache
def executor(name: str) -> LiveExecutor:
    """The same for a model of the zoo, once."""
    return in_one_piece(context(name))


def only_piece(live: LiveExecutor) -> TwoFormPiece:
    values = partial_runs(live).values
    assert isinstance(values, HostValues)
    stretches = values._stretches
    assert isinstance(stretches, SpeculativeStretches)
    (piece,) = stretches.pieces
    return piece


@pytest.mark.parametrize("name", CLIPPED)
@examples(60)
@given(data=st.data())
def test_any_pattern(name: str, data: st.DataObject) -> None:
    on, live = context(name), executor(name)
    pattern = data.draw(patterns(on.space))
    piece = only_piece(live)
    piece.success = 1.0
    assert answer(live, pattern, on.feeds).same_as(answer(on.oracle, pattern, on.feeds))
    live.check_golden()


def upsets(on: TrialContext) -> Iterator[FaultPattern]:
    """Flips of a sign, of high and low bits of the exponent and the mantissa, in every tensor."""
    for index, tensor in enumerate(on.space.tensors):
        for bit in (31, 30, 24, 23, 22, 3):
            for element in (0, tensor.elements - 1):
                yield FaultPattern(FLIP, np.array([on.space.site(index, element, bit)]))


@pytest.mark.parametrize("name", CLIPPED)
def test_some_upsets_make_a_bound_act_and_some_do_not(name: str) -> None:
    """Otherwise agreement would be about one of the two forms alone."""
    on, live = context(name), executor(name)
    piece, acted, shown = only_piece(live), 0, 0
    for pattern in upsets(on):
        piece.success = 1.0
        found = answer(live, pattern, on.feeds)
        assert found.same_as(answer(on.oracle, pattern, on.feeds))
        acted += piece.success < 1
        shown += piece.success == 1 and not found.same_as(on.golden)
    assert acted >= 3
    assert shown >= 3


def made_nan(on: TrialContext, name: str) -> FaultPattern:
    """A pattern that makes a NaN of a weight of tensor ``name``."""
    index = [t.name for t in on.space.tensors].index(name)
    values = on.model.values()[name].reshape(-1)
    exponent = 0x7F800000 & ~values.view(np.uint32)
    element = int(np.argmin([int(e).bit_count() for e in exponent]))
    bits = [b for b in range(23, 31) if int(exponent[element]) >> b & 1]
    return FaultPattern(FLIP, np.array([on.space.site(index, element, b) for b in bits]))


@pytest.mark.parametrize(("name", "tensor"), [(n, t) for n in CLIPPED for t in ("w0", "w1")])
def test_a_nan_is_seen(name: str, tensor: str) -> None:
    """The exact graph has 0 in its place. Fails without `sums`, or the look at the results."""
    on, live = context(name), executor(name)
    pattern, piece = made_nan(on, tensor), only_piece(live)
    piece.success = 1.0
    found = answer(live, pattern, on.feeds)
    assert piece.success < 1
    assert found.same_as(answer(on.oracle, pattern, on.feeds))


def sums(name: str) -> int:
    fast = only_piece(executor(name)).fast
    assert isinstance(fast, FastForm)
    return fast.owners.count(None)


def test_where_a_nan_can_hide_it_is_looked_for() -> None:
    """Besides the output, which is always added up."""
    assert sums("clipped_pooled") == 1 + 2
    assert sums("clipped_blocked") == 1


def test_a_form_in_which_a_nan_does_not_show_is_not_used() -> None:
    """Fails without `_shows`: what is known about kernels is tried on the graph itself."""

    def without_nan(made: Made) -> Made:
        return {name: np.nan_to_num(value) for name, value in made.items()}

    live = in_one_piece(context("clipped_pooled"), open_part=altering(without_nan))
    assert state_of(live) == "a NaN behind a bound does not show in its guard"


def test_a_form_that_answers_otherwise_is_not_used() -> None:
    """Fails without the comparison in `_distrust`."""

    def off(made: Made) -> Made:
        return {**made, "y": made["y"] + 1} if GUARD in made else made

    live = in_one_piece(context("clipped_rows"), open_part=altering(off))
    assert state_of(live) == "without its bounds it gives other bits"


def refuse(*given: object, **more: object) -> SessionPart:
    """Opens exact forms alone."""
    if "in_order" in more:
        raise RuntimeError("no")
    return session_part(*given, **more)  # type: ignore[arg-type]  # passed on


def test_a_guard_that_onnx_runtime_objects_to_is_a_reason() -> None:
    live = in_one_piece(context("clipped_rows"), open_part=refuse)
    assert state_of(live) == "ONNX Runtime has no guard for it: no"


def state_of(live: LiveExecutor) -> str:
    """Why `OnePiece` is not in force."""
    (found,) = (a for a in live.accelerations if a.name == "one_piece")
    assert not found.in_force
    return found.reason


def bounds_left_out(live: LiveExecutor) -> set[str]:
    fast = only_piece(live).fast
    assert isinstance(fast, FastForm)
    return {owner.value for owner in fast.owners if owner is not None}


def test_bounds_that_act_on_the_sample_may_be_left_out_nevertheless() -> None:
    """Fails without `softer`: whether the forms are equal shows on smaller values."""
    on = context("clipped_rows")
    loud = {name: 3 * values for name, values in on.feeds.items()}
    assert bounds_left_out(in_one_piece(on, loud)) == {"ca", "cb"}


def test_a_bound_that_always_acts_stays(tmp_path: Path) -> None:
    """Fails without `acting`: nothing would ever be proven."""
    body = f"""
        a = MatMul (x, w0) b = Add (a, far) {clips("b", "cb", "t")}
        d = MatMul (x, w1) {clips("d", "cd", "t")}
        s = Add (cb, cd) y = MatMul (s, w2)
    """
    values = {f"w{i}": normal(6, 6, seed=i) for i in range(3)}
    values |= {"far": np.full(6, 100, np.float32), "t": np.array(9, np.float32)} | ZERO
    on = build_bench(save(model(ROW, ROW_OUT, body, values), tmp_path / "m.onnx"))
    assert bounds_left_out(in_one_piece(on)) == {"cd"}


# Which bounds, and which pieces


def test_a_bounded_output_keeps_its_bound() -> None:
    """`Where` turns -0 into +0, which would show."""
    assert find_bounds(ZOO["clipped_output"].build().graph) == []
    assert len(find_bounds(ZOO["clipped_rows"].build().graph)) == 2


PLAIN = """
    <ir_version: 8, opset_import: ["" : 17]> net (float[N, 6] x) => (float[N, 6] y) {{
        in = LessOrEqual (r, t) c = Where (in, r, z) {rest}
    }}
"""


@pytest.mark.parametrize(
    ("rest", "lost"),
    [
        ("y = MatMul (c, w)", True),
        ("m = MatMul (c, w) d = Relu (c) y = Add (m, d)", False),
        ("d = Relu (c) y = MatMul (d, w)", True),
        ("d = Reciprocal (c) y = MatMul (d, w)", False),
        ("y = Relu (c)", False),
    ],
)
def test_ways_on_which_the_sign_of_zero_is_lost(rest: str, lost: bool) -> None:
    graph = parse_model(PLAIN.format(rest=rest)).graph
    assert sign_of_zero_is_lost(graph, "c") == lost


def convolution(size: int, kernel: int, stride: int, begin: int, end: int) -> onnx.ModelProto:
    attributes = f"kernel_shape = [{kernel}], strides = [{stride}], pads = [{begin}, {end}]"
    text = f"""<ir_version: 8, opset_import: ["" : 17]>
        net (float[1, 1, {size}] x, float[1, 1, {kernel}] w) => (float[1, 1, M] y) {{
            y = Conv <{attributes}> (x, w) }}"""
    return parse_model(text)


@examples(60)
@given(
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    begin=st.integers(0, 1),
    end=st.integers(0, 2),
    size=st.integers(4, 7),
)
def test_what_a_convolution_is_said_to_see_it_sees(
    kernel: int, stride: int, begin: int, end: int, size: int
) -> None:
    proto = convolution(size, kernel, stride, begin, end)
    if not nan_shows(proto.graph.node, "x", ["y"]):
        return
    session = new_session(proto, session_options())
    for place in range(size):
        x = np.zeros((1, 1, size), np.float32)
        x[..., place] = np.nan
        found = run_session(session, {"x": x, "w": np.ones((1, 1, kernel), np.float32)})
        assert isinstance(found, Answer)
        assert np.isnan(found.outputs[0]).any()


def test_a_convolution_that_skips_elements_hides_a_nan() -> None:
    assert not nan_shows(convolution(6, 1, 2, 0, 0).graph.node, "x", ["y"])
    assert not nan_shows(convolution(6, 2, 2, 0, 0).graph.node, "x", ["y"])
    assert nan_shows(convolution(6, 3, 2, 1, 1).graph.node, "x", ["y"])


def test_bounds_stay_where_the_proof_costs_as_much() -> None:
    graph = ZOO["clipped_rows"].build().graph
    bounds, count = find_bounds(graph), len(graph.node)
    size = np.zeros(count, np.int64)
    slow = Profile(np.full(count, 1e-3), size)
    assert bounds_that_cost(bounds, slow) == bounds
    assert bounds_that_cost(bounds, Profile(np.full(count, 1e-6), size)) == []
    few = slow.seconds.copy()
    few[[i for b in bounds for i, nodes in b.nodes.items() if not nodes]] = LEAST_BOUNDS_GAIN * 1e-4
    assert bounds_that_cost(bounds, Profile(few, size)) == []


def test_longer_runs_have_more_pieces() -> None:
    counts = [piece_count(seconds) for seconds in (1e-6, 1e-4, 1e-2, 1.0)]
    assert counts == sorted(counts)
    assert counts[0] == 1


def test_pieces_meet_where_little_passes_and_never_where_a_bound_hides_a_value() -> None:
    seconds = np.linspace(10e-3, 1e-3, 10)
    sizes = np.array([0, 50, 10, FORBIDDEN_SIZE, FORBIDDEN_SIZE, 5, 9, FORBIDDEN_SIZE, 30, 40])
    found = stations_for(seconds, sizes)
    assert found[0] == 0
    assert {2, 5} <= set(found)
    assert not {3, 4, 7} & set(found)


class Scripted:
    """A part that answers as told."""

    def __init__(self, *maxima: float) -> None:
        self.runs = 0
        self._maxima = maxima

    def run_handles(self, _: object) -> Handles:
        maximum = self._maxima[min(self.runs, len(self._maxima) - 1)]
        self.runs += 1
        return handles_of({GUARD: np.array([[maximum]], np.float32)})


def test_a_piece_whose_bounds_act_often_is_tried_now_and_then() -> None:
    """Fails without `_promising`: every run would be two."""
    exact, fast = Scripted(0.0), Scripted(*[9.0] * (AGAIN + 4), 1.0)
    form = FastForm(fast, (None,), np.array([[-np.inf], [5.0]]))  # type: ignore[arg-type]
    piece = TwoFormPiece(exact, form)  # type: ignore[arg-type]
    for _ in range(20 * AGAIN):
        piece.run({})
    tries = fast.runs
    assert tries < 8 * AGAIN
    for _ in range(20 * AGAIN * AGAIN):
        piece.run({})
    assert piece.success > 0.9  # bounds act no more, and that was noticed
    runs = exact.runs
    piece.run({})
    assert exact.runs == runs


# Blocked tensors


def test_element_wise_nodes_stay_in_the_blocked_layout() -> None:
    graph = optimize(ZOO["clipped_pooled"].build()).proto
    before = [n for n in graph.graph.node if is_reorder(n, "ReorderInput")]
    kept = drop_reorders(graph)
    after = [n for n in kept.graph.node if is_reorder(n, "ReorderInput")]
    assert len(before) > len(after)
    assert drop_reorders(kept) is kept


def test_padded_blocks_are_left_alone() -> None:
    """Padding would be computed on. Fails without `leaves`."""
    text = """<ir_version: 8, opset_import: ["" : 17]>
        net (float[1, 3, 6, 6] x) => (float[1, 4, 6, 6] y) {
            a = Conv <pads = [1, 1, 1, 1]> (x, w0) in = LessOrEqual (a, t) c = Where (in, a, z)
            y = Conv (c, w1) }"""
    rng = np.random.default_rng(0)
    proto = parse_model(text)
    values = {
        "w0": rng.standard_normal((20, 3, 3, 3)).astype(np.float32),
        "w1": rng.standard_normal((4, 20, 1, 1)).astype(np.float32),
        "t": np.array(3, np.float32),
        "z": np.array(0, np.float32),
    }
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(v, name) for name, v in values.items()
    )
    optimized = optimize(proto).proto
    assert any(is_reorder(n, "ReorderOutput") for n in optimized.graph.node)
    assert drop_reorders(optimized) is optimized
