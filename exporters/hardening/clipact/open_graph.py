"""The graph that the search runs: the one ONNX Runtime optimizes, or the hardened model as written.

The optimized graph is faster. It serves where every weight of every layer can be faulted in it and
every threshold is read where it stands. Else the graph as written serves, of which each initializer
is read as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import onnx

from analyzer.answers import Feeds
from analyzer.errors import UnsupportedModel
from analyzer.faults.elements import ELEMENT_TYPES
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.model import Model
from analyzer.model.element_types import ELEMENT_OF
from analyzer.model.inventory import values_of
from analyzer.runtime.layout.decode import Place
from analyzer.runtime.layout.layout import Layout, Route
from analyzer.runtime.layout.probe_values import Conversion
from analyzer.runtime.layout.read_every_run import unread_slots
from analyzer.runtime.open import open_live
from analyzer.runtime.ort.golden_model import golden_proto, golden_values
from analyzer.runtime.ort.optimized_graph import OptimizedModel
from analyzer.runtime.weights.host import live_session
from exporters.hardening.activations.survey import ActivationSite
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.find import find_bounds
from exporters.hardening.bounds.insert import with_bounds
from exporters.hardening.bounds.thresholds import Thresholds
from exporters.hardening.clipact.bounded_graph import BoundedGraph, Limits
from exporters.hardening.clipact.layers import Layers, find_layers


@dataclass(frozen=True)
class SearchGraph:
    """The graph that a search runs, and the bits that it faults.

    Attributes:
        graph: The hardened model in parts.
        spaces: By site with a layer, the bits in which its faults are injected.
        space: The bits of all layers, layer after layer: the graph's executor takes patterns of it.
        unread: Tensors left out, whose contents ONNX Runtime takes over when it loads the model.
        optimized: True if the graph is the one that ONNX Runtime made.
    """

    graph: BoundedGraph
    spaces: dict[str, FaultSpace]
    space: FaultSpace
    unread: tuple[str, ...]
    optimized: bool


@dataclass(frozen=True)
class _Twin:
    """The hardened model, and the tensors of its layers before any is left out."""

    model: Model
    layers: Layers
    limits: Mapping[str, Limits]
    tensors: Mapping[str, TensorSite]
    sample: Feeds

    def spaces(self, layers: Layers) -> dict[str, FaultSpace]:
        """The bits of each layer that has any."""
        found = {s: FaultSpace(tuple(self.tensors[n] for n in f)) for s, f in layers.items()}
        return {site: space for site, space in found.items() if space.bits}

    def space(self, layers: Layers) -> FaultSpace:
        """The bits of all layers, layer after layer."""
        return FaultSpace(tuple(self.tensors[name] for f in layers.values() for name in f))


def open_search_graph(
    model: Model,
    proto: onnx.ModelProto,
    sites: Sequence[ActivationSite],
    thresholds: Thresholds,
    encoding: str,
    sample: Feeds,
) -> SearchGraph:
    """Insert bounds and open the hardened model in parts.

    Args:
        model: the model without bounds.
        proto: the same, local functions expanded; it is not changed.
        sites: of ``proto``.
        thresholds: with which the search begins.
        encoding: how weights are held.
        sample: one batch, by input.

    Raises:
        UnsupportedModel: neither graph can be taken apart.
    """
    hardened = with_bounds(proto, tuple(sites), thresholds, CLIPPING)
    tensors = {t.name: t.site(encoding) for t in model.inventory.at_risk}
    layers = find_layers(proto.graph, sites, tensors)
    limits = {bound.site.value: bound.limits for bound in find_bounds(hardened)}
    twin = _Twin(replace(model, proto=hardened), layers, limits, tensors, sample)
    return _optimized(twin) or _as_written(twin)


def _optimized(twin: _Twin) -> SearchGraph | None:
    """The graph that ONNX Runtime makes; None if it does not serve."""
    space = twin.space(twin.layers)
    executor = open_live(twin.model, space, twin.sample)
    if Route.RELOAD in executor.layout.routes.values():
        return None
    spaces = twin.spaces(twin.layers)
    try:
        graph = BoundedGraph(executor, twin.limits, spaces, twin.sample)
    except Exception:  # also of ONNX Runtime: a value that cannot be taken out or fed
        return None
    return SearchGraph(graph, spaces, space, (), optimized=True)


def _as_written(twin: _Twin) -> SearchGraph:
    """The hardened model as it stands.

    Raises:
        UnsupportedModel: it cannot be taken apart.
    """
    everything = twin.space(twin.layers)
    layout = _plain_layout(twin.model, everything)
    names = [t.name for t in everything.tensors]
    unread = unread_slots(layout.optimized, names, twin.sample, live_session)
    kept = {site: tuple(n for n in f if n not in unread) for site, f in twin.layers.items()}
    spaces, space = twin.spaces(kept), twin.space(kept)
    routes = {t.name: layout.routes[t.name] for t in space.tensors}
    places = {t.name: layout.places[t.name] for t in space.tensors}
    layout = replace(layout, routes=routes, places=places)
    try:
        executor = open_live(twin.model, space, twin.sample, layout=layout)
        graph = BoundedGraph(executor, twin.limits, spaces, twin.sample)
    except Exception as error:  # as above: of many kinds
        raise UnsupportedModel(
            f"{twin.model.path} cannot be run in parts, so that thresholds cannot be searched "
            f"({error}); use --method actmax"
        ) from error
    return SearchGraph(graph, spaces, space, tuple(sorted(unread)), optimized=False)


def _plain_layout(model: Model, space: FaultSpace) -> Layout:
    """Every tensor of ``space`` in its place in the model as written."""
    proto = golden_proto(model, golden_values(model, space))
    stored = [t for t in proto.graph.initializer if t.data_type in ELEMENT_OF]
    slots = {t.name: values for t in stored if (values := values_of(t)).size}
    places: dict[str, tuple[Place, ...]] = {
        t.name: (Place(t.name, Conversion(e := ELEMENT_TYPES[t.dtype], e.dtype), None),)
        for t in space.tensors
    }
    routes = dict.fromkeys(places, Route.IN_PLACE)
    return Layout(OptimizedModel(proto, slots), routes, {}, places)
