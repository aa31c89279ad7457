"""The search for folds: which initializers of the optimized graph are computed by which chain.

If all tensors but one have neutral contents, a folded initializer holds the elements of that one as
they are, so that digits tell where they stand. A fold counts only if it gives the same bits with
golden contents, with noise, and with arbitrary bits in every tensor: infinity, NaN, subnormal
numbers and negative variances are all among those.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import onnx

from analyzer.answers import same_values
from analyzer.faults.elements import ElementType, Values
from analyzer.model import AtRisk
from analyzer.runtime.layout.decode import Slot
from analyzer.runtime.layout.digit_probes import digit_probes, numberings_of
from analyzer.runtime.layout.element_numbers import Numbering
from analyzer.runtime.layout.fold_candidates import find_chains
from analyzer.runtime.layout.folds import Chain, Fold, Part
from analyzer.runtime.layout.probe_values import arbitrary_values
from analyzer.runtime.layout.prober import Prober
from analyzer.runtime.ort.optimized_graph import OptimizedModel


def find_folds(
    graph: onnx.GraphProto,
    prober: Prober,
    stable: Sequence[AtRisk],
    others: Sequence[AtRisk],
    slots: AbstractSet[str],
) -> tuple[list[Fold], set[str]]:
    """Find the folds that explain initializers of the optimized graph.

    Args:
        graph: the main graph of the file.
        prober: has the golden model and the noise.
        stable: tensors at risk whose contents do not change the optimized graph.
        others: tensors that no fault hits.
        slots: the initializers that are no mere move of elements.

    Returns:
        The folds, and the initializers that none of them explains.
    """
    if not slots:
        return [], set()
    tensors = {t.name: t for t in (*others, *stable)}
    floats = {n: t for n, t in tensors.items() if t.element.is_float and t.values.size > 1}
    chains = find_chains(graph, {name: t.values.shape for name, t in floats.items()})
    search = _Search.run(prober, stable, floats, chains) if chains else None
    if search is None:
        return [], {*slots}
    known = [name for name in sorted(slots) if name in prober.golden.slots]
    folds = [fold for slot in known if (fold := search.fold_of(slot)) is not None]
    return folds, {*slots} - {fold.slot for fold in folds}


@dataclass(frozen=True, slots=True)
class _Search:
    """The results of the probes of chains.

    Attributes:
        chains: The candidates.
        numberings: The numbers of the elements of each type.
        digits: The models with digits in the tensors that carry them, all others neutral.
        checks: Models with other contents, each with those contents by tensor.
    """

    chains: Sequence[Chain]
    numberings: dict[ElementType, Numbering]
    digits: Sequence[OptimizedModel]
    checks: Sequence[tuple[OptimizedModel, Mapping[str, Values]]]

    @staticmethod
    def run(
        prober: Prober,
        stable: Sequence[AtRisk],
        tensors: Mapping[str, AtRisk],
        chains: Sequence[Chain],
    ) -> "_Search | None":
        """Probe; None if the probes change the optimized graph.

        Args:
            prober: has the golden model and the noise.
            stable: the tensors at risk that can be probed.
            tensors: all tensors of which chains may consist.
            chains: the candidates.
        """
        golden = {name: t.values for name, t in tensors.items()}
        used = {n for c in chains for part in Part for n in c.tensors(part)}
        neutral = {n: v for c in chains for n, v in c.neutral(lambda n: golden[n].dtype)}
        filled = {n: np.broadcast_to(v, golden[n].shape).copy() for n, v in neutral.items()}
        at_risk = [t for t in stable if t.name in used]
        fixed = [tensors[name] for name in sorted(used - {t.name for t in at_risk})]
        # Elements of a tensor that no fault hits may tell the place of those that faults do hit.
        numberings = numberings_of([*stable, *fixed])
        digits = digit_probes(prober, numberings, filled)
        noise = prober.with_noise(stable)
        bits = {
            t.name: arbitrary_values(t.element, t.values.shape, i) for i, t in enumerate(at_risk)
        }
        arbitrary = prober.optimized_with(bits)
        if digits is None or noise is None or arbitrary is None:
            return None
        noisy = {t.name: prober.noise[t.name] for t in at_risk}
        checks = [(prober.golden, golden), (noise, golden | noisy), (arbitrary, golden | bits)]
        return _Search(chains, numberings, digits, checks)

    def fold_of(self, slot: str) -> Fold | None:
        """The fold that explains an initializer, if one of the candidates does."""
        read = Slot(slot, [model.slots[slot] for model in self.digits], [])
        places = read.places(self.numberings) or []
        if len(places) != 1:
            return None
        ((carrier, place),) = places
        if place.positions is not None and place.positions.drops:
            return None
        candidates = (
            Fold.of(chain, part, place, carrier)
            for chain in self.chains
            for part in Part
            if chain.carrier(part) == carrier
        )
        return next((f for f in candidates if all(self._explained(f))), None)

    def _explained(self, fold: Fold) -> Iterator[bool]:
        """For each check: true if the fold gives what the initializer holds."""
        for model, contents in self.checks:
            found = model.slots[fold.slot].reshape(-1)
            yield same_values(_computed(fold, contents, found), found)


def _computed(fold: Fold, contents: Mapping[str, Values], like: Values) -> Values:
    """The values of a fold's initializer, flat, padded with zeros.

    Args:
        fold: the fold.
        contents: of the tensors, by name.
        like: an array of the initializer's dtype and size.
    """
    values = fold.values(lambda name: fold.chain.columns(contents[name])).reshape(-1)
    expected = np.zeros_like(like)
    expected[fold.positions(np.arange(len(values)))] = fold.place.conversion(values)
    return expected
