"""Where elements stand after optimization: against the layout that ONNX Runtime documents."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.faults.elements import Values
from analyzer.graph.index import all_names
from analyzer.model import AtRisk
from analyzer.model.inventory import take_inventory
from analyzer.runtime.layout import layout, prober
from analyzer.runtime.layout import probe_session as injected
from analyzer.runtime.layout.decode import Place
from analyzer.runtime.layout.layout import Layout, Route, find_layout
from analyzer.runtime.layout.probe_session import ProbeOptimizer
from analyzer.runtime.layout.prober import Prober
from analyzer.runtime.ort.graph_matching import renamed_like
from analyzer.runtime.ort.optimized_graph import changed, optimize
from tests.runtime.benches import context
from tests.runtime.zoo import ZOO
from tests.runtime.zoo.registry import model, normal, one


def places(name: str, tensor: str) -> tuple[Place, ...]:
    return context(name).live.layout.places[tensor]


def slot(name: str, place: Place) -> Values:
    return context(name).live.layout.optimized.slots[place.slot]


def positions(name: str, tensor: str) -> tuple[npt.NDArray[np.int64], int]:
    """Positions of a tensor that went to one place, and how many elements that place has."""
    (place,) = places(name, tensor)
    if place.positions is None:
        pytest.skip("ONNX Runtime uses no blocked layout on this processor")
    return place.positions.table, slot(name, place).size


def padded(count: int, block: int) -> int:
    return -(-count // block) * block


def blocked(shape: tuple[int, ...], block: int, both: bool) -> tuple[npt.NDArray[np.int64], int]:
    """Positions of OIHW weights in blocks of output (and input) channels, and the padded size.

    MLAS keeps ``OIHWio`` (both) or ``OIHWo``: the filters of one block side by side, for each
    pixel and input channel.
    """
    out, into, height, width = shape
    rows, columns = padded(out, block), padded(into, block) if both else into
    whole = np.arange(rows * columns * height * width)
    inner = block if both else 1
    stored = whole.reshape(rows // block, columns // inner, height, width, inner, block)
    by_filter = stored.transpose(0, 5, 1, 4, 2, 3).reshape(rows, columns, height, width)
    return by_filter[:out, :into].reshape(-1), whole.size


@pytest.mark.parametrize(
    ("name", "tensor", "both"),
    [
        ("conv_blocked", "w1", False),
        ("conv_padded_blocks", "w1", False),
        ("conv_padded_blocks", "w2", True),
        ("conv_depthwise", "dw", False),
        ("conv_residual", "w2", True),
        ("float16_conv", "w", False),
    ],
)
def test_filters_stand_in_blocks(name: str, tensor: str, both: bool) -> None:
    found, size = positions(name, tensor)
    shape = next(t.shape for t in context(name).space.tensors if t.name == tensor)
    candidates = [blocked(shape, block, both) for block in (4, 8, 16, 32)]
    assert any(s == size and np.array_equal(found, p) for p, s in candidates)


@pytest.mark.parametrize(("name", "tensor"), [("conv_padded_blocks", t) for t in ("w1", "w2")])
def test_what_fills_the_blocks_up_is_zero_and_nobody_s(name: str, tensor: str) -> None:
    found, size = positions(name, tensor)
    (place,) = places(name, tensor)
    filling = np.delete(slot(name, place).reshape(-1), found)
    assert size > len(found) == len(set(found.tolist()))
    assert len(filling) == size - len(found)
    assert not filling.any()


def test_a_bias_keeps_its_order_in_a_longer_tensor() -> None:
    (place,) = places("conv_padded_blocks", "b1")
    assert place.positions is None
    assert slot("conv_padded_blocks", place)[:20].tolist() == normal(20).tolist()


@pytest.mark.parametrize("name", ZOO)
def test_golden_values_stand_where_they_are_said_to(name: str) -> None:
    on = context(name)
    values = on.model.values()
    for tensor, found in on.live.layout.places.items():
        for place in found:
            moved = place.conversion(values[tensor].reshape(-1))
            stored = slot(name, place).reshape(-1)
            table = np.arange(len(moved)) if place.positions is None else place.positions.table
            assert stored[table[table >= 0]].tobytes() == moved[table >= 0].tobytes()


def test_a_tied_weight_has_a_place_in_each_tensor_made_of_it() -> None:
    plain, turned = sorted(
        places("tied_and_transposed", "w"), key=lambda p: p.positions is not None
    )
    assert plain.positions is None
    assert turned.positions is not None
    assert turned.positions.table.tolist() == np.arange(36).reshape(6, 6).T.reshape(-1).tolist()
    assert plain.slot != turned.slot


def test_a_tied_weight_read_alike_has_one_place() -> None:
    assert len(places("tied", "w")) == len(places("tied_convolutions", "w")) == 1


def test_a_repeated_weight_has_a_place_for_each_copy() -> None:
    found = places("repeated", "w")
    tables = [np.arange(6) if p.positions is None else p.positions.table for p in found]
    assert sorted(t.tolist() for t in tables) == np.arange(24).reshape(4, 6).tolist()


def test_dropped_rows_are_absent() -> None:
    (place,) = places("sliced", "w")
    assert place.positions is not None
    assert place.positions.table.tolist() == [-1] * 4 + list(range(24)) + [-1] * 8


@pytest.mark.parametrize(
    ("name", "tensor", "source", "target"),
    [
        ("float16_gemm", "w", "float16", "float32"),
        ("bfloat16_weights", "w", "bfloat16", "float32"),
        ("gemm_float64", "w", "float64", "float64"),
        ("qdq_conv_uint8_int8", "w", "int8", "int8"),
    ],
)
def test_conversions(name: str, tensor: str, source: str, target: str) -> None:
    found = {(p.conversion.source.name, p.conversion.target.name) for p in places(name, tensor)}
    assert found == {(source, target)}


def test_a_shift_from_int8_to_uint8_is_found() -> None:
    """The kernel that reads them cannot be live, which is not the layout's affair."""
    model = context("int8_weights_only").model
    (place,) = layout.find_layout(model.proto, model.inventory.at_risk).places["w"]
    assert (place.conversion.source.name, place.conversion.target.name) == ("int8", "uint8")


