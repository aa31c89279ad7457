"""What one upset does to the bits it hits, and how many upsets a bit error rate brings."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import numpy as np
import numpy.typing as npt
import scipy

from analyzer.bits import Codes
from analyzer.errors import BadOption

MAX_BURST = 64


class FaultKind(StrEnum):
    """The closed set of upsets."""

    FLIP = "flip"
    BURST = "burst"
    STUCK0 = "stuck0"
    STUCK1 = "stuck1"


@dataclass(frozen=True, slots=True)
class FaultModel:
    """What one upset does.

    Attributes:
        kind: ``flip`` inverts one bit; ``burst`` inverts ``length`` adjacent bits of the tensor
            from the site upwards (a burst ends with its tensor); ``stuck0`` and ``stuck1`` read
            as that value whatever is stored.
        length: Bits per upset, 1 except for bursts.
    """

    kind: FaultKind
    length: int = 1

    def __str__(self) -> str:
        """The form in which flags and reports write it."""
        return f"burst:{self.length}" if self.kind is FaultKind.BURST else str(self.kind)

    def apply(self, codes: Codes, masks: Codes) -> Codes:
        """Codes after the upset.

        Args:
            codes: unsigned (n,), the stored bits.
            masks: same dtype and shape, 1 where a bit is hit.

        >>> FaultModel(FaultKind.STUCK1).apply(np.array([5], np.uint8), np.array([2], np.uint8))
        array([7], dtype=uint8)
        """
        match self.kind:
            case FaultKind.FLIP | FaultKind.BURST:
                return codes ^ masks
            case FaultKind.STUCK0:
                return codes & ~masks
            case FaultKind.STUCK1:
                return codes | masks
        assert_never(self.kind)

    @staticmethod
    def examples() -> tuple[tuple[str, int, int, int], ...]:
        """(fault, code, mask, code after): one per kind, executed by a test."""
        return (
            ("flip", 0b1010, 0b0110, 0b1100),
            ("burst:2", 0b1010, 0b0110, 0b1100),
            ("stuck0", 0b1010, 0b0110, 0b1000),
            ("stuck1", 0b1010, 0b0110, 0b1110),
        )


def parse_fault(text: str) -> FaultModel:
    """Read ``flip``, ``burst:K``, ``stuck0`` or ``stuck1``.

    Raises:
        BadOption: anything else, or K outside 2..64.

    >>> str(parse_fault("burst:3"))
    'burst:3'
    """
    name, colon, length = text.partition(":")
    if name == FaultKind.BURST and length.isdecimal() and 2 <= int(length) <= MAX_BURST:
        return FaultModel(FaultKind.BURST, int(length))
    if not colon and name in {FaultKind.FLIP, FaultKind.STUCK0, FaultKind.STUCK1}:
        return FaultModel(FaultKind(name))
    raise BadOption(
        f"--fault {text!r} is not a fault model; use flip, burst:K (K from 2 to {MAX_BURST}), "
        "stuck0 or stuck1"
    )


@dataclass(frozen=True, slots=True)
class CountLaw:
    """How many upsets hit a memory of ``bits`` bits: Binomial(bits, rate), exactly.

    Every bit is hit independently with probability ``rate`` (Milazzo et al. 2025, section III-A).
    The count is never truncated or rounded.
    """

    bits: int
    rate: float

    @property
    def expected(self) -> float:
        """Mean number of upsets."""
        return self.bits * self.rate

    @property
    def p_any(self) -> float:
        """Probability of at least one upset: 1 - (1 - rate)^bits, without cancellation.

        >>> round(CountLaw(1000, 1e-9).p_any, 15)
        9.99999501e-07
        """
        return -math.expm1(self.bits * math.log1p(-self.rate))

    def probability(self, count: int) -> float:
        """Probability of exactly ``count`` upsets."""
        if count > self.bits:
            return 0.0
        log = count * math.log(self.rate) + (self.bits - count) * math.log1p(-self.rate)
        ways = (math.log((self.bits - i) / (i + 1)) for i in range(count))
        return math.exp(log + math.fsum(ways))

    def p_at_least(self, count: int) -> float:
        """Probability of ``count`` upsets or more, without cancellation.

        The regularized incomplete beta function I_p(count, bits - count + 1) (DLMF 8.17.5).

        >>> round(CountLaw(10, 0.5).p_at_least(9), 6), CountLaw(10, 0.5).p_at_least(0)
        (0.010742, 1.0)
        """
        if count <= 0:
            return 1.0
        return (
            float(scipy.special.betainc(count, self.bits - count + 1, self.rate))
            if count <= self.bits
            else 0.0
        )

    def draw(self, rng: np.random.Generator) -> int:
        """One count from the law."""
        return int(rng.binomial(self.bits, self.rate))

    def draw_at_least(self, least: int, rng: np.random.Generator) -> int:
        """One count from the law, given that it is ``least`` or more.

        The distribution is inverted term by term from P(least), or, where ``least`` is no rare
        count, drawn until it is reached.
        """
        if least == 1:
            return self.draw_at_least_one(rng)
        if self.p_at_least(least) > 0.1:
            while (count := self.draw(rng)) < least:
                pass
            return count
        left = rng.random() * self.p_at_least(least)
        count = least
        while count < self.bits and (left := left - self.probability(count)) > 0:
            count += 1
        return count

    def draw_at_least_one(self, rng: np.random.Generator) -> int:
        """One count from the law, given that it is not zero.

        The zero count is a stratum of its own (its outcome is known: golden), so campaigns
        sample only the rest. Small means are inverted term by term from
        P(k+1)/P(k) = (bits-k)/(k+1) * rate/(1-rate); large means reject the vanishing zero, and so
        do rates above 1/2, where the terms start below what a float tells apart.
        """
        if self.expected > 30 or self.rate > 0.5:
            while True:
                count = int(rng.binomial(self.bits, self.rate))
                if count:
                    return count
        odds = self.rate / (1.0 - self.rate)
        term = math.exp((self.bits - 1) * math.log1p(-self.rate)) * self.bits * self.rate
        left = rng.random() * self.p_any - term
        count = 1
        while left > 0 and count < self.bits:
            term *= (self.bits - count) / (count + 1) * odds
            count += 1
            if term < left * 1e-17:
                break
            left -= term
        return count


SiteIndex = npt.NDArray[np.int64]
"""Positions of upsets in a `FaultSpace`: int64 (n,), each in 0..bits-1, ascending, distinct."""


@dataclass(frozen=True, slots=True)
class FaultPattern:
    """The upsets of one trial: where they hit, and what each does."""

    fault: FaultModel
    sites: SiteIndex

    def __len__(self) -> int:
        """Number of upsets."""
        return len(self.sites)
