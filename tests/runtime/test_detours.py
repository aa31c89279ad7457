"""Patterns that decide which operators run: stretches loaded anew answer like the oracle."""

import gc
import resource
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Failure
from analyzer.errors import NotRestored
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.sampling import draw_pattern, generator
from analyzer.runtime.layout.layout import Route
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import open_live
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import Handles
from analyzer.runtime.partial.golden_cache import Cache
from analyzer.runtime.recompile import precompiled
from analyzer.runtime.recompile import validation as proving
from analyzer.runtime.recompile.live_subgraphs import LiveSubgraphs
from analyzer.runtime.recompile.precompiled import MOST_CASES, PrecompiledSubgraph
from analyzer.runtime.recompile.route import LOADS_FIRST, RecompileRoute
from analyzer.runtime.recompile.subgraphs import RecompiledSubgraphs, ReloadedSubgraph
from tests.runtime.benches import MODELS, TrialContext, answer, build_bench, context, opened
from tests.strategies import SINGLE, examples

FLIP = parse_fault("flip")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
STRETCHES = {
    "digits_resnet_int8": 13,
    "qdq_conv_uint8_int8": 4,
    "qdq_conv_int8_int8": 4,
    "qdq_conv_with_relu_kept": 3,
    "qdq_conv_symmetric": 3,
    "qdq_gemm_per_channel": 3,
    "qdq_conv_packed": 5,
    "qdq_pool_and_concat": 6,
    "qdq_gemm": 4,
    "qlinear_conv": 4,
    "qlinear_lookup_tables": 4,
    "qlinear_matmul_and_gemm": 4,
}
"""Models with recompiled subgraphs, and how many subgraphs they have."""


def route_of(executor: LiveExecutor) -> RecompileRoute:
    """The route of an executor, opened."""
    (route,) = (r for r in executor.routes if isinstance(r, RecompileRoute))
    route.open()
    return route


def recompiled_of(executor: LiveExecutor) -> RecompiledSubgraphs:
    found = route_of(executor).subgraphs
    assert isinstance(found, RecompiledSubgraphs)
    return found


def oracle_of(executor: LiveExecutor) -> RewriteExecutor:
    return route_of(executor)._oracle()


def reloaded(on: TrialContext) -> list[int]:
    """Indices of the tensors that must be loaded anew."""
    routes = on.live.layout.routes
    return [i for i, t in enumerate(on.space.tensors) if routes[t.name] is Route.RELOAD]


def untouched(on: TrialContext) -> int:
    """How often the oracle was asked."""
    return oracle_of(on.live).reloads + oracle_of(on.cut).reloads


@pytest.mark.parametrize("name", STRETCHES)
def test_all_stretches_are_proven(name: str) -> None:
    for executor in (context(name).live, context(name).cut):
        recompiled = recompiled_of(executor)
        assert len(recompiled._reads) == STRETCHES[name]
        assert recompiled.open == set(range(STRETCHES[name]))


@st.composite
def reloading(draw: st.DrawFn, on: TrialContext) -> FaultPattern:
    """Upsets in one to twelve tensors that must be loaded anew, and in others besides."""
    again = draw(st.sets(st.sampled_from(reloaded(on)), min_size=1, max_size=12))
    others = draw(st.sets(st.integers(0, len(on.space.tensors) - 1), max_size=4))
    sites = {
        on.space.site(
            i, draw(st.integers(0, t.elements - 1)), draw(st.integers(0, t.codec.bits - 1))
        )
        for i in again | others
        for t in [on.space.tensors[i]]
    }
    return FaultPattern(draw(SINGLE), np.array(sorted(sites), np.int64))


@pytest.mark.parametrize("name", STRETCHES)
@examples(60)
@given(data=st.data())
def test_patterns_that_decide_give_what_the_oracle_gives(name: str, data: st.DataObject) -> None:
    on = context(name)
    pattern = data.draw(reloading(on))
    expected = answer(on.oracle, pattern, on.feeds)
    for executor in (on.live, on.cut):
        assert answer(executor, pattern, on.feeds).same_as(expected)
        executor.check_golden()
    assert on.live.run(on.feeds).same_as(on.golden)


