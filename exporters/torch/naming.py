"""Names that a reader of the graph can find again in the network's source."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

SCOPES = "pkg.torch.onnx.name_scopes"
"""Metadata key of the modules that a node comes from, outermost first."""

ROLES = {1: "weight", 2: "bias"}
"""Input of a convolution or matrix product -> its role."""

PRODUCTS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})


def rename(graph: onnx.GraphProto, leaves: Collection[str], parameters: Collection[str]) -> None:
    """Name nodes, their results and nameless constants, in place.

    A node is called like the weight it multiplies by (``layer1.0.conv1`` for
    ``layer1.0.conv1.weight``: BatchNorm is folded into it), like the torch module that it is, or
    like the module it is a part of and its operator (``layer1.0.add``). A number tells apart what
    would have one name.

    Args:
        graph: changed in place; as torch's exporter wrote it.
        leaves: names of the torch modules that have no modules inside.
        parameters: names that constants have in torch; other constants the exporter computed.
    """
    known = {t.name for t in graph.initializer}
    taken = known | {v.name for v in (*graph.input, *graph.output)}
    names = {value: value for value in taken}
    for node in graph.node:
        node.name = _free(_name(node, parameters, leaves), taken)
        _name_constants(node, known - set(parameters), taken, names)
        node.input[:] = [names.get(value, value) for value in node.input]
        first = node.name
        for index, value in enumerate(node.output):
            if value and value not in names:
                names[value] = first if index == 0 else f"{first}.{index}"
        node.output[:] = [names.get(value, value) for value in node.output]
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]


def _name(node: onnx.NodeProto, parameters: Collection[str], leaves: Collection[str]) -> str:
    if node.op_type in PRODUCTS and node.input[1] in parameters:
        return str(node.input[1]).removesuffix(".weight")
    notes = {prop.key: prop.value for prop in node.metadata_props}
    scopes = [s for s in ast.literal_eval(notes.get(SCOPES, "[]"))[:-1] if s]
    operator = node.op_type.lower()
    if not scopes:
        return operator
    return str(scopes[-1]) if scopes[-1] in leaves else f"{scopes[-1]}.{operator}"


def _name_constants(
    node: onnx.NodeProto, computed: Collection[str], taken: set[str], names: dict[str, str]
) -> None:
    """Name constants that the exporter computed after the first node that reads them."""
    for index, value in enumerate(node.input):
        if value not in computed or names[value] != value:
            continue
        role = ROLES.get(index) if node.op_type in PRODUCTS else None
        names[value] = _free(f"{node.name}.{role or f'constant{index}'}", taken)


def _free(name: str, taken: set[str]) -> str:
    """``name``, with a number behind it if it is taken; it is taken afterwards."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    taken.add(free)
    return free
