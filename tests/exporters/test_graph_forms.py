"""Tidying and naming of what torch's exporter writes, on ONNX text."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from exporters.torch.naming import SCOPES, rename
from exporters.torch.simplify import tidy
from tests.support import parse_model, with_initializers

POOLED = """
<ir_version: 10, opset_import: ["" : 20]>
g (float[N, 3, 4, 5] image) => (float[N, 3] logits)
<float[N, 3, 1, 1] mean> {
    mean = ReduceMean <keepdims = 1> (image, axes)
    logits = Reshape (mean, shape)
}
"""


def pooled(axes: list[int], text: str = POOLED) -> onnx.ModelProto:
    values: dict[str, npt.NDArray[Any]] = {
        "unread": np.ones(3, np.float32),
        "shape": np.array([-1, 3], np.int64),
        "axes": np.array(axes, np.int64),
    }
    return with_initializers(parse_model(text), values)


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def constants(model: onnx.ModelProto) -> list[str]:
    return [tensor.name for tensor in model.graph.initializer]


def answer(model: onnx.ModelProto) -> npt.NDArray[Any]:
    image = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    onnx.checker.check_model(model, full_check=True)
    return np.asarray(ReferenceEvaluator(model).run(None, {"image": image})[0])  # type: ignore[index]


@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [3, -2]])
def test_mean_and_reshape_become_plain_operators(axes: list[int]) -> None:
    model = pooled(axes)
    before = answer(model)
    assert tidy(model) == 2
    assert operators(model) == ["GlobalAveragePool", "Flatten"]
    assert constants(model) == []
    assert np.allclose(answer(model), before, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("axes", "change"),
    [
        ([1, 2], ("", "")),
        ([3], ("", "")),
        ([2, 3], ("keepdims = 1", "keepdims = 0")),
        ([2, 3], ("float[N, 3, 4, 5]", "float[N, 3, 4, 5, 6]")),
    ],
)
def test_other_means_stay(axes: list[int], change: tuple[str, str]) -> None:
    model = pooled(axes, POOLED.replace(*change))
    tidy(model)
    assert operators(model)[0] == "ReduceMean"
    assert "axes" in constants(model)


@pytest.mark.parametrize(
    "change",
    [
        ("[N, 3", "[?, 3"),
        ("float[N, 3] logits", "float[M, 3] logits"),
        ("float[N, 3] logits", "float[N, K] logits"),
        ("float[N, 3] logits", "float[N, 1, 3] logits"),
        ("float[N, 3, 1, 1] mean", "float[N, 3, R, 1] mean"),
        ("float[N, 3, 1, 1] mean", "float[2, 3, 1, 1] mean"),
    ],
)
def test_other_reshapes_stay(change: tuple[str, str]) -> None:
    model = pooled([2, 3], POOLED.replace(*change))
    tidy(model)
    assert operators(model) == ["GlobalAveragePool", "Reshape"]
    assert constants(model) == ["shape"]


EXPORTED = """
<ir_version: 10, opset_import: ["" : 20]>
g (float[N, 3, 8, 8] image) => (float[N, 4, 8, 8] logits)
<float[4, 3, 1, 1] "stem.weight", float[4] val_1, float[4, 4, 1, 1] "b.conv.weight",
 float[1] val_9> {
    getitem = Conv (image, "stem.weight", val_1)
    relu = Relu (getitem)
    conv = Conv (relu, "b.conv.weight")
    relu_1 = Relu (conv)
    add_7 = Add (relu_1, relu)
    logits = Mul (add_7, val_9)
}
"""

NOTED = {
    "getitem": ["", "bn", "batch_norm"],
    "relu": ["", "act", "relu"],
    "conv": ["", "b", "b.conv", "conv2d"],
    "relu_1": ["", "b", "b.act", "relu_1"],
    "add_7": ["", "b", "add_7"],
}
"""Result of a node -> the scopes that torch's exporter notes; of the last node it notes nothing."""


def exported() -> onnx.ModelProto:
    model = parse_model(EXPORTED)
    shapes = {"stem.weight": (4, 3, 1, 1), "val_1": (4,), "b.conv.weight": (4, 4, 1, 1)}
    rng = np.random.default_rng(0)
    del model.graph.value_info[:], model.graph.initializer[:]
    values = {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}
    with_initializers(model, {**values, "val_9": np.ones(1, np.float32)})
    for node in model.graph.node:
        if scopes := NOTED.get(node.output[0]):
            node.metadata_props.add(key=SCOPES, value=repr(scopes))
    return model


def test_nodes_and_constants_are_named_after_torch() -> None:
    model = exported()
    image = {"image": np.random.default_rng(1).standard_normal((2, 3, 8, 8)).astype(np.float32)}
    before = ReferenceEvaluator(model).run(None, image)
    rename(model.graph, {"bn", "act", "b.conv", "b.act"}, {"stem.weight", "b.conv.weight"})
    assert [node.name for node in model.graph.node] == [
        *("stem", "act", "b.conv", "b.act", "b.add"),
        "mul",
    ]
    assert constants(model) == ["stem.weight", "stem.bias", "b.conv.weight", "mul.constant1"]
    assert [node.output[0] for node in model.graph.node][-2:] == ["b.add", "logits"]
    onnx.checker.check_model(model, full_check=True)
    after = ReferenceEvaluator(model).run(None, image)
    assert np.array_equal(np.asarray(before), np.asarray(after))


def test_one_module_used_twice_gives_two_names() -> None:
    model = exported()
    second = model.graph.node[3]
    second.metadata_props[0].value = repr(NOTED["relu"])
    rename(model.graph, {"act"}, set())
    names = [node.name for node in model.graph.node]
    assert names[1::2][:2] == ["act", "act_2"]
    assert len(set(names)) == len(names)


def test_a_module_called_like_the_input_does_not_take_its_name() -> None:
    model = exported()
    model.graph.node[1].metadata_props[0].value = repr(["", "image", "relu"])
    rename(model.graph, {"image"}, set())
    assert model.graph.node[1].name == "image_2"
    onnx.checker.check_model(model, full_check=True)


def test_constants_are_put_in_the_order_in_which_they_are_read() -> None:
    model = exported()
    values = list(model.graph.initializer)[::-1]
    del model.graph.initializer[:]
    model.graph.initializer.extend(values)
    assert tidy(model) == 0
    assert constants(model) == ["stem.weight", "val_1", "b.conv.weight", "val_9"]
    onnx.checker.check_model(model, full_check=True)