@pytest.mark.parametrize("kind", ["scale", "zero"])
@pytest.mark.parametrize("name", ["digits_resnet_int8", "qdq_conv_packed"])
def test_every_such_tensor_alone(name: str, kind: str) -> None:
    """Low, middle and high bits: forms that stay, forms that go, and what is in doubt."""
    on = context(name)
    before = untouched(on)
    changed = failed = 0
    for index in reloaded(on):
        site = on.space.tensors[index]
        if not site.kind.value.startswith(kind):
            continue
        for bit in sorted({0, site.codec.bits // 2 + 1, site.codec.bits - 2}):
            pattern = FaultPattern(FLIP, np.array([on.space.site(index, 0, bit)], np.int64))
            expected = answer(on.oracle, pattern, on.feeds)
            for executor in (on.live, on.cut):
                assert answer(executor, pattern, on.feeds).same_as(expected), (site.name, bit)
            changed += not expected.same_as(on.golden)
            failed += isinstance(expected, Failure)
    assert changed > len(on.space.tensors) / 8
    assert untouched(on) == before + 2 * failed


def test_a_dense_pattern_hits_most_stretches() -> None:
    on = context("digits_resnet_int8")
    law = CountLaw(on.space.bits, 3e-4)
    before = untouched(on)
    for i in range(20):
        pattern = draw_pattern(generator("dense", "1", i), law, FLIP)
        expected = answer(on.oracle, pattern, on.feeds)
        assert answer(on.live, pattern, on.feeds).same_as(expected)
        assert answer(on.cut, pattern, on.feeds).same_as(expected)
    assert untouched(on) == before


def test_another_number_of_images_is_no_other_model() -> None:
    on = context("digits_resnet_int8")
    name = on.model.signature.name
    law = CountLaw(on.space.bits, 1e-5)
    for count in (1, 5):
        feeds = {name: np.repeat(on.feeds[name], 3, axis=0)[:count]}
        for i in range(10):
            pattern = draw_pattern(generator("images", str(count), i), law, FLIP)
            expected = answer(on.oracle, pattern, feeds)
            assert answer(on.cut, pattern, feeds).same_as(expected)


@pytest.fixture
def own() -> TrialContext:
    """A context that no other test has."""
    return build_bench(MODELS / "digits_resnet_int8.onnx")


def one_flip(on: TrialContext, name: str, bit: int = 22) -> FaultPattern:
    index = on.space.tensor_index(name)
    return FaultPattern(FLIP, np.array([on.space.site(index, 0, bit)], np.int64))


SCALE = "stem.weight_scale"


def test_a_stretch_that_gives_other_values_is_closed(
    own: TrialContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is loaded anew is empty: no stretch can be right, and the oracle answers."""
    monkeypatch.setattr(ReloadedSubgraph, "run", lambda *_: Failure("sabotaged"))
    monkeypatch.setattr(PrecompiledSubgraph, "run", lambda *_: Failure("sabotaged"))
    assert isinstance(route_of(own.live).subgraphs, NotApplied)
    pattern = one_flip(own, SCALE)
    expected = answer(own.oracle, pattern, own.feeds)
    assert answer(own.live, pattern, own.feeds).same_as(expected)


def test_what_fails_later_is_left_to_the_oracle(
    own: TrialContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recompiled_of(own.live).open
    pattern = one_flip(own, SCALE)
    expected = answer(own.oracle, pattern, own.feeds)
    before = oracle_of(own.live).reloads
    monkeypatch.setattr(RecompiledSubgraphs, "run", lambda *_: Failure("sabotaged"))
    assert answer(own.live, pattern, own.feeds).same_as(expected)
    assert oracle_of(own.live).reloads == before + 1


def test_a_form_that_errs_on_probation_is_given_up(
    own: TrialContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "_try_out", lambda *_: None)
    recompiled = recompiled_of(own.live)
    right = PrecompiledSubgraph.run

    def wrong(subgraph: PrecompiledSubgraph, values: Handles) -> Handles | Failure:
        made = right(subgraph, values)
        assert not isinstance(made, Failure)
        return {name: type(v).ortvalue_from_numpy(v.numpy() ^ 1) for name, v in made.items()}

    monkeypatch.setattr(PrecompiledSubgraph, "run", wrong)
    pattern = one_flip(own, SCALE)
    expected = answer(own.oracle, pattern, own.feeds)
    for _ in range(4):
        assert answer(own.live, pattern, own.feeds).same_as(expected)
    found = [form for v in recompiled._precompiled for form in v._by_case.values()]
    forms = [form for form in found if isinstance(form, PrecompiledSubgraph)]
    assert forms
    assert all(form.wrong for form in forms)
    with own.live.inject(pattern):
        reasons = {why.reason for why in recompiled.loaded_each_time.values()}
    assert "a run differed from that of the subgraph loaded anew" in reasons


@pytest.mark.parametrize(
    ("name", "number", "reason"),
    [
        ("qdq_conv_uint8_int8", 1, "an operator in it may be fused on other conditions"),
        ("qdq_gemm_per_channel", 1, "a tensor that decides fusions is read by live sessions"),
    ],
)
def test_subgraphs_that_are_loaded_each_time_say_why(name: str, number: int, reason: str) -> None:
    found = recompiled_of(context(name).live).loaded_each_time
    assert [*found] == [number]
    assert found[number].reason.startswith(reason)


def test_what_onnx_runtime_objects_to_is_a_reason(
    own: TrialContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("too many bananas")

    recompiled = recompiled_of(own.live)
    for subgraph in recompiled._precompiled:
        subgraph._by_case.clear()
    monkeypatch.setattr(precompiled, "optimize", refuse)
    found = {why.reason for why in recompiled.loaded_each_time.values()}
    assert "ONNX Runtime cannot load it: too many bananas" in found


def test_contents_are_golden_again_and_that_is_checked(own: TrialContext) -> None:
    contents = recompiled_of(own.live).overridable
    with own.live.inject(one_flip(own, SCALE)) as run:
        with pytest.raises(NotRestored):
            own.live.check_golden()
        run(own.feeds)
    own.live.check_golden()
    contents.live[SCALE][0] *= 2
    with pytest.raises(NotRestored, match=SCALE):
        own.live.check_golden()


def test_contents_are_golden_after_the_caller_s_error(own: TrialContext) -> None:
    assert recompiled_of(own.live).open
    with pytest.raises(KeyboardInterrupt), own.live.inject(one_flip(own, SCALE)):
        raise KeyboardInterrupt
    own.live.check_golden()


def test_few_patterns_are_loaded_as_a_whole(own: TrialContext) -> None:
    """To find subgraphs that can be recompiled would take longer."""
    live = open_live(own.model, own.space, own.feeds)
    (route,) = (r for r in live.routes if isinstance(r, RecompileRoute))
    for _ in range(LOADS_FIRST):
        answer(live, one_flip(own, SCALE), own.feeds)
    assert route.subgraphs is None
    assert not route.acceleration.in_force
    answer(live, one_flip(own, SCALE), own.feeds)
    assert isinstance(route.subgraphs, RecompiledSubgraphs)
    assert route.acceleration.in_force


def test_what_is_stored_for_a_reshape_is_loaded_with_it(tmp_path: Path) -> None:
    """Its shape is no number at risk; the stretch around it has no forms."""
    proto = onnx.load(MODELS / "digits_resnet_int8.onnx")
    flatten = next(n for n in proto.graph.node if n.op_type == "Flatten")
    flatten.op_type = "Reshape"
    del flatten.attribute[:]
    flatten.input.append("shape")
    shape = np.array([0, -1], np.int64)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(shape, "shape"))
    onnx.save(proto, tmp_path / "m.onnx")
    on = build_bench(tmp_path / "m.onnx")
    assert recompiled_of(on.live).open
    for i in range(20):
        law = CountLaw(on.space.bits, 3e-5)
        pattern = draw_pattern(generator("reshape", "1", i), law, FLIP)
        expected = answer(on.oracle, pattern, on.feeds)
        assert answer(on.live, pattern, on.feeds).same_as(expected)


def test_sessions_are_bounded_and_forgotten(own: TrialContext) -> None:
    """Thousands of sessions come and go; memory stays what it was."""
    live = opened(own.model, own.space, own.feeds, cache=Cache(1 << 30))
    recompiled = recompiled_of(live)
    law = CountLaw(own.space.bits, 1e-4)

    def trials(first: int, last: int) -> None:
        for i in range(first, last):
            with live.inject(draw_pattern(generator("leak", "1", i), law, FLIP)) as run:
                run(own.feeds)
        gc.collect()

    trials(0, 300)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    trials(300, 1500)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    parts: LiveSubgraphs = recompiled._grid.parts
    assert len(parts._parts) <= 3 * len(parts.stops)
    assert all(len(v._by_case) <= MOST_CASES for v in recompiled._precompiled)
    assert grown < 24 * 1024, f"{grown} KiB"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("path", "stretches"),
    [
        ("cifar10/resnet8_mlperftiny_int8_qdq.onnx", 7),
        ("imagenet/mobilenet_v1_0.25_224_quant_qdq.onnx", 31),
    ],
)
def test_published_models(path: str, stretches: int) -> None:
    if not (SHARED / path).exists():
        pytest.skip(f"{path} is not here")
    on = build_bench(SHARED / path)
    assert len(recompiled_of(on.live).open) == stretches
    for rate in (1e-5, 1e-4):
        law = CountLaw(on.space.bits, rate)
        for i in range(20):
            pattern = draw_pattern(generator("real", str(rate), i), law, FLIP)
            expected = answer(on.oracle, pattern, on.feeds)
            assert answer(on.live, pattern, on.feeds).same_as(expected)


def test_a_trained_network_on_cifar() -> None:
    path = MODELS / "cifar_resnet20_int8.onnx"
    on = build_bench(path)
    assert len(recompiled_of(on.live).open) == 31
    for fault in ("flip", "burst:5", "stuck1"):
        law = CountLaw(on.space.bits, 2e-5)
        for i in range(8):
            pattern = draw_pattern(generator(fault, path.stem, i), law, parse_fault(fault))
            expected = answer(on.oracle, pattern, on.feeds)
            assert answer(on.cut, pattern, on.feeds).same_as(expected)
            assert answer(on.live, pattern, on.feeds).same_as(expected)
