"""The nodes of a network as steps of its simulation: what each reads, and in which form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper

from exporters.qat.placement import Placement


@dataclass(frozen=True)
class Value:
    """An input that another node, or the user, provides.

    Attributes:
        name: Of the value.
        rounded: True if it is read after it was rounded.
    """

    name: str
    rounded: bool


@dataclass(frozen=True)
class Stored:
    """An input that the file stores as integers.

    Attributes:
        codes: Name of the integers.
    """

    codes: str


@dataclass(frozen=True)
class Plain:
    """An input that the file stores as it is.

    Attributes:
        name: Of the tensor.
    """

    name: str


Input = Value | Stored | Plain | None


@dataclass(frozen=True)
class Step:
    """One node.

    Attributes:
        op_type: Its operator.
        name: Its name.
        attributes: By name.
        inputs: In order; None where an optional one is absent.
        outputs: Names of what it makes.
        absorbed: True if the quantized model has no such node.
        done: Values that no later step reads.
    """

    op_type: str
    name: str
    attributes: dict[str, Any]
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    absorbed: bool
    done: tuple[str, ...]


def steps_of(model: onnx.ModelProto, placement: Placement) -> tuple[Step, ...]:
    """The nodes of a model, in their order.

    Args:
        model: float32.
        placement: where its quantized twin rounds.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    last: dict[str, str] = {}
    for node in model.graph.node:
        last.update(dict.fromkeys(node.input, node.name))
    for output in model.graph.output:
        last.pop(output.name, None)
    return tuple(_step(node, placement, constants, last) for node in model.graph.node)


def _step(
    node: onnx.NodeProto, placement: Placement, constants: set[str], last: dict[str, str]
) -> Step:
    return Step(
        node.op_type,
        node.name,
        {a.name: helper.get_attribute_value(a) for a in node.attribute},
        tuple(_input(node, position, placement, constants) for position in range(len(node.input))),
        tuple(node.output),
        node.name in placement.absorbed,
        tuple(name for name in set(node.input) if last.get(name) == node.name),
    )


def _input(node: onnx.NodeProto, position: int, placement: Placement, constants: set[str]) -> Input:
    name, place = node.input[position], (node.name, position)
    if not name:
        return None
    if place in placement.stored:
        return Stored(placement.stored[place].codes)
    if name in constants:
        return Plain(name)
    return Value(name, place in placement.rounded_inputs)