@pytest.mark.parametrize(
    ("name", "tensor", "reason"),
    [
        ("negated", "w", layout.FOLDED),
        ("frozen_norm_of_constants", "w", layout.FOLDED),
        ("compared", "w", layout.FOLDED),
        ("ranked", "w", layout.FOLDED),
        ("branch_decided_when_loading", "u", layout.DECIDES),
        ("qdq_conv_uint8_int8", "ws", layout.DECIDES),
        ("qdq_conv_uint8_int8", "rz", layout.SINGLE),
        ("conv_clip", "high", layout.SINGLE),
        ("branch_and_main_graph", "w", "sub-graph"),
        ("output_too", "w", "output"),
        ("int4_conv", "w", "no int4 buffer"),
    ],
)
def test_reasons(name: str, tensor: str, reason: str) -> None:
    found = context(name).live.layout
    assert found.routes[tensor] is Route.RELOAD
    assert reason in found.reasons[tensor]


def many(count: int) -> list[AtRisk]:
    (tensor,) = (t for t in context("gemm").model.inventory.at_risk if t.name == "w")
    return [AtRisk(f"t{i}", tensor.kind, tensor.element, tensor.values) for i in range(count)]


class Culprits:
    """A test of groups that fails for those that hold a culprit, and counts its calls."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.calls = 0

    def __call__(self, group: Sequence[AtRisk]) -> bool:
        self.calls += 1
        return not self.names & {t.name for t in group}


def passing(culprits: Culprits, tensors: list[AtRisk]) -> set[str]:
    found = Prober(context("gemm").model.proto, tensors).passing(tensors, culprits)
    return {t.name for t in found}


def test_tensors_without_a_culprit_among_them_cost_one_probe() -> None:
    nobody = Culprits()
    assert len(passing(nobody, many(1000))) == 1000
    assert nobody.calls == 1


def test_culprits_are_found_by_halving() -> None:
    culprits = Culprits("t3", "t12")
    assert passing(culprits, many(16)) == {f"t{i}" for i in range(16)} - {"t3", "t12"}


def test_the_search_for_culprits_ends_and_gives_up_safely() -> None:
    culprits = Culprits(*(f"t{i}" for i in range(0, 1000, 7)))
    found = passing(culprits, many(1000))
    assert culprits.calls <= 1 + prober.PROBE_BUDGET
    assert not found & culprits.names


def layout_of(name: str) -> Layout:
    on = context(name)
    return find_layout(on.model.proto, on.model.inventory.at_risk)


def test_without_a_budget_undecided_tensors_are_loaded_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``w`` stands in a place of its own, and is compared, too: it is searched for by halving."""
    body = "k = Greater (w, t) s = Where (k, x, w) y = MatMul (s, v)"
    values = {"w": normal(6), "t": one(0.0), "v": normal(6, 4)}
    proto = model("float[N, 6] x", "float[N, 4] y", body, values)
    tensors = [t for t in take_inventory(proto).at_risk if t.values.size > 1]
    expected = {"w": Route.RELOAD, "v": Route.IN_PLACE}
    assert find_layout(proto, tensors).routes == expected
    monkeypatch.setattr(prober, "PROBE_BUDGET", 0)
    assert set(find_layout(proto, tensors).routes.values()) == {Route.RELOAD}


