"""Tensors that ONNX Runtime folds into a convolution: recomputed exactly, or not at all."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.selection import Selection
from analyzer.faults.space import FaultSpace, Indices, Kind
from analyzer.model import load_model
from analyzer.runtime.layout import layout
from analyzer.runtime.layout.fold_candidates import find_chains
from analyzer.runtime.layout.fold_steps import BatchNorm, Factor, Summand
from analyzer.runtime.layout.folds import Chain, Fold, Part
from analyzer.runtime.layout.layout import Layout, Route, find_layout, whole_folds
from analyzer.runtime.layout.restrict import FOLDED_WITH_OTHERS, reload_slots
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from tests.runtime.benches import answer, build_bench, context, inputs_for, opened
from tests.runtime.zoo import ZOO, normalized
from tests.runtime.zoo.registry import model, normal
from tests.strategies import examples
from tests.support import save

FOLDED = [name for name, case in ZOO.items() if Route.RECOMPUTED in case.routes.values()]
FLIP = parse_fault("flip")


def layout_of(proto: onnx.ModelProto, tmp_path: Path) -> Layout:
    found = load_model(save(proto, tmp_path / "m.onnx"))
    return find_layout(found.proto, found.inventory.at_risk)


def one_in_each(space: FaultSpace, rng: np.random.Generator) -> Indices:
    """One bit of each tensor."""
    sizes = np.diff(space.offsets)
    return np.asarray(space.offsets[:-1] + (rng.random(len(sizes)) * sizes).astype(np.int64))


def test_the_zoo_has_folds() -> None:
    assert len(FOLDED) >= 8


@pytest.mark.parametrize("name", FOLDED)
@examples(15)
@given(seed=st.integers(0, 2**32 - 1), upsets=st.integers(1, 40))
def test_many_tensors_of_a_fold_are_hit_at_once(name: str, seed: int, upsets: int) -> None:
    """One upset in each tensor, and more anywhere: every argument of every fold is faulty."""
    on, rng = context(name), np.random.default_rng(seed)
    sites = np.unique([*one_in_each(on.space, rng), *rng.integers(on.space.bits, size=upsets)])
    pattern = FaultPattern(FLIP, np.asarray(sites, np.int64))
    expected = answer(on.oracle, pattern, on.feeds)
    for executor in (on.live, on.cut):
        assert answer(executor, pattern, on.feeds).same_as(expected)
        executor.check_golden()
        assert executor.reloads == 0


CHANNELS = 8
SHAPES_BY_CHANNEL = st.sampled_from([(CHANNELS, 1, 1), (1, CHANNELS, 1, 1)])
STEP = st.sampled_from(["Add", "Mul", "Add", "Mul", "BatchNormalization"])


@st.composite
def chained(draw: st.DrawFn) -> onnx.ModelProto:
    """One or two convolutions with steps behind them; factors may be shared."""
    factors = {f"f{i}": normal(*draw(SHAPES_BY_CHANNEL), seed=i) for i in range(2)}
    values, body, value = dict(factors), "", "x"
    for conv in "ab"[: draw(st.integers(1, 2))]:
        width = draw(st.integers(1, 2))
        values[f"w{conv}"] = normal(CHANNELS, 3 if value == "x" else CHANNELS, width, width)
        bias = {f"b{conv}": normal(CHANNELS)} if draw(st.booleans()) else {}
        values |= bias
        body += f"{conv} = Conv ({', '.join([value, f'w{conv}', *bias])}) "
        value = conv
        for i, step in enumerate(draw(st.lists(STEP, min_size=2, max_size=3))):
            other, after = f"{conv}{i}", f"v{conv}{i}"
            match step:
                case "Mul":
                    factor = draw(st.sampled_from(sorted(factors)))
                    operands = {factor: factors[factor]}
                case "Add":
                    operands = {f"s{other}": normal(*draw(SHAPES_BY_CHANNEL))}
                case _:
                    operands = normalized.norm(CHANNELS, other)
            values |= operands
            body += f"{after} = {step} ({', '.join([value, *operands])}) "
            value = after
    kept = {name: v for name, v in values.items() if name in body}
    output = f"float[N, {CHANNELS}, h, h2] y"
    return model("float[N, 3, 6, 6] x", output, f"{body} y = Identity ({value})", kept)


@examples(40)
@given(proto=chained(), seed=st.integers(0, 2**32 - 1))
def test_any_chain_answers_as_the_oracle(proto: onnx.ModelProto, seed: int) -> None:
    """Shapes, shared factors and orders of steps that nobody listed, under several patterns."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        on = build_bench(save(proto, Path(folder) / "m.onnx"))
    some = (np.unique(rng.integers(on.space.bits, size=n)) for n in (1, 1, 3, 40))
    for sites in (*some, one_in_each(on.space, rng)):
        pattern = FaultPattern(FLIP, np.asarray(sites, np.int64))
        expected = answer(on.oracle, pattern, on.feeds)
        assert answer(on.live, pattern, on.feeds).same_as(expected)
        on.live.check_golden()


