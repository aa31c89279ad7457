"""The layer of each site: the stored tensors in which the search injects faults.

A tensor belongs to the first site that its values can reach. So a layer is everything between the
sites before it and its own, shortcuts of residual blocks included; a tensor that no site follows,
like that of a last classifier, belongs to none.
"""

from collections.abc import Collection, Mapping, Sequence

import onnx

from analyzer.graph.index import Index
from analyzer.graph.walk import reads
from exporters.hardening.activations.survey import ActivationSite

Layers = Mapping[str, tuple[str, ...]]
"""Site (name of the value) -> names of the tensors of its layer, in the order of the file."""


def find_layers(
    graph: onnx.GraphProto, sites: Sequence[ActivationSite], names: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Partition tensors by the first site that they reach.

    Args:
        graph: of the model that the sites were found in.
        sites: in the order of the graph.
        names: of the tensors at risk.

    Returns:
        By site; a site without weights of its own has an empty layer.
    """
    index = Index(graph)
    seen: set[str] = set()
    stored = [t.name for t in graph.initializer if t.name in names]
    layers = {}
    for site in sites:
        new = _upstream(site.value, index, seen)
        seen |= new
        layers[site.value] = tuple(name for name in stored if name in new)
    return layers


def _upstream(value: str, index: Index, seen: set[str]) -> set[str]:
    """Names that ``value`` depends on, itself among them, without those in ``seen``."""
    found: set[str] = set()
    pending = [value]
    while pending:
        name = pending.pop()
        if name in found or name in seen:
            continue
        found.add(name)
        if name in index.producers:
            pending.extend(reads(index.producers[name]))
    return found
