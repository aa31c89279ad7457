"""Where every element at risk went when ONNX Runtime optimized the model: ask the optimizer.

Probe models with known contents are optimized like the real one. A tensor whose elements the
optimizer only moved (and perhaps widened) can be faulted in place. One that changes nothing in
the optimized graph has no effect. All others - folded into new values, or deciding which nodes
exist - must be faulted in the file and loaded anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.bits import ElementType, Values, to_raw
from analyzer.model import AtRisk
from analyzer.runtime.devices import CPU, Device
from analyzer.runtime.numbering import Numbering, Span
from analyzer.runtime.optimized import (
    OptimizedModel,
    changed,
    optimize,
    replace_values,
    same_values,
)
from analyzer.runtime.probe import (
    Conversion,
    Numbers,
    conversions_to,
    digits_needed,
    noise_values,
    read_digits,
)
from analyzer.space import Kind

PROBE_BUDGET = 24
"""Optimizer runs spent, per kind, on finding culprits; what is undecided is loaded anew, safely."""


SINGLE = "a single value may decide which operators ONNX Runtime runs"
DECIDES = "its value decides which operators ONNX Runtime runs"
FOLDED = "ONNX Runtime folds it into other values when loading"


class Route(StrEnum):
    """How the live executor faults a tensor."""

    IN_PLACE = "in place"
    NO_EFFECT = "no effect"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Place:
    """Where elements of one tensor stand in one optimized initializer.

    Attributes:
        slot: Name of the initializer in the optimized graph.
        conversion: How its elements are expressed there.
        positions: int32 (elements,), flat position of each element, -1 where it is absent;
            None when element *e* stands at position *e*.
    """

    slot: str
    conversion: Conversion
    positions: npt.NDArray[np.int32] | None


@dataclass(frozen=True, slots=True)
class Layout:
    """The optimized golden model, and how each tensor at risk is reached in it."""

    optimized: OptimizedModel
    routes: dict[str, Route]
    reasons: dict[str, str]
    places: dict[str, tuple[Place, ...]]


class Prober:
    """Optimizes variants of one golden model and compares what comes out."""

    def __init__(
        self, proto: onnx.ModelProto, tensors: Sequence[AtRisk], device: Device = CPU
    ) -> None:
        self.golden = optimize(proto, device)
        self._proto, self._device = proto, device
        self.tensors = tensors
        self._noisy: tuple[list[str], OptimizedModel | None] | None = None

    def optimized_with(self, contents: dict[str, Values]) -> OptimizedModel | None:
        """The optimized model with other contents; None if its structure is not the golden one."""
        elements = {t.name: t.element for t in self.tensors}
        raw = {name: to_raw(v, elements[name]) for name, v in contents.items()}
        try:
            result = optimize(replace_values(self._proto, raw), self._device)
        except Exception:  # whatever ONNX Runtime objects to, these contents decide it
            return None
        return result if result.structure == self.golden.structure else None

    @cached_property
    def noise(self) -> dict[str, Values]:
        """Contents without meaning, different from golden in every element."""
        return {t.name: noise_values(t.element, t.values, i) for i, t in enumerate(self.tensors)}

    def with_noise(self, tensors: Sequence[AtRisk]) -> OptimizedModel | None:
        """The optimized model with noise in ``tensors``; the last one asked for is kept."""
        names = [t.name for t in tensors]
        if self._noisy is None or self._noisy[0] != names:
            self._noisy = names, self.optimized_with({name: self.noise[name] for name in names})
        return self._noisy[1]

    def with_nan(self, tensors: Sequence[AtRisk]) -> OptimizedModel | None:
        """The optimized model with NaN in ``tensors``, integers with noise."""
        nan = {t.name: np.full_like(t.values, np.nan) for t in tensors if t.element.is_float}
        return self.optimized_with({t.name: self.noise[t.name] for t in tensors} | nan)

    def keeps_structure(self, tensors: Sequence[AtRisk]) -> bool:
        """Whether contents of ``tensors`` without meaning leave all operators as they are."""
        return self.with_noise(tensors) is not None and self.with_nan(tensors) is not None

    def passing(self, tensors: Sequence[AtRisk], passes: "Test") -> list[AtRisk]:
        """Those of ``tensors`` that pass together; kind by kind where not all of them do."""
        if not tensors or passes(tensors):
            return list(tensors)
        kinds = {t.kind: [u for u in tensors if u.kind is t.kind] for t in tensors}
        return [t for group in kinds.values() for t in _halve(group, passes)]


Test = Callable[[Sequence[AtRisk]], bool]


def _halve(tensors: Sequence[AtRisk], passes: Test) -> list[AtRisk]:
    """Those of ``tensors`` that pass, found by halving, widest groups first."""
    found: list[AtRisk] = []
    pending = [list(tensors)]
    for _ in range(PROBE_BUDGET):
        if not pending:
            break
        group = pending.pop(0)
        if passes(group):
            found += group
        elif len(group) > 1:
            half = len(group) // 2
            pending += [group[:half], group[half:]]
    return found


def find_layout(proto: onnx.ModelProto, tensors: Sequence[AtRisk], device: Device = CPU) -> Layout:
    """Probe where the elements of ``tensors`` stand after optimization.

    Args:
        proto: the golden model.
        tensors: its tensors at risk, golden contents included.
        device: for which it is optimized.

    Raises whatever ONNX Runtime raises if it cannot load the golden model.
    """
    prober = Prober(proto, tensors, device)
    several = [t for t in tensors if t.values.size > 1]
    stable = prober.passing(several, prober.keeps_structure)
    stable, decoded = _decode_together(prober, stable)
    names = {t.name for t in stable}
    reasons = {
        t.name: DECIDES if t.values.size > 1 else SINGLE for t in tensors if t.name not in names
    }
    places, folded = decoded
    clean = {t.name for t in _without_influence(prober, stable, folded)} if folded else names
    reasons |= dict.fromkeys(names - clean, FOLDED)
    routes = {t.name: _route(t.name, clean, places) for t in tensors}
    return Layout(prober.golden, routes, reasons, {n: tuple(p) for n, p in places.items()})


def _route(name: str, clean: set[str], places: dict[str, list[Place]]) -> Route:
    if name not in clean:
        return Route.RELOAD
    return Route.IN_PLACE if name in places else Route.NO_EFFECT


def _without_influence(prober: Prober, stable: Sequence[AtRisk], folded: set[str]) -> list[AtRisk]:
    """Those of ``stable`` that leave the ``folded`` initializers as they are.

    NaN shows an influence that golden zeros hide: 0 x finite is 0, 0 x NaN is not.
    """

    def leaves(group: Sequence[AtRisk]) -> bool:
        probes = (prober.with_noise(group), prober.with_nan(group))
        return all(p is not None and not changed(p, prober.golden) & folded for p in probes)

    return prober.passing(stable, leaves)


SUSPECTS = (Kind.CONSTANT, Kind.SCALE, Kind.ZERO_POINT, Kind.NORM, Kind.BIAS, Kind.WEIGHT)
"""Kinds given up, in this order, when tensors that pass alone change the structure together."""

Decoded = tuple[dict[str, list["Place"]], set[str]]


def _decode_together(prober: Prober, stable: list[AtRisk]) -> tuple[list[AtRisk], Decoded]:
    """`_decode` for as many of ``stable`` as can be probed at the same time."""
    for given_up in range(len(SUSPECTS) + 1):
        kept = [t for t in stable if t.kind not in SUSPECTS[:given_up]]
        decoded = _decode(prober, kept)
        if decoded is not None:
            return kept, decoded
    return [], ({}, set())


def _decode(prober: Prober, stable: Sequence[AtRisk]) -> Decoded | None:
    """Places of the elements of ``stable``, and the optimized initializers that are no mere move.

    None when the probes together change the structure, though each tensor alone does not.
    """
    types: dict[ElementType, list[AtRisk]] = {}
    for tensor in stable:
        types.setdefault(tensor.element, []).append(tensor)
    numberings = {element: Numbering.of(group) for element, group in types.items()}
    digits = max((digits_needed(e, int(n.starts[-1])) for e, n in numberings.items()), default=0)
    probes: list[OptimizedModel] = []
    for digit in range(digits):
        contents = {k: v for n in numberings.values() for k, v in n.contents(digit).items()}
        result = prober.optimized_with(contents)
        if result is None:
            return None
        probes.append(result)
    noise = prober.with_noise(stable)
    if noise is None:
        return None
    places: dict[str, list[Place]] = {}
    touched = changed(noise, prober.golden).union(*(changed(p, prober.golden) for p in probes))
    folded = touched & prober.golden.hidden.keys()
    for slot in sorted(touched - folded):
        golden = prober.golden.slots[slot]
        seen = [p.slots[slot] for p in probes]
        for conversion in conversions_to(golden.dtype, set(numberings)):
            numbering = numberings[conversion.source]
            count = digits_needed(conversion.source, int(numbering.starts[-1]))
            numbers = read_digits(conversion, seen[:count])
            if numbers is None or numbers.max() >= numbering.starts[-1]:
                continue
            checks = (
                (golden, lambda t: t.values),
                (noise.slots[slot], lambda t: prober.noise[t.name]),
            )
            span = numbering.span(numbers)
            moved = np.where(numbers < 0, -1, numbers - span.start)
            if all(
                _explains(moved, conversion, span.joined(source), found) for found, source in checks
            ):
                _add_places(places, slot, conversion, span, numbers)
                break
        else:
            folded.add(slot)
    return places, folded


def _explains(numbers: Numbers, conversion: Conversion, source: Values, found: Values) -> bool:
    """Whether moving ``source`` by ``numbers``, zero where padded, gives ``found`` exactly."""
    moved = conversion(source)[np.maximum(numbers, 0)]
    zero = np.zeros((), conversion.source.dtype).reshape(1)
    moved[numbers < 0] = conversion(zero)[0]
    return same_values(moved, found.reshape(-1))


def _add_places(
    places: dict[str, list[Place]],
    slot: str,
    conversion: Conversion,
    span: Span,
    numbers: Numbers,
) -> None:
    """Turn the numbers found in ``slot`` into a position for each element of each tensor."""
    starts = span.numbering.starts
    for i, tensor in enumerate(span.tensors, start=span.first):
        start, stop = starts[i], starts[i + 1]
        here = np.flatnonzero((numbers >= start) & (numbers < stop))
        elements = numbers[here] - start
        while len(here):
            # One element may stand in several positions: each round takes one of each.
            first = _first_of_each(elements, tensor.values.size)
            places.setdefault(tensor.name, []).append(
                Place(
                    slot, conversion, _positions(elements[first], here[first], tensor.values.size)
                )
            )
            here, elements = np.delete(here, first), np.delete(elements, first)


def _first_of_each(elements: Numbers, size: int) -> npt.NDArray[np.int64]:
    """Indices at which each number of ``elements`` (below ``size``) occurs first."""
    seen = np.zeros(size, bool)
    seen[elements] = True
    if np.count_nonzero(seen) == len(elements):  # a permutation, nearly always
        return np.arange(len(elements))
    return np.unique(elements, return_index=True)[1]


def _positions(
    elements: Numbers, positions: npt.NDArray[Any], size: int
) -> npt.NDArray[np.int32] | None:
    if len(elements) == size and np.array_equal(elements, positions):
        return None
    table = np.full(size, -1, np.int32)
    table[elements] = positions
    return table
