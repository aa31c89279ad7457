"""The places where values of activations can be taken out of a graph, and bounds that they have.

The sites are those that `exporters.hardening.activations.survey` finds in the model without its
bounds. Of a site with a bound, the value before the bound is taken: that is the one of which a
share is beyond the threshold. A value that is quantized before any other use exists in the integer
graph as a code alone: to ask for the float before it would make ONNX Runtime compute in float
there. So its code is taken, through a DequantizeLinear of its own.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper
from pydantic import ValidationError

from analyzer.graph.index import Index, all_names, index_of, operator
from exporters.hardening.activations.node_context import clip_limits
from exporters.hardening.activations.survey import ActivationSite, Side, Survey, survey
from exporters.hardening.bounds.find import (
    ClippingBound,
    comparisons_at,
    find_bounds,
    without_bounds,
)
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.not_applied import NotApplied


@dataclass(frozen=True)
class Tap:
    """One activation whose values can be taken out.

    Attributes:
        site: The activation.
        taken: Name of the value that is returned; of codes, of the QuantizeLinear's output.
        quantizer: The QuantizeLinear whose codes are taken; None: the value is a float.
        threshold: The range that the graph itself bounds it to; None: it has no bound.
    """

    site: ActivationSite
    taken: str
    quantizer: onnx.NodeProto | None
    threshold: Threshold | None


@dataclass(frozen=True)
class Taps:
    """The activations of a graph, in its order.

    Attributes:
        taps: Those whose values can be taken out.
        left: Those whose values cannot.
    """

    taps: tuple[Tap, ...]
    left: tuple[NotApplied, ...]

    @property
    def sites(self) -> tuple[ActivationSite, ...]:
        """The sites of all taps."""
        return tuple(tap.site for tap in self.taps)


def find_taps(proto: onnx.ModelProto) -> Taps:
    """Find every activation of a model, bounded or not.

    Args:
        proto: a checked model without local functions; it is not changed.
    """
    bounds = find_bounds(proto)
    found: Survey = survey(without_bounds(proto, bounds) if bounds else proto)
    index, by_site = index_of(proto), {bound.site.value: bound for bound in bounds}
    made = {o.name for o in proto.graph.input} | index.producers.keys()
    taps = [_tap(site, by_site.get(site.value), index) for site in found.sites]
    return Taps(tuple(tap for tap in taps if tap.taken in made), found.left)


def _tap(site: ActivationSite, bound: ClippingBound | None, index: Index) -> Tap:
    if bound is not None:
        return Tap(site, bound.source, None, bound.threshold)
    readers = index.readers.get(site.value, [])
    quantizer = next((node for node in readers if operator(node) == "QuantizeLinear"), None)
    if quantizer is not None and site.value not in index.outputs:
        return Tap(site, quantizer.output[0], quantizer, _code_bound(quantizer, index))
    return Tap(site, site.value, None, _clip_bound(site, readers, index))


def _clip_bound(
    site: ActivationSite, readers: list[onnx.NodeProto], index: Index
) -> Threshold | None:
    """The limits of a Clip that reads the site; None if none does, or it has no upper one."""
    for node in readers:
        low, high = clip_limits(node, index)
        if operator(node) == "Clip" and high is not None:
            return _threshold(low if site.side is Side.TWO else None, high)
    return None


def _code_bound(quantizer: onnx.NodeProto, index: Index) -> Threshold | None:
    """The bound that compares the codes of a quantizer, in the numbers that codes stand for."""
    code = quantizer.output[0]
    for node in index.readers.get(code, []):
        if operator(node) != "Where" or len(node.input) != 3 or node.input[1] != code:
            continue
        compared = comparisons_at(node, index)
        names = compared[1] if compared else {}
        if "high" in names:
            limits = [_decoded(names.get(side), quantizer, index) for side in ("low", "high")]
            return None if limits[1] is None else _threshold(limits[0], limits[1])
    return None


def _decoded(name: str | None, quantizer: onnx.NodeProto, index: Index) -> float | None:
    """The number that a stored code stands for, as DequantizeLinear computes it in float32."""
    code = index.scalar(name) if name else None
    scale = index.scalar(quantizer.input[1])
    zero = index.scalar(quantizer.input[2]) if len(quantizer.input) > 2 else 0.0
    if code is None or scale is None or zero is None:
        return None
    return float(np.float32(code - zero) * np.float32(scale))


def _threshold(low: float | None, high: float) -> Threshold | None:
    try:
        return Threshold(low=low, high=high)
    except ValidationError:  # limits that nobody calls a bound: a Clip to negative numbers
        return None


def with_taps(proto: onnx.ModelProto, taps: tuple[Tap, ...]) -> tuple[onnx.ModelProto, list[int]]:
    """A copy of a model that returns the values of its activations as well.

    Args:
        proto: not changed.
        taps: of `find_taps` of this very model.

    Returns:
        The copy, and for each tap the position of its value among the outputs.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    graph, names = copy.graph, all_names(copy.graph)
    outputs = {output.name: place for place, output in enumerate(graph.output)}
    places = []
    for number, tap in enumerate(taps):
        name = tap.taken
        if tap.quantizer is not None:
            name = _free(f"relcheck_activation_{number}", names)
            graph.node.append(_dequantizer(tap.quantizer, name))
        if name not in outputs:
            outputs[name] = len(graph.output)
            graph.output.add(name=name)
        places.append(outputs[name])
    return copy, places


def _dequantizer(quantizer: onnx.NodeProto, output: str) -> onnx.NodeProto:
    """The inverse of a QuantizeLinear, reading its codes, its scale and its zero point."""
    inputs = [quantizer.output[0], *quantizer.input[1:]]
    node = helper.make_node(
        "DequantizeLinear", inputs, [output], name=output, domain=quantizer.domain
    )
    node.attribute.extend(a for a in quantizer.attribute if a.name in {"axis", "block_size"})
    return node


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
