"""Fault patterns of one model that follow those of another, bit by bit where bits correspond.

Tensors correspond where name, shape, element type and encoding are equal. A variant's pattern is
the reference's pattern on the tensors that correspond, and upsets of its own on the others. Every
bit of either model is thus hit independently with the same probability, as in a campaign of its
own, and patterns are told apart by what hits the reference, so that the weights of its strata are
those of the variant too. Only patterns that spare the reference and hit the variant need one more.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.faults.count_law import CountLaw
from analyzer.faults.elements import StoredCodec
from analyzer.faults.models import FaultModel, FaultPattern, SiteIndex
from analyzer.faults.pattern_strata import PatternStratum, StratifiedLaw
from analyzer.faults.sampling import distinct_sites, with_kinds
from analyzer.faults.severity import Severity
from analyzer.faults.space import FaultSpace, TensorSite

OWN = "own"
"""Name of the stratum of patterns that hit only what the variant has alone."""

ENOUGH = 0.5
"""Share of the bits of both models from which on patterns are paired. Below it the reference's
strata tell little about the variant: each then has a campaign of its own."""

VANISHING = 1e-12
"""A stratum rarer than this is left out: the others' weights are not known more exactly."""


@dataclass(frozen=True)
class Correspondence:
    """The bits that two fault spaces have in common.

    Attributes:
        reference: The first space.
        variant: The second one.
        shifts: int64 (tensors of the reference,), what is added to a site to get the variant's.
        common: bool (tensors of the reference,), whether the tensor corresponds to one.
        own: int64 (n,), indices of the variant's tensors that correspond to none.
    """

    reference: FaultSpace
    variant: FaultSpace
    shifts: npt.NDArray[np.int64]
    common: npt.NDArray[np.bool_]
    own: npt.NDArray[np.int64]

    @cached_property
    def own_ends(self) -> npt.NDArray[np.int64]:
        """Running totals of the bits of the variant's own tensors: int64 (n,)."""
        return np.cumsum(np.diff(self.variant.offsets)[self.own], dtype=np.int64)

    @property
    def own_bits(self) -> int:
        """Bits that only the variant has."""
        return int(self.own_ends[-1]) if len(self.own) else 0

    @property
    def common_bits(self) -> int:
        """Bits that both have."""
        return self.variant.bits - self.own_bits

    @property
    def shares(self) -> tuple[float, float]:
        """Common bits as a share of the reference's and of the variant's."""
        return self.common_bits / self.reference.bits, self.common_bits / self.variant.bits

    @property
    def enough(self) -> bool:
        """True if patterns are worth pairing."""
        return min(self.shares) >= ENOUGH

    def carried_over(self, pattern: FaultPattern) -> FaultPattern:
        """The upsets of the variant that correspond to those of the reference; others vanish."""
        sites, chosen = pattern.sites, pattern.chosen
        tensors = self.reference.offsets.searchsorted(sites, side="right") - 1
        kept = self.common[tensors]
        carried = np.asarray(sites[kept] + self.shifts[tensors[kept]])
        return FaultPattern(pattern.fault, carried, None if chosen is None else chosen[kept])

    def own_sites(self, numbers: SiteIndex) -> SiteIndex:
        """Sites of the variant's own bits with these numbers, each in 0 .. ``own_bits - 1``."""
        places = self.own_ends.searchsorted(numbers, side="right")
        first = np.concatenate(([0], self.own_ends))[places]
        return np.asarray(self.variant.offsets[self.own[places]] + numbers - first)


def correspond(reference: FaultSpace, variant: FaultSpace) -> Correspondence:
    """Find the tensors that two spaces have in common.

    Args:
        reference: the first space.
        variant: the other space; tensors match by name, shape, type and encoding.
    """
    places = {_identity(t): i for i, t in enumerate(variant.tensors)}
    found = [places.get(_identity(t)) for t in reference.tensors]
    shifts = [
        0 if j is None else int(variant.offsets[j] - reference.offsets[i])
        for i, j in enumerate(found)
    ]
    taken = set(found)
    own = [j for j in range(len(variant.tensors)) if j not in taken]
    return Correspondence(
        reference,
        variant,
        np.array(shifts, np.int64),
        np.array([j is not None for j in found], bool),
        np.array(own, np.int64),
    )


def _identity(tensor: TensorSite) -> tuple[object, ...]:
    # A code within stored elements leaves them where they are: their bits are the same bits.
    held = "stored" if isinstance(tensor.codec, StoredCodec) else tensor.codec.name
    return tensor.target, tensor.name, tensor.shape, tensor.dtype, held


@dataclass(frozen=True)
class PairedLaw:
    """The law of a variant's patterns at one rate.

    Attributes:
        leading: The law of the reference's patterns.
        matched: Which bits correspond.
    """

    leading: StratifiedLaw
    matched: Correspondence

    @cached_property
    def own(self) -> CountLaw:
        """The number of upsets in bits that only the variant has."""
        return CountLaw(self.matched.own_bits, self.leading.rate)

    @property
    def p_none(self) -> float:
        """Probability of a pattern that spares both models, and is in no stratum."""
        return self.leading.p_none * self.own.p_none

    @cached_property
    def strata(self) -> tuple[PatternStratum, ...]:
        """The reference's, and patterns that spare the reference and hit the variant."""
        spared = math.exp(self.leading.bits * math.log1p(-self.leading.rate))
        weight = spared * self.own.p_any if self.own.bits else 0.0
        alone = (PatternStratum(None, weight, OWN),) if weight > VANISHING else ()
        return self.leading.strata + alone

    def draw(self, rng: np.random.Generator, stratum: PatternStratum) -> FaultPattern:
        """One pattern of a stratum; the reference, given ``rng`` alike, draws its counterpart.

        Args:
            rng: of the trial, the same for all models of a comparison.
            stratum: one of `strata`.
        """
        fault = self.leading.fault
        if stratum.name == OWN:
            count = self.own.draw_at_least_one(rng)
            numbers = distinct_sites(rng, self.own.bits, count)
            return with_kinds(rng, FaultPattern(fault, self.matched.own_sites(numbers)))
        parts = [self.matched.carried_over(self.leading.draw(rng, stratum))]
        if self.own.bits:  # what the reference drew is used up: the next numbers are independent
            count = self.own.draw(rng)
            numbers = distinct_sites(rng, self.own.bits, count)
            parts.append(with_kinds(rng, FaultPattern(fault, self.matched.own_sites(numbers))))
        return _together(fault, parts)


def _together(fault: FaultModel, parts: list[FaultPattern]) -> FaultPattern:
    """The upsets of several patterns, sites ascending."""
    sites = np.concatenate([part.sites for part in parts])
    order = np.argsort(sites)
    chosen = [part.chosen for part in parts if part.chosen is not None]
    return FaultPattern(fault, sites[order], np.concatenate(chosen)[order] if chosen else None)


@dataclass(frozen=True)
class Pairing:
    """The law by which a variant's patterns follow from the reference's.

    Attributes:
        plan_id: The plan of the reference, from which all random numbers follow.
        severity: The reference's severe and mild bits; None: patterns are not stratified.
        matched: Which bits correspond.
    """

    plan_id: str
    severity: Severity | None
    matched: Correspondence

    def law(self, rate: float, fault: FaultModel) -> PairedLaw:
        """The law of the variant's patterns at one rate.

        Args:
            rate: bit error rate, in (0, 1).
            fault: the effect of one upset.
        """
        bits = self.matched.reference.bits
        return PairedLaw(StratifiedLaw(bits, self.severity, rate, fault), self.matched)
