"""Optimized graphs that differ in the order of nodes and in generated names are the same graph."""

import random

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.graph.index import all_names
from analyzer.graph.walk import sub_graphs
from analyzer.runtime.layout import layout, prober
from analyzer.runtime.layout.layout import Route, find_layout
from analyzer.runtime.ort.graph_matching import renamed_like
from analyzer.runtime.ort.optimized_graph import OptimizedModel, changed, optimize
from tests.runtime.benches import context
from tests.runtime.zoo import ZOO
from tests.runtime.zoo.registry import model, normal
from tests.strategies import examples


def rename(node: onnx.NodeProto, names: dict[str, str]) -> None:
    for field in (node.input, node.output):
        for position, name in enumerate(field):
            field[position] = names.get(name, name)
    for sub in sub_graphs(node):
        for inner in sub.node:
            rename(inner, names)


def anew(optimized: OptimizedModel, names: dict[str, str], order: list[int]) -> OptimizedModel:
    """The same model as another load may give it: nodes in that order, values of those names."""
    copy = onnx.ModelProto()
    copy.CopyFrom(optimized.proto)
    nodes = [onnx.NodeProto.FromString(n.SerializeToString()) for n in copy.graph.node]
    del copy.graph.node[:]
    for place in order:
        rename(nodes[place], names)
        copy.graph.node.append(nodes[place])
    for tensor in copy.graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    slots = {names.get(name, name): values for name, values in optimized.slots.items()}
    return OptimizedModel(copy, slots)


@pytest.mark.parametrize("name", ZOO)
@examples(5)
@given(seed=st.integers(0, 2**32 - 1))
def test_names_and_order_are_found(name: str, seed: int) -> None:
    golden, file = context(name).live.layout.optimized, context(name).model.proto
    known, rng = all_names(file.graph), random.Random(seed)
    made = sorted(
        {n for node in golden.proto.graph.node for n in (*node.input, *node.output)} - known
    )
    fresh = [f"other_{i}" for i in range(len(made))]
    rng.shuffle(fresh)
    order = list(range(len(golden.proto.graph.node)))
    rng.shuffle(order)
    other = anew(golden, dict(zip(made, fresh, strict=True)), order)
    found = renamed_like(other, golden, known)
    assert found is not None
    assert found.structure == golden.structure
    assert not changed(found, golden)
    assert found.slots.keys() == golden.slots.keys()


ROW = "float[N, 6] x, float[N, 6] z", "float[N, 6] y"
KNOWN = {"x", "z", "y", "w", "v"}


def optimized(body: str) -> OptimizedModel:
    return optimize(model(*ROW, body, {"w": normal(6, 6), "v": normal(6, 6, seed=1)}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = MatMul (x, w) b = MatMul (a, v) y = Add (b, z)",
         "a = MatMul (x, v) b = MatMul (a, w) y = Add (b, z)"),
        ("a = MatMul (x, w) b = MatMul (z, v) y = Sub (a, b)",
         "a = MatMul (x, w) b = MatMul (z, v) y = Sub (b, a)"),
        ("y = Sub (x, z)", "y = Sub (z, x)"),
        ("a = Softmax <axis = 0> (x) y = Add (a, z)", "a = Softmax <axis = 1> (x) y = Add (a, z)"),
        ("a = Sin (x) b = Sin (a) y = Add (b, z)", "a = Sin (x) y = Add (a, z)"),
        ("a = Sin (x) y = Add (a, z)", "a = Cos (x) y = Add (a, z)"),
        ("a = MatMul (x, w) y = Add (a, z)", "a = MatMul (x, z) y = Add (a, z)"),
    ],
    ids=["weights", "operands", "inputs", "attribute", "node", "operator", "stored"],
)  # fmt: skip
def test_other_graphs_are_other_graphs(one: str, other: str) -> None:
    golden = optimized(one)
    assert renamed_like(optimized(one), golden, KNOWN) is not None
    assert renamed_like(optimized(other), golden, KNOWN) is None
    assert renamed_like(golden, optimized(other), KNOWN) is None


def test_tensors_of_the_file_keep_their_names() -> None:
    """Without names that are known, two weights that change places would be the same graph."""
    golden = optimized("a = MatMul (x, w) b = MatMul (a, v) y = Add (b, z)")
    swapped = optimized("a = MatMul (x, v) b = MatMul (a, w) y = Add (b, z)")
    assert renamed_like(swapped, golden, KNOWN - {"w", "v"}) is not None
    assert renamed_like(swapped, golden, KNOWN) is None


def test_a_model_that_is_never_the_same_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    on = context("conv_blocked")
    monkeypatch.setattr(prober, "renamed_like", lambda *_: None)
    found = find_layout(on.model.proto, on.model.inventory.at_risk)
    assert set(found.routes.values()) == {Route.RELOAD}
    assert set(found.reasons.values()) == {layout.UNSTABLE}


def test_values_go_with_their_names() -> None:
    """Two initializers that the optimizer made, of equal shape, under each other's names."""
    golden = context("mobilenet_v3_blocks").live.layout.optimized
    known = all_names(context("mobilenet_v3_blocks").model.proto.graph)
    shapes: dict[tuple[int, ...], list[str]] = {}
    for name in sorted(golden.slots.keys() - known):
        shapes.setdefault(golden.slots[name].shape, []).append(name)
    first, second = next(names[:2] for names in shapes.values() if len(names) > 1)
    order = list(range(len(golden.proto.graph.node)))
    found = renamed_like(anew(golden, {first: second, second: first}, order), golden, known)
    assert found is not None
    assert np.array_equal(found.slots[first], golden.slots[first])
    assert not np.array_equal(found.slots[first], golden.slots[second])
