"""Probes whose tensors hold digits of the numbers of their own elements."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from analyzer.faults.elements import ElementType, Values
from analyzer.model import AtRisk
from analyzer.runtime.layout.element_numbers import Numbering
from analyzer.runtime.layout.probe_values import digits_needed
from analyzer.runtime.layout.prober import Prober
from analyzer.runtime.ort.optimized_graph import OptimizedModel


def numberings_of(tensors: Sequence[AtRisk]) -> dict[ElementType, Numbering]:
    """Numbers for the elements of all tensors, type by type."""
    types: dict[ElementType, list[AtRisk]] = {}
    for tensor in tensors:
        types.setdefault(tensor.element, []).append(tensor)
    return {element: Numbering.of(group) for element, group in types.items()}


def digit_probes(
    prober: Prober,
    numberings: dict[ElementType, Numbering],
    fixed: Mapping[str, Values] = MappingProxyType({}),
) -> list[OptimizedModel] | None:
    """The optimized models with each digit of the element numbers; None if a graph changed.

    Args:
        prober: optimizes the models.
        numberings: the numbers of the elements of each type.
        fixed: contents of tensors that hold no digits, by name.
    """
    digits = max((digits_needed(e, int(n.starts[-1])) for e, n in numberings.items()), default=0)
    probes: list[OptimizedModel] = []
    for digit in range(digits):
        contents = {k: v for n in numberings.values() for k, v in n.contents(digit).items()}
        result = prober.optimized_with(contents | dict(fixed))
        if result is None:
            return None
        probes.append(result)
    return probes
