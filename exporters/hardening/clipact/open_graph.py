"""Which graph the search runs: the one ONNX Runtime optimizes, or the hardened model as written.

The optimized graph is faster. It serves where every weight of every layer can be faulted in it and
every threshold is read where it stands. Else the graph as written does, of which each initializer
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
from exporters.hardening.activations.survey import Site
from exporters.hardening.bounds.insert import insert_bounds
from exporters.hardening.bounds.thresholds import Method, Thresholds
from exporters.hardening.clipact.bounded_graph import BoundedGraph
from exporters.hardening.clipact.layers import Layers, find_layers, threshold_names


@dataclass(frozen=True)
class Opened:
    """What the search runs on.

    Attributes:
        graph: The hardened model in parts.
        spaces: By site with a layer, the bits in which its faults are injected.
        space: All of them, layer after layer: what the graph's executor takes patterns of.
        unread: Tensors left out, whose contents ONNX Runtime takes over when it loads the model.
        optimized: Whether the graph is the one that ONNX Runtime made.
    """

    graph: BoundedGraph
    spaces: dict[str, FaultSpace]
    space: FaultSpace
    unread: tuple[str, ...]
    optimized: bool


def open_bounded(
    model: Model,
    proto: onnx.ModelProto,
    sites: Sequence[Site],
    thresholds: Thresholds,
    encoding: str,
    sample: Feeds,
) -> Opened:
    """Insert bounds and open the hardened model in parts.

    Args:
        model: the model without bounds.
        proto: the same, local functions expanded.
        sites: of ``proto``.
        thresholds: with which the search begins.
        encoding: how weights are held.
        sample: one batch.

    Raises:
        UnsupportedModel: neither graph can be taken apart.
    """
    hardened = onnx.ModelProto()
    hardened.CopyFrom(proto)
    insert_bounds(hardened, sites=tuple(sites), thresholds=thresholds, method=Method.CLIPACT)
    twin = replace(model, proto=hardened)
    tensors = {t.name: t.site(encoding) for t in model.inventory.at_risk}
    layers = find_layers(proto.graph, sites, tensors)
    names = {site.value: threshold_names(hardened, site) for site in sites}
    return _optimized(twin, layers, names, tensors, sample) or _as_written(
        twin, layers, names, tensors, sample
    )


Names = Mapping[str, tuple[str | None, str]]
Tensors = Mapping[str, TensorSite]


def _spaces(layers: Layers, tensors: Tensors) -> dict[str, FaultSpace]:
    spaces = {s: FaultSpace(tuple(tensors[n] for n in found)) for s, found in layers.items()}
    return {site: space for site, space in spaces.items() if space.bits}


def _all(layers: Layers, tensors: Tensors) -> FaultSpace:
    return FaultSpace(tuple(tensors[name] for found in layers.values() for name in found))


def _optimized(
    twin: Model, layers: Layers, names: Names, tensors: Tensors, sample: Feeds
) -> Opened | None:
    """The graph that ONNX Runtime makes; None if it does not serve."""
    space = _all(layers, tensors)
    executor = open_live(twin, space, sample)
    if Route.RELOAD in executor.layout.routes.values():
        return None
    spaces = _spaces(layers, tensors)
    try:
        graph = BoundedGraph(executor, names, spaces, sample)
    except Exception:  # also of ONNX Runtime: a value that cannot be taken out or fed
        return None
    return Opened(graph, spaces, space, (), optimized=True)


def _as_written(
    twin: Model, layers: Layers, names: Names, tensors: Tensors, sample: Feeds
) -> Opened:
    """The hardened model as it stands.

    Raises:
        UnsupportedModel: it cannot be taken apart.
    """
    everything = _all(layers, tensors)
    layout = _plain_layout(twin, everything)
    unread = unread_slots(
        layout.optimized, [t.name for t in everything.tensors], sample, live_session
    )
    kept = {site: tuple(n for n in found if n not in unread) for site, found in layers.items()}
    spaces, space = _spaces(kept, tensors), _all(kept, tensors)
    routes = {t.name: layout.routes[t.name] for t in space.tensors}
    places = {t.name: layout.places[t.name] for t in space.tensors}
    layout = replace(layout, routes=routes, places=places)
    try:
        executor = open_live(twin, space, sample, layout=layout)
        graph = BoundedGraph(executor, names, spaces, sample)
    except Exception as error:  # see above
        raise UnsupportedModel(
            f"{twin.path} cannot be run in parts, so that thresholds cannot be searched ({error}); "
            "use --method actmax"
        ) from error
    return Opened(graph, spaces, space, tuple(sorted(unread)), optimized=False)


def _plain_layout(twin: Model, space: FaultSpace) -> Layout:
    """Every tensor of ``space`` in its place in the model as written."""
    proto = golden_proto(twin, golden_values(twin, space))
    stored = [t for t in proto.graph.initializer if t.data_type in ELEMENT_OF]
    slots = {t.name: values for t in stored if (values := values_of(t)).size}
    places: dict[str, tuple[Place, ...]] = {
        t.name: (Place(t.name, Conversion(e := ELEMENT_TYPES[t.dtype], e.dtype), None),)
        for t in space.tensors
    }
    routes = dict.fromkeys(places, Route.IN_PLACE)
    return Layout(OptimizedModel(proto, slots), routes, {}, places)
