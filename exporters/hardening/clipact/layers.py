"""Which stored tensors belong to which site: its layer, in which the search injects its faults.

A tensor belongs to the first site that its values can reach. So a layer is what lies between the
sites before it and its own, shortcuts of residual blocks included; what no site follows, like a
last classifier, belongs to none.
"""

from collections.abc import Collection, Mapping, Sequence

import onnx

from analyzer.graph.index import Index, index_of, operator
from analyzer.runtime.stretches.cuts import reads
from exporters.hardening.activations.survey import Site

Layers = Mapping[str, tuple[str, ...]]
"""Site (name of the value) -> names of the tensors of its layer, in the order of the file."""

COMPARISONS = frozenset({"LessOrEqual", "Less", "Equal"})


def find_layers(
    graph: onnx.GraphProto, sites: Sequence[Site], names: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Partition tensors by the first site that they reach.

    Args:
        graph: of the model that the sites were found in.
        sites: in the order of the graph.
        names: of the tensors at risk.

    Returns:
        By site; a site without weights of its own has an empty layer.
    """
    producers = {name: node for node in graph.node for name in node.output if name}
    seen: set[str] = set()
    stored = [t.name for t in graph.initializer if t.name in names]
    layers = {}
    for site in sites:
        new = _upstream(site.value, producers, seen)
        seen |= new
        layers[site.value] = tuple(name for name in stored if name in new)
    return layers


def _upstream(value: str, producers: Mapping[str, onnx.NodeProto], seen: set[str]) -> set[str]:
    """Names that ``value`` depends on, itself among them, without those in ``seen``."""
    found: set[str] = set()
    pending = [value]
    while pending:
        name = pending.pop()
        if name in found or name in seen:
            continue
        found.add(name)
        if name in producers:
            pending.extend(reads(producers[name]))
    return found


def threshold_names(proto: onnx.ModelProto, site: Site) -> tuple[str | None, str]:
    """The initializers that hold the lower and the upper bound of a site.

    Args:
        proto: a model that `insert_bounds` has given clipping bounds.
        site: one of those that are bounded.
    """
    index = index_of(proto)
    where = index.producers[site.value]
    found: dict[str, str] = {}
    _compared(where.input[0], where.input[1], index, found)
    return found.get("low"), found["high"]


def _compared(condition: str, source: str, index: Index, found: dict[str, str]) -> None:
    """Collect what ``source`` is compared with on the way to ``condition``."""
    node = index.producers[condition]
    if operator(node) not in COMPARISONS:
        for name in node.input:
            _compared(name, source, index, found)
    elif node.input[0] == source:
        found["high"] = node.input[1]
    else:
        found["low"] = node.input[0]
