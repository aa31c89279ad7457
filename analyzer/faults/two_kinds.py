"""Upsets of two kinds, one of which is counted: the common ground of all stratified laws.

Upsets on the counted bits and on all others are independent binomials. Strata tell patterns apart
by the number k of counted upsets. A pattern has at least one upset, so that with k = 0 there is at
least one upset on the other bits::

    P(k = 0) = P(no counted) P(any other),   P(k) = P(exactly k counted) for k > 0
"""

from dataclasses import dataclass

import numpy as np

from analyzer.faults.count_law import CountLaw


@dataclass(frozen=True, slots=True)
class TwoKinds:
    """The law of patterns with at least one upset, by how many counted upsets they have.

    Attributes:
        counted: Law of the upsets that are counted.
        others: Law of all other upsets.
    """

    counted: CountLaw
    others: CountLaw

    def weight(self, count: int) -> float:
        """Probability of a pattern with exactly ``count`` counted upsets.

        >>> law = TwoKinds(CountLaw(1, 0.5), CountLaw(1, 0.5))
        >>> law.weight(0), law.weight(1)
        (0.25, 0.5)
        """
        any_other = self.others.p_any if count == 0 and self.others.bits else float(count > 0)
        return self.counted.probability(count) * any_other

    def draw(self, rng: np.random.Generator, count: int) -> tuple[int, int]:
        """Numbers of counted and of other upsets of one pattern with ``count`` counted ones.

        Args:
            rng: of the trial.
            count: 0 or more; 0 only where there are other bits.
        """
        return count, self.others.draw(rng) if count else self.others.draw_at_least(1, rng)

    def draw_at_least(self, rng: np.random.Generator, least: int) -> tuple[int, int]:
        """The same for a pattern with ``least`` counted upsets or more.

        Args:
            rng: of the trial; the counted upsets are drawn first.
            least: 1 or more.
        """
        return self.counted.draw_at_least(least, rng), self.others.draw(rng)
