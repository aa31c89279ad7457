"""The layout: where each element at risk stands in the optimized model, as probing shows.

Probe models with known contents are optimized like the real one. A tensor whose elements the
optimizer only moves (and perhaps widens) can be faulted in place. A tensor that changes nothing in
the optimized graph has no effect. All others are folded into new values, or decide which nodes
exist: such a tensor must be faulted in the file, and the file loaded anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import onnx

from analyzer.faults.elements import ElementType, Values
from analyzer.faults.space import Kind
from analyzer.memory.array_file import ArrayFile, leave
from analyzer.memory.trim import return_free_memory
from analyzer.model import AtRisk
from analyzer.runtime.layout.decode import Place, Slot
from analyzer.runtime.layout.digit_probes import digit_probes, numberings_of
from analyzer.runtime.layout.element_numbers import Numbering
from analyzer.runtime.layout.fold_search import find_folds
from analyzer.runtime.layout.folds import Fold
from analyzer.runtime.layout.prober import Prober
from analyzer.runtime.layout.reordered_sums import ReorderedSums
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.optimized_graph import OptimizedModel, changed

LEAST_FILED = 2**20
"""Bytes of weights from which on they are kept in a file that processes share."""

SINGLE = "a single value may decide which operators ONNX Runtime runs"
DECIDES = "its value decides which operators ONNX Runtime runs"
UNSTABLE = "ONNX Runtime makes another graph of this model at each load"
FOLDED = "ONNX Runtime folds it into other values when loading"


class Route(StrEnum):
    """The way in which the live executor faults a tensor."""

    IN_PLACE = "in place"
    RECOMPUTED = "recomputed"
    NO_EFFECT = "no effect"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Layout:
    """The optimized golden model, and how each tensor at risk is reached in it.

    Attributes:
        optimized: The optimized golden model.
        routes: The route of each tensor.
        reasons: The reason why a tensor is reloaded, for each that is.
        places: The places of the elements of each tensor that is faulted in place.
        file: The slots of all places, where they are large enough to be shared by processes.
        folds: The slots whose new values are computed, as ONNX Runtime computes them on loading.
        reordered: What the runtime adds up in another order than a default session does, if it
            adds up anything so.
    """

    optimized: OptimizedModel
    routes: dict[str, Route]
    reasons: dict[str, str]
    places: dict[str, tuple[Place, ...]]
    file: ArrayFile | None = None
    folds: tuple[Fold, ...] = ()
    reordered: ReorderedSums | None = None

    @property
    def slots(self) -> dict[str, Values]:
        """The golden contents of all slots in which some tensor is faulted."""
        names = {place.slot for places in self.places.values() for place in places}
        names |= {fold.slot for fold in self.folds}
        return {name: self.optimized.slots[name] for name in sorted(names)}

    def slots_of(self, tensor: str) -> set[str]:
        """Names of the slots that faults in a tensor change."""
        moved = {place.slot for place in self.places.get(tensor, ())}
        return moved | {fold.slot for fold in self.folds if tensor in fold.tensors}

    def filed(self) -> "Layout":
        """The same layout with its slots in a file, if they are large and not yet in one.

        Raises:
            UnwritableOutput: there is no room for the file.
        """
        slots = self.slots
        if self.file is not None or sum(v.nbytes for v in slots.values()) < LEAST_FILED:
            return self
        file = ArrayFile.of(slots, hot=True)
        optimized = OptimizedModel(self.optimized.proto, self.optimized.slots | file.arrays())
        return replace(self, optimized=optimized, file=file)


def find_layout(
    proto: onnx.ModelProto,
    tensors: Sequence[AtRisk],
    golden: OptimizedModel | None = None,
    others: Sequence[AtRisk] = (),
    device: Device = CPU,
) -> Layout:
    """Find out by probing where the elements of tensors stand after optimization.

    Args:
        proto: the golden model.
        tensors: its tensors at risk, with their golden contents, whatever ``proto`` has in them.
        golden: the golden model, optimized; None: optimize ``proto``.
        others: tensors that no fault hits, with their contents, if ``proto`` may lack them.
        device: the device for which the model is optimized.

    Raises whatever ONNX Runtime raises if it cannot load the golden model.
    """
    prober = Prober(proto, tensors, golden, others, device)
    # A special value in a tensor of one element decides what is left out; noise would not tell.
    several = [t for t in tensors if t.values.size > 1]
    stable = prober.passing(several, prober.keeps_structure)
    stable, decoded = _decode_together(prober, stable)
    folds, left = find_folds(proto.graph, prober, stable, others, decoded.folded)
    names = clean = _names(stable)
    if left:
        clean = _names(_without_influence(prober, stable, decoded, left))
    clean, kept = whole_folds(clean, folds, _names(others))
    reasons = dict.fromkeys(names - clean, FOLDED)
    reasons |= dict.fromkeys(_names(several) - names, _undecided(prober, stable))
    reasons |= dict.fromkeys(_names(tensors) - _names(several), SINGLE)
    recomputed = frozenset[str]().union(*(fold.tensors for fold in kept))
    routes = {t.name: _route(t.name, clean, recomputed, decoded) for t in tensors}
    places = {name: tuple(found) for name, found in decoded.places.items()}
    return Layout(prober.golden, routes, reasons, places, folds=tuple(kept))


def whole_folds(
    clean: Collection[str], folds: Sequence[Fold], fixed: Collection[str]
) -> tuple[set[str], list[Fold]]:
    """The folds of which no tensor is reloaded, and the tensors that are not reloaded then.

    A pattern that hits two tensors of a fold is computed as a whole, or not at all.

    Args:
        clean: tensors at risk that may be faulted in place.
        folds: the folds that were found.
        fixed: tensors that no fault hits.
    """
    usable = {*clean, *fixed}
    while broken := [fold for fold in folds if not fold.tensors <= usable]:
        usable = usable.difference(*(fold.tensors for fold in broken))
        folds = [fold for fold in folds if fold not in broken]
    return usable - {*fixed}, list(folds)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """The places that the probes' digits told.

    Attributes:
        places: The places of the elements of each tensor that was moved.
        folded: The optimized initializers that depend on tensors at risk and are no mere move.
    """

    places: dict[str, list[Place]]
    folded: set[str]


def _undecided(prober: Prober, stable: Sequence[AtRisk]) -> str:
    """The reason for tensors whose contents, by all appearances, change the graph.

    If no tensor is ``stable``, golden contents are tried as well: they may change it, too.
    """
    return DECIDES if stable or prober.optimized_with({}) is not None else UNSTABLE


def _names(tensors: Sequence[AtRisk]) -> set[str]:
    return {tensor.name for tensor in tensors}


def _route(
    name: str, clean: Collection[str], recomputed: Collection[str], decoded: _Decoded
) -> Route:
    if name not in clean:
        return Route.RELOAD
    if name in recomputed:
        return Route.RECOMPUTED
    return Route.IN_PLACE if name in decoded.places else Route.NO_EFFECT


def _without_influence(
    prober: Prober, stable: Sequence[AtRisk], decoded: _Decoded, folded: set[str]
) -> list[AtRisk]:
    """The tensors of ``stable`` that leave the ``folded`` initializers as they are.

    NaN shows an influence that golden zeros hide: 0 x finite is 0, 0 x NaN is not.
    """

    def leaves(group: Sequence[AtRisk]) -> bool:
        probes = (prober.with_noise(group), prober.with_nan(group))
        return all(p is not None and not changed(p, prober.golden) & folded for p in probes)

    # Culprits stand in no other place as a rule: two groups spare the search among the others.
    placed = [t for t in stable if t.name in decoded.places]
    elsewhere = [t for t in stable if t.name not in decoded.places]
    return [t for group in (placed, elsewhere) for t in prober.passing(group, leaves)]


SUSPECTS = (Kind.CONSTANT, Kind.SCALE, Kind.ZERO_POINT, Kind.NORM, Kind.BIAS, Kind.WEIGHT)
"""Kinds given up, in this order, when tensors that pass alone change the structure together."""


def _decode_together(prober: Prober, stable: list[AtRisk]) -> tuple[list[AtRisk], _Decoded]:
    """`_decode` for as many of ``stable`` as can be probed at the same time."""
    # Weights, which are most of the memory, are given up last.
    for given_up in range(len(SUSPECTS) + 1):
        kept = [t for t in stable if t.kind not in SUSPECTS[:given_up]]
        decoded = _decode(prober, kept)
        if decoded is not None:
            return kept, decoded
    return [], _Decoded({}, set())


def _decode(prober: Prober, stable: Sequence[AtRisk]) -> _Decoded | None:
    """Read from probes where the elements of ``stable`` stand.

    None when the probes together change the structure, though each tensor alone does not.
    """
    numberings = numberings_of(stable)
    probes = digit_probes(prober, numberings)
    noise = prober.with_noise(stable) if probes is not None else None
    if probes is None or noise is None:
        return None
    if sum(t.values.nbytes for t in stable) >= LEAST_FILED:
        return_free_memory()  # of four models that were optimized
    found = _Decoded({}, set())
    touched = changed(noise, prober.golden)
    for probe in probes:
        touched |= changed(probe, prober.golden)
    for name in sorted(touched):
        _decode_slot(name, prober, [*probes, noise], numberings, found)
    return found


def _decode_slot(
    name: str,
    prober: Prober,
    models: Sequence[OptimizedModel],
    numberings: dict[ElementType, Numbering],
    found: _Decoded,
) -> None:
    """Add to ``found`` what stands in one slot.

    Args:
        name: the slot.
        prober: has the golden model and the noise.
        models: the digit probes, and last the model with noise.
        numberings: of the elements of each type.
        found: what was found so far.
    """
    golden, (*probes, noise) = prober.golden, models
    if name in golden.hidden:  # of a type that no buffer can replace
        found.folded.add(name)
        return
    # Digits read as numbers may fit by chance; golden contents and noise must be explained, too.
    slot = Slot(
        name,
        [probe.slots[name] for probe in probes],
        [
            (golden.slots[name], lambda t: t.values),
            (noise.slots[name], lambda t: prober.noise[t.name]),
        ],
    )
    places = slot.places(numberings)
    if places is None:
        found.folded.add(name)
    for tensor, place in places or ():
        found.places.setdefault(tensor, []).append(place)
    for model in (golden, *models):
        leave(model.slots[name])
