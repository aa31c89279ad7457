"""A finished map: its tensors, and the figures of kinds, bit positions and the whole memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from analyzer.campaign.maps.result import TensorResult
from analyzer.campaign.plan import Plan
from analyzer.campaign.result import Stop, ended_early
from analyzer.faults.bit_positions import BitPosition
from analyzer.faults.space import AnyKind, FaultSpace, TensorSite
from analyzer.stats.areas import AreaEstimate, AreaStratum, estimate_area, untried_share


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the memory that is no single tensor.

    Attributes:
        sites: Number of fault sites.
        trials: Trials behind the estimate, each with one upset in the area.
        untried: Share of its fault sites of which nothing is known.
        estimate: Effect of one upset in the area; None where ``untried`` exceeds the margin.
    """

    sites: int
    trials: int
    untried: float
    estimate: AreaEstimate | None


@dataclass(frozen=True)
class VulnerabilityMap:
    """The effect of one upset, part by part.

    Attributes:
        plan: The plan of the map; its precision is the margin.
        golden: The metric of the fault-free run.
        space: The fault space.
        tensors: One entry per tensor.
    """

    plan: Plan
    golden: float
    space: FaultSpace
    tensors: tuple[TensorResult, ...]

    @property
    def complete(self) -> bool:
        """True if every tensor reached the margin."""
        return not self.cut_short

    @property
    def cut_short(self) -> frozenset[Stop]:
        """Reasons why tensors ended early; empty if all are complete."""
        return ended_early(t.stop for t in self.tensors)

    @property
    def trials(self) -> int:
        """Trials of the whole map, each with one injected fault."""
        return sum(t.trials for t in self.tensors)

    @property
    def leveugle(self) -> int:
        """Faults that Leveugle's formula asks for, added up over the tensors."""
        return sum(t.leveugle for t in self.tensors)

    @cached_property
    def whole(self) -> Area:
        """The whole memory at risk."""
        return self._area(self.tensors)

    @cached_property
    def kinds(self) -> dict[AnyKind, Area]:
        """The tensors of each kind together."""
        kinds = dict.fromkeys(t.kind for t in self.space.tensors)
        return {k: self._area(t for t in self.tensors if self._site(t).kind is k) for k in kinds}

    @cached_property
    def bits(self) -> dict[BitPosition, Area]:
        """Each bit position of all tensors of one element type together, top bit first."""
        found: dict[BitPosition, list[tuple[int, AreaStratum]]] = {}
        for tensor in self.tensors:
            site = self._site(tensor)
            for bit, seen in tensor_bits(tensor):
                position = BitPosition(site.dtype, site.codec.name, bit)
                found.setdefault(position, []).append((site.elements, seen))
        ordered = sorted(found, key=lambda p: (p.dtype, p.codec, -p.bit))
        return {p: self._together(found[p]) for p in ordered}

    @cached_property
    def sdc_shares(self) -> tuple[float | None, ...]:
        """Share of each tensor in the SDC of an upset anywhere: its bits times its probability.

        None where that of a tensor is not known, and of all where that of the whole is not.
        """
        if self.whole.estimate is None:
            return (None,) * len(self.tensors)
        harm = [
            t.estimate.sdc.estimate * self._site(t).bits if t.estimate else None
            for t in self.tensors
        ]
        total = sum(h for h in harm if h is not None)
        return tuple(None if h is None else h / total if total else 0.0 for h in harm)

    def _site(self, tensor: TensorResult) -> TensorSite:
        return self.space.tensors[tensor.tensor]

    def _area(self, tensors: Iterable[TensorResult]) -> Area:
        return self._together([(s.sites, s.first) for t in tensors for s in t.strata])

    def _together(self, parts: list[tuple[int, AreaStratum]]) -> Area:
        """The area of some strata, each with its number of sites."""
        sites = sum(count for count, _ in parts)
        strata = [replace(seen, weight=count / sites) for count, seen in parts]
        trials, untried = sum(seen.tally.trials for _, seen in parts), untried_share(strata)
        known = untried <= self.plan.precision
        found = estimate_area(strata, self.plan.confidence) if known else None
        return Area(sites, trials, untried, found)


def tensor_bits(tensor: TensorResult) -> Iterator[tuple[int, AreaStratum]]:
    """Bit positions of a tensor, each with the outcomes of the first trials there."""
    for stratum in tensor.strata:
        yield from zip(stratum.positions, stratum.columns, strict=True)
