"""Inserts bounds: a few standard operators behind each site, and nothing else changes.

The value keeps its name, so that its readers and the graph's outputs need no change: what the
activation itself computes gets a new one, ``X_unbounded``. Around a site ``X``::

    clamping (Ranger, ReLU6)       X = Clip(X_unbounded, X_low_threshold, X_threshold)
    clipping (ActMax, ClipAct)     X = Where(X_unbounded <= X_threshold, X_unbounded, 0)

Comparisons with NaN are false, so that clipping turns NaN into 0, as eq. 4 of Milazzo et al.
(IEEE Access 2025) asks of everything that is not within the bounds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from analyzer.graph.index import (
    all_names,
    constants_of,
    number_in,
    operator,
    standard_opset,
)
from analyzer.model.element_types import ELEMENT_OF
from exporters.hardening.activations.survey import Side, Site
from exporters.hardening.bounds.thresholds import Method, Threshold, Thresholds

BEYOND = "beyond_threshold"
"""The 0 that clipping puts in the place of what is beyond a threshold; one for the whole model."""

SIX = 6.0
"""Of ReLU6, eq. 5 of Milazzo et al."""

LESS_OR_EQUAL_OPSET = 12
"""First opset with LessOrEqual; before, it is written Or(Less, Equal), which NaN fails too."""


def relu6_thresholds(sites: tuple[Site, ...]) -> dict[str, Threshold]:
    """6 above, and -6 below for activations that can be negative."""
    low = {Side.ONE: None, Side.TWO: -SIX}
    return {site.value: Threshold(low=low[site.side], high=SIX) for site in sites}


def open_thresholds(sites: tuple[Site, ...]) -> dict[str, Threshold]:
    """Bounds that let every finite value pass: the hardened form of a graph, before any data."""
    found = {}
    for site in sites:
        most = ELEMENT_OF[site.dtype].largest
        found[site.value] = Threshold(low=-most if site.side is Side.TWO else None, high=most)
    return found


@dataclass
class Surgery:
    """One graph under change.

    Attributes:
        proto: Changed in place.
        opset: Of its standard operators.
        names: Every name that is taken.
        constants: What is stored in it, by name.
    """

    proto: onnx.ModelProto
    opset: int
    names: set[str]
    constants: dict[str, onnx.TensorProto]

    @classmethod
    def on(cls, proto: onnx.ModelProto) -> "Surgery":
        """Prepare to change ``proto``."""
        constants = constants_of(proto.graph)
        return cls(proto, standard_opset(proto), all_names(proto.graph), constants)

    def fresh(self, name: str) -> str:
        """``name``, or with a number where that is taken."""
        candidate, count = name, 1
        while candidate in self.names:
            count += 1
            stem, _, suffix = name.rpartition("_")
            candidate = f"{stem}_{count}_{suffix}"
        self.names.add(candidate)
        return candidate

    def store(self, name: str, value: npt.NDArray[np.generic], dtype: int) -> str:
        """Append an initializer; returns its name."""
        name = self.fresh(name)
        self.proto.graph.initializer.append(_tensor(name, value, dtype))
        return name

    def beyond(self, dtype: int) -> str:
        """The 0 of element type ``dtype``, made at its first use."""
        zero = _tensor("", np.zeros((), np.float32), dtype)
        for tensor in self.proto.graph.initializer:
            if tensor.name.endswith(BEYOND) and tensor.data_type == dtype and not tensor.dims:
                return str(tensor.name)
        return self.store(BEYOND, numpy_helper.to_array(zero), dtype)


def insert_bounds(
    proto: onnx.ModelProto, sites: tuple[Site, ...], thresholds: Thresholds, method: Method
) -> None:
    """Bound every site.

    Args:
        proto: changed in place.
        sites: of `survey` of this very model.
        thresholds: one for each site.
        method: clamps or clips.
    """
    surgery = Surgery.on(proto)
    bounds = {site.value: (site, thresholds[site.value]) for site in sites}
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    for node in nodes:
        proto.graph.node.append(node)
        made = proto.graph.node[-1]
        for position, value in enumerate(made.output):
            if value in bounds:
                site, threshold = bounds[value]
                added = list(_bounded(surgery, made, position, site, threshold, method))
                proto.graph.node.extend(added)


def _bounded(
    surgery: Surgery,
    made: onnx.NodeProto,
    position: int,
    site: Site,
    threshold: Threshold,
    method: Method,
) -> Iterator[onnx.NodeProto]:
    """The nodes behind ``made`` that bound its output; ``made`` itself gives way or is renamed."""
    stem = readable(site.value, made)
    if method is Method.RELU6 and operator(made) == "Relu":
        _become_clip(surgery, made, site, threshold, stem)
        return
    if (
        method.clamps
        and operator(made) == "Clip"
        and _tighten(surgery, made, site, threshold, stem)
    ):
        return
    source = surgery.fresh(f"{stem}_unbounded")
    made.output[position] = source
    if method.clamps:
        names = _stored_bounds(surgery, threshold, site.dtype, stem)
        name = surgery.fresh(f"{stem}_bounded")
        yield helper.make_node("Clip", [source, *names], [site.value], name=name)
    else:
        yield from _clipping(surgery, source, site, threshold, stem)


def _become_clip(
    surgery: Surgery, relu: onnx.NodeProto, site: Site, threshold: Threshold, stem: str
) -> None:
    """Relu and a Clip from above are one Clip from 0."""
    from_zero = Threshold(low=0.0, high=threshold.high)
    names = _stored_bounds(surgery, from_zero, site.dtype, stem)
    relu.op_type, relu.name = "Clip", surgery.fresh(f"{stem}_bounded")
    relu.input.extend(names)


def _tighten(
    surgery: Surgery, clip: onnx.NodeProto, site: Site, threshold: Threshold, stem: str
) -> bool:
    """Narrow the limits of a Clip; False if they are not known."""
    names = [*clip.input[1:3], "", ""][:2]
    old = [number_in(surgery.constants.get(name)) for name in names]
    if any(name and value is None for name, value in zip(names, old, strict=True)):
        return False
    high = threshold.high if old[1] is None else min(old[1], threshold.high)
    if threshold.low is not None:
        low = threshold.low if old[0] is None else max(old[0], threshold.low)
        names[0] = _store(surgery, f"{stem}_low", low, site.dtype)
    names[1] = _store(surgery, stem, high, site.dtype)
    del clip.input[1:]
    clip.input.extend(names)
    clip.name = surgery.fresh(f"{stem}_bounded")
    return True


def _stored_bounds(surgery: Surgery, threshold: Threshold, dtype: int, stem: str) -> list[str]:
    """Inputs 1 and 2 of a Clip; the lower one is left out where there is none."""
    low = "" if threshold.low is None else _store(surgery, f"{stem}_low", threshold.low, dtype)
    return [low, _store(surgery, stem, threshold.high, dtype)]


def _store(surgery: Surgery, stem: str, value: float, dtype: int) -> str:
    return surgery.store(f"{stem}_threshold", np.array(value, np.float64), dtype)


def _clipping(
    surgery: Surgery, source: str, site: Site, threshold: Threshold, stem: str
) -> Iterator[onnx.NodeProto]:
    """The value where it is within the bounds, 0 elsewhere."""
    high = _store(surgery, stem, threshold.high, site.dtype)
    within = surgery.fresh(f"{stem}_within")
    if threshold.low is None:
        yield from at_most(surgery, source, high, within)
    else:
        low = _store(surgery, f"{stem}_low", threshold.low, site.dtype)
        below, above = surgery.fresh(f"{stem}_not_above"), surgery.fresh(f"{stem}_not_below")
        yield from at_most(surgery, source, high, below)
        yield from at_most(surgery, low, source, above)
        yield helper.make_node("And", [below, above], [within], name=within)
    zero = surgery.beyond(site.dtype)
    name = surgery.fresh(f"{stem}_bounded")
    yield helper.make_node("Where", [within, source, zero], [site.value], name=name)


def at_most(surgery: Surgery, left: str, right: str, result: str) -> Iterator[onnx.NodeProto]:
    """``result = left <= right``, false for NaN."""
    if surgery.opset >= LESS_OR_EQUAL_OPSET:
        yield helper.make_node("LessOrEqual", [left, right], [result], name=result)
        return
    less, equal = surgery.fresh(f"{result}_less"), surgery.fresh(f"{result}_equal")
    yield helper.make_node("Less", [left, right], [less], name=less)
    yield helper.make_node("Equal", [left, right], [equal], name=equal)
    yield helper.make_node("Or", [less, equal], [result], name=result)


def readable(value: str, node: onnx.NodeProto) -> str:
    """What to call things around ``value``: exporters append ``_output_0``, or only count."""
    stem = value.removesuffix("_output_0")
    return node.name if stem.isdigit() and node.name else stem


def _tensor(name: str, value: npt.NDArray[np.generic], dtype: int) -> onnx.TensorProto:
    array = np.asarray(value).astype(helper.tensor_dtype_to_np_dtype(dtype))
    return helper.make_tensor(name, dtype, array.shape, array.tobytes(), raw=True)