def test_tensors_that_are_folded_do_not_hide_those_that_are_moved() -> None:
    """A network computed from constants beside another one: more culprits than probes find."""
    folded = {"k": normal(1, 6), **{f"c{i}": normal(6, 6, seed=i) for i in range(60)}}
    moved = {f"w{i}": normal(6, 6, seed=i) for i in range(60)}
    lines = ["z0 = Identity (x)"]
    for i in range(60):
        lines.append(
            f"e{i} = MatMul (k, c{i}) m{i} = MatMul (z{i}, w{i}) z{i + 1} = Add (m{i}, e{i})"
        )
    body = " ".join([*lines, "y = Identity (z60)"])
    proto = model("float[N, 6] x", "float[N, 6] y", body, {**folded, **moved})
    routes = find_layout(proto, take_inventory(proto).at_risk).routes
    assert {routes[name] for name in moved} == {Route.IN_PLACE}
    assert {routes[name] for name in folded} == {Route.RELOAD}


def test_contents_that_onnx_runtime_refuses_are_contents_that_decide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on = context("gemm")
    probes = Prober(on.model.proto, on.model.inventory.at_risk)

    def refuse(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(injected, "optimize", refuse)
    assert probes.with_noise(on.model.inventory.at_risk) is None
    assert not probes.keeps_structure(on.model.inventory.at_risk)


@pytest.mark.parametrize("name", ZOO)
def test_handing_the_weights_over_is_loading_the_file(name: str) -> None:
    on = context(name)
    file, tensors = optimize(on.model.proto), on.model.inventory.at_risk
    handed = ProbeOptimizer(on.model.proto, tensors).optimized({})
    named = renamed_like(handed, file, all_names(on.model.proto.graph))
    assert named is not None
    assert not changed(named, file)


@pytest.mark.parametrize("contents", ["with_noise", "with_nan"])
def test_contents_that_change_the_graph_are_noticed(contents: str) -> None:
    on = context("conv_clip")
    probes = Prober(on.model.proto, on.model.inventory.at_risk)
    bounds = [t for t in probes.tensors if t.values.size == 1]
    others = [t for t in probes.tensors if t.values.size > 1]
    assert getattr(probes, contents)(bounds) is None
    assert getattr(probes, contents)(others) is not None


def test_probing_leaves_the_model_alone() -> None:
    on = context("conv_blocked")
    before = on.model.proto.SerializeToString()
    find_layout(on.model.proto, on.model.inventory.at_risk)
    assert on.model.proto.SerializeToString() == before


def test_a_tensor_that_is_not_exposed_stays_out(tmp_path: object) -> None:
    on = context("conv_blocked")
    chosen = [t for t in on.model.inventory.at_risk if t.name in {"w1", "fc_b"}]
    assert find_layout(on.model.proto, chosen).routes == {
        "w1": Route.IN_PLACE,
        "fc_b": Route.IN_PLACE,
    }
