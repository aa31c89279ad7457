"""Inserts bounds: a few standard operators behind each site, and nothing else changes.

The value keeps its name, so that its readers and the graph's outputs need no change: the result of
the activation itself gets a new one, ``X_unbounded``. `clipping` and `clamping` say which nodes.
"""

import onnx

from analyzer.model.element_types import ELEMENT_OF
from exporters.hardening.activations.survey import ActivationSite, Side
from exporters.hardening.bounds.form import BoundForm
from exporters.hardening.bounds.surgery import Surgery
from exporters.hardening.bounds.thresholds import Threshold, Thresholds


def open_thresholds(sites: tuple[ActivationSite, ...]) -> dict[str, Threshold]:
    """Bounds that let every finite value pass: the hardened form of a graph, before any data."""
    found = {}
    for site in sites:
        most = ELEMENT_OF[site.dtype].largest
        found[site.value] = Threshold(low=-most if site.side is Side.TWO else None, high=most)
    return found


def insert_bounds(
    proto: onnx.ModelProto,
    sites: tuple[ActivationSite, ...],
    thresholds: Thresholds,
    form: BoundForm,
) -> None:
    """Bound every site, in place.

    Args:
        proto: changed in place.
        sites: of `survey` of this very model.
        thresholds: one for each site.
        form: how a bound is written.
    """
    surgery = Surgery.on(proto)
    bounds = {site.value: (site, thresholds[site.value]) for site in sites}
    # Nodes stand in the order of execution: the nodes of a bound come right behind their value.
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    for node in nodes:
        proto.graph.node.append(node)
        made = proto.graph.node[-1]
        for position, value in enumerate(made.output):
            if value in bounds:
                added = list(form.nodes(surgery, made, position, *bounds[value]))
                proto.graph.node.extend(added)


def with_bounds(
    proto: onnx.ModelProto,
    sites: tuple[ActivationSite, ...],
    thresholds: Thresholds,
    form: BoundForm,
) -> onnx.ModelProto:
    """A copy of a model with every site bounded.

    Args:
        proto: not changed.
        sites: of `survey` of this very model.
        thresholds: one for each site.
        form: how a bound is written.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    insert_bounds(copy, sites, thresholds, form)
    return copy
