"""Number of upsets of one exposure: the binomial law of counts."""

import math
from dataclasses import dataclass

import numpy as np
import scipy


@dataclass(frozen=True, slots=True)
class CountLaw:
    """Number of upsets that hit a memory of ``bits`` bits: Binomial(bits, rate), exactly.

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
    def p_none(self) -> float:
        """Probability of no upset: (1 - rate)^bits.

        >>> CountLaw(1000, 0.999).p_none < 1e-300
        True
        """
        return math.exp(self.bits * math.log1p(-self.rate))

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

        Args:
            least: fewest upsets, 1 or more.
            rng: of the trial.
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
