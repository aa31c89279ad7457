"""The activations of an ONNX graph that a bound can be put on, and why others are left alone.

A site is a value: the result of one activation, however many nodes it takes. An activation that
cannot or need not be bounded is listed with a reason, so that nothing is left out in silence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import onnx

from analyzer.graph.index import Index, index_of, nested_nodes, operator, standard_opset
from analyzer.model.element_types import BOUND_OPSETS
from exporters.hardening.activations.gated import Gate, find_gates
from exporters.hardening.activations.node_context import (
    FUSED,
    LINEAR,
    clip_limits,
    entry_of,
    input_of,
    is_quantized,
    starts_at_zero,
    text_of,
    type_of_inputs,
)
from exporters.hardening.not_applied import NotApplied


class Side(StrEnum):
    """The sides of a bound: from above only, or from below as well."""

    ONE = "one-sided"
    TWO = "two-sided"


@dataclass(frozen=True, slots=True)
class ActivationSite:
    """One activation that can be bounded.

    Attributes:
        value: Name of the value.
        kind: The operator that makes it, or the usual name of the function of several nodes.
        side: ``ONE`` where it is never negative.
        dtype: ONNX element type.
    """

    value: str
    kind: str
    side: Side
    dtype: int


@dataclass(frozen=True, slots=True)
class Survey:
    """The activations of a graph, in its order.

    Attributes:
        sites: Those that can be bounded.
        left: Those that are left as they are.
    """

    sites: tuple[ActivationSite, ...]
    left: tuple[NotApplied, ...]


NEVER_NEGATIVE = frozenset({"Relu", "Softplus"})

CAN_BE_NEGATIVE = frozenset(
    {"LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "HardSwish", "Mish", "Swish"}
    | {"Gelu", "FastGelu", "BiasGelu", "QuickGelu"}
)

OWN_RANGE = {
    "Sigmoid": "[0, 1]",
    "HardSigmoid": "[0, 1]",
    "Tanh": "[-1, 1]",
    "Softsign": "[-1, 1]",
}
"""Activations whose values have a range by definition -> that range."""

RECURRENT = frozenset({"LSTM", "GRU", "RNN"})

OPERATOR_FORMAT = frozenset({"QLinearConv", "QLinearMatMul", "QGemm", "QLinearAdd"})
"""Integer operators -> an activation may hide in their output's zero point."""


def survey(proto: onnx.ModelProto, clamps: bool = False, index: Index | None = None) -> Survey:
    """Find every activation of a model, those that can be bounded and those that cannot.

    Args:
        proto: a checked model; it is not changed.
        clamps: True if bounds clamp. Bounds that clip have to stand before a Clip: behind it, a
            value that has blown up is within its limits.
        index: of the model's main graph, if there is one already.
    """
    index = index_of(proto) if index is None else index
    gates = list(find_gates(proto.graph, index))
    within = frozenset().union(*(gate.inner for gate in gates))
    by_value = {gate.value: gate for gate in gates}
    opset = standard_opset(proto)
    sites: list[ActivationSite] = []
    left: list[NotApplied] = []
    for node in proto.graph.node:
        if within.intersection(node.output) and not by_value.keys() & set(node.output):
            continue
        for found in _activations(node, index, by_value, clamps):
            checked = _typed(found, index, opset) if isinstance(found, ActivationSite) else found
            if isinstance(checked, NotApplied):
                left.append(checked)
            elif checked.value not in {site.value for site in sites}:
                sites.append(checked)
    left.extend(_nested(proto.graph))
    return Survey(tuple(sites), tuple(left))


def _activations(
    node: onnx.NodeProto, index: Index, gates: dict[str, Gate], clamps: bool
) -> Iterator[ActivationSite | NotApplied]:
    """The activation that ``node`` completes, if it completes one."""
    value = next(iter(node.output), "")
    name = operator(node)
    if not value:
        return
    if value in gates:
        site = ActivationSite(value, gates[value].kind, Side.TWO, 0)
        yield from _before_quantizer(site, entry_of(gates[value], index), index)
    elif name == "QuantizeLinear":
        yield from _absorbed(node, index)
    elif name in OPERATOR_FORMAT | {"QLinearLeakyRelu"}:
        yield from _operator_format(node, index)
    elif name in OWN_RANGE:
        reason = f"its values lie in {OWN_RANGE[name]} by definition"
        yield NotApplied(value, name, reason)
    elif name in RECURRENT:
        yield NotApplied(value, name, "its activations are inside the operator")
    else:
        side = _side(node, index)
        if side is not None:
            yield from _single(ActivationSite(value, _kind(node), side, 0), node, index, clamps)


