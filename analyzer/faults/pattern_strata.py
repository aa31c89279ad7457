"""Strata of fault patterns: by how many severe upsets rise, whose law is known exactly."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultModel, FaultPattern, SiteIndex
from analyzer.faults.sampling import distinct_sites, draw_pattern, with_kinds
from analyzer.faults.severity import Severity
from analyzer.faults.two_kinds import TwoKinds

MOST_STRATA = 4
"""Strata with exactly 0, 1, 2, 3 rising upsets at most; all others are one more."""

NEGLIGIBLE = 5e-4
"""Patterns rarer than this get no stratum of their own."""

SPARE = 2
"""Sites drawn at once beyond those wanted, besides a sixteenth."""

OFTEN = 0.5
"""Share of all patterns from which on a stratum is drawn by drawing patterns until one belongs."""

FALLING = "falling"
"""Name of the stratum of patterns whose severe upsets all fall."""


@dataclass(frozen=True, slots=True)
class PatternStratum:
    """Patterns with at least one upset, told apart by their severe upsets.

    Attributes:
        rising: Number of severe upsets that rise; None: every number that has no stratum of its
            own.
        weight: Probability of such a pattern.
        name: Label in journals and reports: ``0``, ``falling``, ``1``, ``other``.
        falling: Whether at least one severe upset falls, or none does; None: either.
    """

    rising: int | None
    weight: float
    name: str
    falling: bool | None = None


@dataclass(frozen=True)
class StratifiedLaw:
    """The count law of one rate, split by severity.

    Rising, falling and mild upsets are independent: Binomial(bits of the kind, rate), each uniform
    without replacement on its own sites.
    """

    bits: int
    severity: Severity | None
    rate: float
    fault: FaultModel

    @property
    def whole(self) -> CountLaw:
        """The law of all upsets."""
        return CountLaw(self.bits, self.rate)

    @property
    def p_none(self) -> float:
        """Probability of a pattern without upset, which is in no stratum."""
        return self.whole.p_none

    @cached_property
    def rising(self) -> CountLaw:
        """The law of severe upsets that rise."""
        return CountLaw(self.severity.rising_bits if self.severity else 0, self.rate)

    @cached_property
    def falling(self) -> CountLaw:
        """The law of the other severe upsets."""
        severe = self.severity.severe_bits if self.severity else 0
        return CountLaw(severe - self.rising.bits, self.rate)

    @cached_property
    def mild(self) -> CountLaw:
        """The law of upsets that are not severe."""
        return CountLaw(self.others.bits - self.falling.bits, self.rate)

    @cached_property
    def others(self) -> CountLaw:
        """The law of all upsets that do not rise."""
        return CountLaw(self.bits - self.rising.bits, self.rate)

    @cached_property
    def kinds(self) -> TwoKinds:
        """Upsets that rise, which are counted, and all others."""
        return TwoKinds(self.rising, self.others)

    @cached_property
    def strata(self) -> tuple[PatternStratum, ...]:
        """All patterns with at least one upset, partitioned; weights sum to P(at least one)."""
        found = [PatternStratum(k, self.kinds.weight(k), str(k)) for k in self._told_apart]
        if found and found[0].rising == 0:
            found[:1] = self._without_rising()
        rest = self._rest
        if rest > 0.0 or not found:
            found.append(PatternStratum(None, rest, "other" if found else "any"))
        return tuple(found)

    def _without_rising(self) -> list[PatternStratum]:
        """Patterns in which nothing rises, parted by whether something falls if that pays."""
        none = self.rising.probability(0)
        mild = none * self.falling.probability(0) * self.mild.p_any
        falling = none * self.falling.p_any
        if min(mild, falling) > NEGLIGIBLE:
            return [
                PatternStratum(0, mild, "0", falling=False),
                PatternStratum(0, falling, FALLING, falling=True),
            ]
        return [PatternStratum(0, self.kinds.weight(0), "0")]

    @cached_property
    def _told_apart(self) -> tuple[int, ...]:
        """Numbers of rising upsets that are frequent enough for a stratum of their own."""
        if not self.rising.bits:
            return ()
        return tuple(k for k in range(MOST_STRATA) if self.kinds.weight(k) > NEGLIGIBLE)

    @cached_property
    def _rest(self) -> float:
        """Probability of all other patterns with at least one upset, without cancellation."""
        if not self._told_apart:
            return self.whole.p_any
        below = math.fsum(self.kinds.weight(k) for k in range(self._told_apart[0]))
        return below + self.rising.p_at_least(self._told_apart[-1] + 1)

    def draw(self, rng: np.random.Generator, stratum: PatternStratum) -> FaultPattern:
        """One pattern of a stratum.

        Args:
            rng: of the trial.
            stratum: one of `strata`.
        """
        return with_kinds(rng, self._draw(rng, stratum))

    def _draw(self, rng: np.random.Generator, stratum: PatternStratum) -> FaultPattern:
        """The same, kinds of a mixture not drawn yet."""
        severity = self.severity
        if severity is None or not self._told_apart:
            return draw_pattern(rng, self.whole, self.fault)
        if stratum.rising is None and self._told_apart[0] > 0:
            return self._draw_other(rng, severity)
        if stratum.falling is not None:
            return self._draw_without_rising(rng, severity, stratum.falling)
        return self._place(rng, severity, *self._counts(rng, stratum))

    def _place(
        self, rng: np.random.Generator, severity: Severity, rising: int, others: int
    ) -> FaultPattern:
        """A pattern with so many upsets that rise, and so many others."""
        high = severity.rising_sites(distinct_sites(rng, severity.rising_bits, rising))
        free = self.others.bits
        return self._pattern(high, draw_sites(rng, self.bits, free, others, severity.are_rising))

    def _draw_other(self, rng: np.random.Generator, severity: Severity) -> FaultPattern:
        """A pattern that no other stratum claims, where numbers below those told apart are none.

        Where few are claimed, patterns are drawn until one is not. At rates near 1 nearly all are,
        and the number of rising upsets is drawn from those that are left.
        """
        if self._rest < OFTEN * self.whole.p_any:
            rising = self._unclaimed(rng)
            others = self.others.draw_at_least(0 if rising else 1, rng)
            return self._place(rng, severity, rising, others)
        while True:
            pattern = draw_pattern(rng, self.whole, self.fault)
            if np.count_nonzero(severity.are_rising(pattern.sites)) not in self._told_apart:
                return pattern

    def _unclaimed(self, rng: np.random.Generator) -> int:
        """A number of rising upsets that has no stratum of its own."""
        first, last = self._told_apart[0], self._told_apart[-1]
        left = rng.random() * self._rest
        for rising in range(first):
            if (left := left - self.kinds.weight(rising)) < 0.0:
                return rising
        if last == self.rising.bits:  # rounding: there are none above
            return first - 1
        return self.rising.draw_at_least(last + 1, rng)

    def _draw_without_rising(
        self, rng: np.random.Generator, severity: Severity, falling: bool
    ) -> FaultPattern:
        """A pattern in which nothing rises, and something falls or nothing does."""
        if not falling:
            count = self.mild.draw_at_least(1, rng)
            return self._pattern(self._draw_mild(rng, severity, count))
        count, mild = self.falling.draw_at_least(1, rng), self.mild.draw(rng)
        low = severity.falling_sites(distinct_sites(rng, self.falling.bits, count))
        return self._pattern(low, self._draw_mild(rng, severity, mild))

    def _draw_mild(self, rng: np.random.Generator, severity: Severity, count: int) -> SiteIndex:
        return draw_sites(rng, self.bits, self.mild.bits, count, severity.are_severe)

    def _counts(self, rng: np.random.Generator, stratum: PatternStratum) -> tuple[int, int]:
        """Numbers of rising and other upsets of one pattern of a stratum."""
        if stratum.rising is None:  # told apart are 0, 1, ...: all others lie above
            return self.kinds.draw_at_least(rng, self._told_apart[-1] + 1)
        return self.kinds.draw(rng, stratum.rising)

    def _pattern(self, *parts: SiteIndex) -> FaultPattern:
        return FaultPattern(self.fault, np.sort(np.concatenate(parts)))


def place_upsets(
    rng: np.random.Generator, severity: Severity, fault: FaultModel, severe: int, mild: int
) -> FaultPattern:
    """A pattern of so many severe and so many mild upsets, each kind uniform on its sites.

    Args:
        rng: of the trial.
        severity: the bits that are severe, and those that are mild.
        fault: the effect of one upset.
        severe: number of severe upsets, 0 or more.
        mild: number of mild upsets, 0 or more.
    """
    parts = [
        severity.severe_sites(distinct_sites(rng, severity.severe_bits, severe)),
        draw_sites(rng, severity.space.bits, severity.mild_bits, mild, severity.are_severe),
    ]
    return FaultPattern(fault, np.sort(np.concatenate(parts)))


def draw_sites(
    rng: np.random.Generator,
    bits: int,
    free: int,
    count: int,
    refused: Callable[[SiteIndex], Bools],
) -> SiteIndex:
    """``count`` distinct sites that are not refused, uniform, ascending.

    Sites are drawn from all, and the first ``count`` that are distinct and not refused are kept: by
    symmetry every set is equally likely. A few more are drawn at once, for those that are refused.
    Where most of the free sites are wanted, as at rates near 1, the last ones would hardly ever be
    met: then the free sites are listed, and those that are left out are chosen.

    Args:
        rng: of the trial.
        bits: number of all sites.
        free: number of sites that are not refused.
        count: number of sites wanted, at most ``free``.
        refused: of int64 (n,) sites, bool (n,) which must not be taken.
    """
    if count > free // 2:
        every = np.arange(bits, dtype=np.int64)
        return every[~refused(every)][distinct_sites(rng, free, count)]
    drawn = rng.integers(bits, size=count + SPARE + count // 16, dtype=np.int64)
    accepted = drawn[~refused(drawn)]
    kept = np.sort(accepted[:count])
    if len(kept) == count and not (kept[1:] == kept[:-1]).any():
        return kept
    while len(distinct := dict.fromkeys(accepted.tolist())) < count:
        drawn = rng.integers(bits, size=count - len(distinct), dtype=np.int64)
        accepted = np.concatenate((accepted, drawn[~refused(drawn)]))
    return np.sort(np.array(list(distinct)[:count], np.int64))
