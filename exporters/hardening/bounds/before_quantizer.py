"""Inputs of activations that a quantizer would saturate before the bound can see them.

Where a QuantizeLinear takes in a Relu, one range serves both. Before any other activation stands a
QuantizeLinear of its own. A value that blows up before it comes out as the end of its range, which
the bound behind the activation must let pass. So the input gets a bound as well: its range on the
calibration data, outside of which it is 0.
"""

from collections.abc import Sequence

import onnx

from analyzer.answers import Feeds
from analyzer.graph.index import Index, index_of, operator
from exporters.hardening.activations.gated import find_gates
from exporters.hardening.activations.node_context import LINEAR, input_of
from exporters.hardening.activations.survey import ActivationSite, Side
from exporters.hardening.bounds.calibrate import calibrate
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.find import BoundedSite


def input_bounds(
    plain: onnx.ModelProto,
    bounds: Sequence[BoundedSite],
    batches: Sequence[Feeds],
) -> tuple[BoundedSite, ...]:
    """Bounds for the inputs of bounded activations, where a quantizer makes them necessary.

    Args:
        plain: the float model without bounds; it is not changed.
        bounds: the bounds that the model had.
        batches: calibration data, as it is fed.
    """
    index = index_of(plain)
    bases = {gate.value: gate.base for gate in find_gates(plain.graph, index)}
    known = {bound.site.value for bound in bounds}
    sites: dict[str, ActivationSite] = {}
    for bound in bounds:
        base = _exposed_input(bound.site.value, bases, index)
        if base and base not in known and base in index.producers:
            sites[base] = ActivationSite(base, "input", Side.TWO, bound.site.dtype)
    if not sites:
        return ()
    wanted = tuple(sites.values())
    found = calibrate(plain, wanted, CLIPPING, batches)
    return tuple(BoundedSite(site, found[site.value]) for site in wanted)


def _exposed_input(value: str, bases: dict[str, str], index: Index) -> str:
    """Name of the input that needs a bound; empty where the quantizer makes one value of both."""
    if value in bases:
        return bases[value]
    node = index.producers[value]
    if operator(node) in LINEAR:
        return ""
    base = input_of(node, index)
    absorbed = operator(node) in {"Relu", "Clip"} and len(index.readers.get(base, [])) == 1
    return "" if absorbed and base not in index.outputs else base