def _single(
    site: ActivationSite, node: onnx.NodeProto, index: Index, clamps: bool
) -> Iterator[ActivationSite | NotApplied]:
    """The activation of one node: its own value, or its input where a bound has to stand there.

    A bound that clips stands before a Clip of a known upper limit.
    """
    readers = index.readers.get(site.value, [])
    clipped = len(readers) == 1 and operator(readers[0]) == "Clip" and operator(node) != "Clip"
    if clipped and site.value not in index.outputs and readers[0].output[0] in index.producers:
        if clamps or clip_limits(readers[0], index)[1] is None:
            reason = "it is one activation with the Clip that follows"
            yield NotApplied(site.value, site.kind, reason)
    elif clamps or clip_limits(node, index)[1] is None:
        yield from _before_quantizer(site, input_of(node, index), index)
    elif operator(node) in FUSED:
        yield NotApplied(site.value, site.kind, "it clamps within the operator")
    elif input_of(node, index) in index.producers:
        source = input_of(node, index)
        before = source if is_quantized(source, index) else node.input[0]
        positive = operator(index.producers[before]) in NEVER_NEGATIVE
        yield ActivationSite(
            before, f"input of {site.kind}", Side.ONE if positive else site.side, 0
        )
    else:
        yield site


def _side(node: onnx.NodeProto, index: Index) -> Side | None:
    """The sides of a single-node activation; None if ``node`` is none."""
    name = operator(node)
    if name in FUSED:
        activation = text_of(node, "activation")
        name = activation if activation not in OWN_RANGE else ""
    if name in NEVER_NEGATIVE:
        return Side.ONE
    if name in CAN_BE_NEGATIVE:
        return Side.TWO
    if name == "Clip":
        low = clip_limits(node, index)[0]
        return Side.ONE if low is not None and low >= 0.0 else Side.TWO
    return None


def _before_quantizer(
    site: ActivationSite, base: str, index: Index
) -> Iterator[ActivationSite | NotApplied]:
    """The site, or in a quantized graph its input, before that is quantized.

    A QuantizeLinear between saturates: a value that has blown up before it comes out as the end of
    its range, which is within every bound.
    """
    if not is_quantized(base, index):
        yield site
        return
    yield ActivationSite(base, f"input of {site.kind}", site.side, 0)
    yield NotApplied(site.value, site.kind, "its input is bounded, before that is quantized")


def _absorbed(node: onnx.NodeProto, index: Index) -> Iterator[ActivationSite]:
    """A Relu that became a zero point: negative numbers are below the lowest code."""
    producer = index.producers.get(node.input[0])
    if producer is None or operator(producer) not in LINEAR:
        return
    if starts_at_zero(node.input[2] if len(node.input) > 2 else "", index):
        yield ActivationSite(node.input[0], "Relu in QuantizeLinear", Side.ONE, 0)


def _operator_format(node: onnx.NodeProto, index: Index) -> Iterator[NotApplied]:
    zero_point = {"QGemm": 8}.get(operator(node), 7)
    hidden = len(node.input) > zero_point and starts_at_zero(node.input[zero_point], index)
    if operator(node) == "QLinearLeakyRelu" or hidden:
        reason = (
            "its values exist only as integer codes, which end where the range ends; harden the "
            "float model, then quantize it"
        )
        yield NotApplied(node.output[0], operator(node), reason)


def _typed(site: ActivationSite, index: Index, opset: int) -> ActivationSite | NotApplied:
    """The site with its element type, if bounds can be made in that type."""
    dtype = index.types.get(site.value) or type_of_inputs(site.value, index)
    if not dtype:
        return NotApplied(site.value, site.kind, "its element type is not known")
    name = onnx.TensorProto.DataType.Name(dtype).lower()
    if dtype not in BOUND_OPSETS:
        return NotApplied(site.value, site.kind, f"its element type {name} is no float")
    if opset < BOUND_OPSETS[dtype]:
        later = f"convert to {BOUND_OPSETS[dtype]} or later"
        reason = f"in opset {opset} no bound takes {name}; {later}"
        return NotApplied(site.value, site.kind, reason)
    return ActivationSite(site.value, site.kind, site.side, dtype)


def _nested(graph: onnx.GraphProto) -> Iterator[NotApplied]:
    for node, where in nested_nodes(graph):
        name = operator(node)
        if name in NEVER_NEGATIVE | CAN_BE_NEGATIVE | FUSED | {"Clip"} and node.output:
            yield NotApplied(node.output[0], name, f"it lies in a sub-graph of {where}")


def _kind(node: onnx.NodeProto) -> str:
    name = operator(node)
    return f"{name} ({text_of(node, 'activation')})" if name in FUSED else name
