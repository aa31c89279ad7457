"""Strata of fault patterns: by the number of severe upsets, whose law is known exactly."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyzer.faults import CountLaw, FaultModel, FaultPattern, SiteIndex
from analyzer.sampling import distinct_sites, draw_pattern
from analyzer.severity import Severity

MOST_STRATA = 4
"""Strata with exactly 0, 1, 2, 3 severe upsets at most; all others are one more."""

NEGLIGIBLE = 5e-4
"""Numbers of severe upsets rarer than this get no stratum of their own."""


@dataclass(frozen=True, slots=True)
class PatternStratum:
    """Patterns with at least one upset, told apart by how many of these are severe.

    Attributes:
        severe: Number of severe upsets; None: every number that has no stratum of its own.
        weight: Probability of such a pattern.
        name: Label in journals and reports: ``0``, ``1``, ``other``.
    """

    severe: int | None
    weight: float
    name: str


@dataclass(frozen=True)
class StratifiedLaw:
    """The count law of one rate, split by severity.

    Severe and mild upsets are independent: Binomial(severe bits, rate) and Binomial(mild bits,
    rate), each uniform without replacement on its own sites.
    """

    bits: int
    severity: Severity | None
    rate: float
    fault: FaultModel

    @property
    def whole(self) -> CountLaw:
        """The law of all upsets."""
        return CountLaw(self.bits, self.rate)

    @cached_property
    def severe(self) -> CountLaw:
        """The law of severe upsets."""
        return CountLaw(self.severity.severe_bits if self.severity else 0, self.rate)

    @cached_property
    def mild(self) -> CountLaw:
        """The law of the others."""
        return CountLaw(self.bits - self.severe.bits, self.rate)

    @cached_property
    def strata(self) -> tuple[PatternStratum, ...]:
        """All patterns with at least one upset, partitioned; weights sum to P(at least one)."""
        found = [PatternStratum(k, self._weight(k), str(k)) for k in self._told_apart]
        rest = self._rest
        if rest > 0.0 or not found:
            found.append(PatternStratum(None, rest, "other" if found else "any"))
        return tuple(found)

    @cached_property
    def _told_apart(self) -> tuple[int, ...]:
        """Numbers of severe upsets that are frequent enough for a stratum of their own."""
        if not self.severe.bits:
            return ()
        return tuple(k for k in range(MOST_STRATA) if self._weight(k) > NEGLIGIBLE)

    def _weight(self, severe: int) -> float:
        """Probability of a pattern with at least one upset and ``severe`` severe ones."""
        any_mild = self.mild.p_any if severe == 0 and self.mild.bits else float(severe > 0)
        return self.severe.probability(severe) * any_mild

    @cached_property
    def _rest(self) -> float:
        """Probability of all other patterns with at least one upset, without cancellation."""
        if not self._told_apart:
            return self.whole.p_any
        below = math.fsum(self._weight(k) for k in range(self._told_apart[0]))
        return below + self.severe.p_at_least(self._told_apart[-1] + 1)

    def draw(self, rng: np.random.Generator, stratum: PatternStratum) -> FaultPattern:
        """One pattern of a stratum."""
        if self.severity is None or not self._told_apart:
            return draw_pattern(rng, self.whole, self.fault)
        if stratum.severe is None and self._told_apart[0] > 0:
            return self._draw_other(rng, self.severity)
        severe, mild = self._counts(rng, stratum)
        return place_upsets(rng, self.severity, self.fault, severe, mild)

    def _draw_other(self, rng: np.random.Generator, severity: Severity) -> FaultPattern:
        """A pattern that no other stratum claims, where few are claimed: drawn until one is not."""
        while True:
            pattern = draw_pattern(rng, self.whole, self.fault)
            if np.count_nonzero(severity.are_severe(pattern.sites)) not in self._told_apart:
                return pattern

    def _counts(self, rng: np.random.Generator, stratum: PatternStratum) -> tuple[int, int]:
        """Numbers of severe and mild upsets of one pattern of a stratum."""
        if stratum.severe == 0:
            return 0, self.mild.draw_at_least(1, rng)
        if stratum.severe is None:  # told apart are 0, 1, ...: all others lie above
            return self.severe.draw_at_least(self._told_apart[-1] + 1, rng), self.mild.draw(rng)
        return stratum.severe, self.mild.draw(rng)


def place_upsets(
    rng: np.random.Generator, severity: Severity, fault: FaultModel, severe: int, mild: int
) -> FaultPattern:
    """A pattern of so many severe and so many mild upsets, each kind uniform on its sites."""
    parts = [
        severity.severe_sites(distinct_sites(rng, severity.severe_bits, severe)),
        _mild_sites(rng, severity, mild),
    ]
    return FaultPattern(fault, np.sort(np.concatenate(parts)))


def _mild_sites(rng: np.random.Generator, severity: Severity, count: int) -> SiteIndex:
    """``count`` distinct mild sites, uniform: drawn from all sites, severe ones sent back."""
    kept = np.zeros(0, np.int64)
    while len(kept) < count:
        drawn = rng.integers(severity.space.bits, size=count - len(kept), dtype=np.int64)
        kept = np.concatenate((kept, drawn[~severity.are_severe(drawn)]))
        kept.sort()
        if (kept[1:] == kept[:-1]).any():
            kept = np.unique(kept)
    return kept
