"""Candidates for folds: chains of nodes of the file's graph that act on each channel alone."""

from collections.abc import Iterator, Mapping

import onnx

from analyzer.graph.index import Index, operator
from analyzer.runtime.layout.fold_steps import BatchNorm, Factor, Step, Summand
from analyzer.runtime.layout.folds import Chain

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of the stored tensors that may be folded, by name."""

EPSILON = 1e-5
"""Default of the attribute of a BatchNormalization."""


def find_chains(graph: onnx.GraphProto, shapes: Shapes) -> list[Chain]:
    """Find the chains that ONNX Runtime may fold.

    Args:
        graph: the main graph of the file.
        shapes: the stored tensors that a chain may consist of.
    """
    index, found, taken = Index(graph), [], set[str]()
    for node in graph.node:
        if operator(node) == "Conv" and set(node.input[1:3]) - {""} <= shapes.keys():
            steps = tuple(_steps(index, node, shapes, taken))
            if steps:
                bias = node.input[2] if len(node.input) > 2 else ""
                channels = shapes[node.input[1]][0]
                found.append(Chain(node.input[1], bias or None, steps, channels))
    for node in graph.node:
        norm = None if set(node.output) & taken else _batch_norm(node, None, shapes)
        if norm is not None:
            found.append(Chain(None, None, (norm,), shapes[norm.gamma][0]))
    return found


def _steps(index: Index, conv: onnx.NodeProto, shapes: Shapes, taken: set[str]) -> Iterator[Step]:
    """The steps behind a convolution; their results are added to ``taken``."""
    weight, value = shapes[conv.input[1]], conv.output[0]
    step: Step | None
    while True:
        node = index.only_reader(value)
        if node is None or value not in node.input:
            return
        step = _batch_norm(node, weight[0], shapes) or _by_channel(node, value, weight, shapes)
        value = next(iter(node.output), "")
        if step is None or index.producers.get(value) is not node:
            return
        taken.add(value)
        yield step


def _batch_norm(node: onnx.NodeProto, channels: int | None, shapes: Shapes) -> BatchNorm | None:
    if operator(node) != "BatchNormalization" or len(node.input) != 5:
        return None
    sizes = {shapes.get(name) for name in node.input[1:]}
    attributes = {a.name: a for a in node.attribute}
    size = next(iter(sizes))
    if len(sizes) != 1 or size is None or (channels is not None and size != (channels,)):
        return None
    epsilon = attributes["epsilon"].f if "epsilon" in attributes else EPSILON
    _, gamma, beta, mean, var = node.input
    return BatchNorm(gamma, beta, mean, var, epsilon)


def _by_channel(
    node: onnx.NodeProto, value: str, weight: tuple[int, ...], shapes: Shapes
) -> Step | None:
    """A factor or summand with one number per channel: (C, 1, ...) or (1, C, 1, ...)."""
    if operator(node) not in ("Mul", "Add") or value not in node.input:
        return None
    (other,) = [name for name in node.input if name != value] or [""]
    wanted = (weight[0], *[1] * (len(weight) - 2))
    if shapes.get(other) not in (wanted, (1, *wanted)):
        return None
    return Factor(other) if node.op_type == "Mul" else Summand(other)