@pytest.mark.parametrize("kind", [Kind.WEIGHT, Kind.NORM])
def test_arguments_that_no_fault_hits_keep_their_values(kind: Kind, tmp_path: Path) -> None:
    found = load_model(save(normalized.batch_norm_behind_blocks(), tmp_path / "m.onnx"))
    space = found.space(Selection(kinds=(kind,)))
    feeds = {found.signature.name: inputs_for(found.signature)}
    live, oracle = opened(found, space, feeds), RewriteExecutor(found, space)
    assert Route.RECOMPUTED in live.layout.routes.values()
    for site in range(0, space.bits, max(1, space.bits // 60)):
        pattern = FaultPattern(FLIP, np.array([site], np.int64))
        assert answer(live, pattern, feeds).same_as(answer(oracle, pattern, feeds))


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (["w1"], [1]),
        (["beta"], [1]),
        (["gamma"], [1, 27]),
        (["gamma", "var", "w1"], [1, 27]),
    ],
    ids=["weight", "summand", "factor", "three of one channel"],
)
def test_only_what_a_fault_changes_is_computed(names: list[str], sizes: list[int]) -> None:
    """A weight of a convolution is one element of the fold, a factor scales a whole channel."""
    on = context("batch_norm_behind_blocks")
    starts = dict(zip([t.name for t in on.space.tensors], on.space.offsets.tolist(), strict=False))
    pattern = FaultPattern(FLIP, np.array(sorted(starts[n] for n in names), np.int64))
    change = on.live.weights.change(pattern, *on.space.bits_hit(pattern))
    assert sorted(len(write.positions) for write in change.converted) == sizes


def test_other_arithmetic_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Equal in real numbers, not in bits: such a fold is none, and its tensors are reloaded."""
    monkeypatch.setattr(
        BatchNorm,
        "weight",
        lambda step, before, of: before * of(step.gamma) / step._deviation(of(step.var)),
    )
    found = layout_of(normalized.batch_norm_behind_blocks(), tmp_path)
    assert {found.routes[n] for n in ("w1", "gamma", "var", "beta", "mean")} == {Route.RELOAD}
    assert found.reasons["w1"] == found.reasons["mean"] == layout.FOLDED
    assert found.routes["w2"] is Route.IN_PLACE


def test_a_fold_is_reloaded_as_a_whole() -> None:
    found = context("batch_norm_behind_blocks").live.layout
    (bias,) = (fold.slot for fold in found.folds if fold.part is Part.BIAS)
    rest = reload_slots(found, {bias: "for a reason"})
    assert rest.folds == ()
    assert rest.routes["w1"] is Route.RELOAD  # its own tensor is well, but gamma is not
    assert rest.reasons["beta"] == "for a reason"
    assert rest.reasons["w1"] == FOLDED_WITH_OTHERS
    assert rest.routes["w2"] is Route.IN_PLACE


def test_what_a_reloaded_tensor_is_folded_with_is_reloaded() -> None:
    place = context("conv_blocked").live.layout.places["w1"][0]
    step = BatchNorm("g", "b", "m", "v", 1e-5)
    one, two, other = (
        Chain("w", None, (step,), 8),
        Chain("u", "c", (step,), 8),
        Chain("z", None, (), 8),
    )
    folds = [Fold.of(chain, Part.WEIGHT, place, "w") for chain in (one, two, other)]
    clean, kept = whole_folds({"w", "g", "z", "y"}, folds, {"v"})
    assert (clean, kept) == ({"z", "y"}, folds[2:])
    clean, kept = whole_folds({"w", "g", "u", "z"}, folds, {"v"})
    assert (clean, kept) == ({"w", "g", "u", "z"}, folds)


NET = "float[N, 3, 5, 5] x", "float[N, 8, 3, 3] y"
SHAPES = {"w": (8, 3, 3, 3), "s": (8, 1, 1), "t": (1, 8, 1, 1), "row": (8,), "k": (3, 1, 1)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = Conv (x, w) m = Mul (a, s) y = Add (t, m)", [Factor("s"), Summand("t")]),
        ("a = Conv (x, w) r = Relu (a) y = Mul (r, s)", []),
        ("a = Conv (x, w) m = Mul (a, s) y = Add (m, a)", []),
        ("a = Conv (x, w) y = Mul (a, a)", []),
        ("a = Conv (x, w) y = Mul (a, row)", []),
        ("y = Conv (x, w)", []),
    ],
    ids=["both", "rectifier between", "read twice", "with itself", "other axis", "alone"],
)
def test_chains(body: str, expected: list[object]) -> None:
    proto = model(*NET, body, {n: normal(*shape) for n, shape in SHAPES.items()})
    found = find_chains(proto.graph, SHAPES)
    assert [list(chain.steps) for chain in found] == ([expected] if expected else [])
