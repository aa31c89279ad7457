"""Where every element at risk went when ONNX Runtime optimized the model: ask the optimizer.

Probe models with known contents are optimized like the real one. A tensor whose elements the
optimizer only moved (and perhaps widened) can be faulted in place. One that changes nothing in
the optimized graph has no effect. All others - folded into new values, or deciding which nodes
exist - must be faulted in the file and loaded anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import onnx

from analyzer.faults.elements import ElementType, Values
from analyzer.faults.space import Kind
from analyzer.memory.array_file import ArrayFile, leave
from analyzer.memory.trim import return_free_memory
from analyzer.model import AtRisk
from analyzer.runtime.layout.decode import ContentsOf, Place, Slot
from analyzer.runtime.layout.element_numbers import Numbering
from analyzer.runtime.layout.probe_session import ProbeOptimizer
from analyzer.runtime.layout.probe_values import digits_needed, noise_values
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.optimized_graph import OptimizedModel, changed, optimize

PROBE_BUDGET = 24
"""Optimizer runs spent, per kind, on finding culprits; what is undecided is loaded anew, safely."""


LEAST_FILED = 2**20
"""Bytes of weights from which on they are kept in a file that processes share."""

SINGLE = "a single value may decide which operators ONNX Runtime runs"
DECIDES = "its value decides which operators ONNX Runtime runs"
FOLDED = "ONNX Runtime folds it into other values when loading"


class Route(StrEnum):
    """How the live executor faults a tensor."""

    IN_PLACE = "in place"
    NO_EFFECT = "no effect"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Layout:
    """The optimized golden model, and how each tensor at risk is reached in it.

    Attributes:
        optimized: The model.
        routes: By tensor.
        reasons: By tensor that is loaded anew: why.
        places: By tensor that is faulted in place.
        file: The slots of all places, where they are large enough to be shared by processes.
    """

    optimized: OptimizedModel
    routes: dict[str, Route]
    reasons: dict[str, str]
    places: dict[str, tuple[Place, ...]]
    file: ArrayFile | None = None

    @property
    def slots(self) -> dict[str, Values]:
        """The golden contents of all slots in which some tensor is faulted."""
        names = {place.slot for places in self.places.values() for place in places}
        return {name: self.optimized.slots[name] for name in sorted(names)}

    def filed(self) -> "Layout":
        """The same with large slots in a file, if they are not yet.

        Raises:
            UnwritableOutput: there is no room for it.
        """
        slots = self.slots
        if self.file is not None or sum(v.nbytes for v in slots.values()) < LEAST_FILED:
            return self
        file = ArrayFile.of(slots, hot=True)
        optimized = OptimizedModel(self.optimized.proto, self.optimized.slots | file.arrays())
        return replace(self, optimized=optimized, file=file)


class Prober:
    """Optimizes variants of one golden model and compares what comes out."""

    def __init__(
        self,
        proto: onnx.ModelProto,
        tensors: Sequence[AtRisk],
        golden: OptimizedModel | None = None,
        others: Sequence[AtRisk] = (),
        device: Device = CPU,
    ) -> None:
        self.golden = golden or optimize(proto, device)
        self._injector = ProbeOptimizer(proto, [*tensors, *others], device)
        self.tensors = tensors
        self._noisy: tuple[list[str], OptimizedModel | None] | None = None

    def optimized_with(self, contents: dict[str, Values]) -> OptimizedModel | None:
        """The optimized model with other contents; None if its structure is not the golden one."""
        try:
            result = self._injector.optimized(contents)
        except Exception:  # whatever ONNX Runtime objects to, these contents decide it
            return None
        finally:
            for values in (*contents.values(), *(t.values for t in self.tensors)):
                leave(values)
        return result if result.structure == self.golden.structure else None

    @cached_property
    def noise(self) -> dict[str, Values]:
        """ContentsOf without meaning, different from golden in every element."""
        found = {t.name: noise_values(t.element, t.values, i) for i, t in enumerate(self.tensors)}
        large = {name: values for name, values in found.items() if values.nbytes >= LEAST_FILED}
        if large:  # they are looked at now and then only, and are as large as the model
            found |= ArrayFile.of(large).arrays()
        return found

    def with_noise(self, tensors: Sequence[AtRisk]) -> OptimizedModel | None:
        """The optimized model with noise in ``tensors``; the last one asked for is kept."""
        names = [t.name for t in tensors]
        if self._noisy is None or self._noisy[0] != names:
            self._noisy = names, self.optimized_with({name: self.noise[name] for name in names})
        return self._noisy[1]

    def with_nan(self, tensors: Sequence[AtRisk]) -> OptimizedModel | None:
        """The optimized model with NaN in ``tensors``, integers with noise."""
        contents = {t.name: self.noise[t.name] for t in tensors}
        for element in {t.element for t in tensors if t.element.is_float}:
            alike = [t for t in tensors if t.element is element]
            nan = np.full(max(t.values.size for t in alike), np.nan, element.dtype)
            contents |= {t.name: nan[: t.values.size].reshape(t.values.shape) for t in alike}
        return self.optimized_with(contents)

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


def find_layout(
    proto: onnx.ModelProto,
    tensors: Sequence[AtRisk],
    golden: OptimizedModel | None = None,
    others: Sequence[AtRisk] = (),
    device: Device = CPU,
) -> Layout:
    """Probe where the elements of ``tensors`` stand after optimization.

    Args:
        proto: the golden model.
        tensors: its tensors at risk, with their golden contents, whatever ``proto`` has in them.
        golden: what ONNX Runtime makes of the golden model; None: find out, from ``proto``.
        others: tensors that no fault hits, with their contents, if ``proto`` may lack them.
        device: for which it is optimized.

    Raises whatever ONNX Runtime raises if it cannot load the golden model.
    """
    prober = Prober(proto, tensors, golden, others, device)
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
    if sum(t.values.nbytes for t in stable) >= LEAST_FILED:
        return_free_memory()  # of four models that were optimized
    places: dict[str, list[Place]] = {}
    touched = changed(noise, prober.golden)
    for probe in probes:
        touched |= changed(probe, prober.golden)
    folded = touched & prober.golden.hidden.keys()
    for name in sorted(touched - folded):
        checks: list[tuple[Values, ContentsOf]] = [
            (prober.golden.slots[name], lambda t: t.values),
            (noise.slots[name], lambda t: prober.noise[t.name]),
        ]
        found = Slot(name, [p.slots[name] for p in probes], checks).places(numberings)
        if found is None:
            folded.add(name)
        for moved, place in found or ():
            places.setdefault(moved, []).append(place)
        for model in (prober.golden, noise, *probes):
            leave(model.slots[name])
    return places, folded
