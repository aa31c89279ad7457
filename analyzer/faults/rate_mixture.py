"""The faults that thresholds are scored by: upsets in one layer, over all rates at once.

The score of a threshold is the area under accuracy over the logarithm of the rate: a weighted mean
over rates r with weights w_r. The number of upsets in a layer of n bits is Binomial(n, r), and
given their number they are spread alike at every rate. So the score is the mean accuracy under
*one* law, the mixture over rates, and a trial serves them all. That law is split by the number of
upsets that are felt, those that move a weight by more than `FELT` times the tensor's largest one::

    score = W_0 A_0 + sum_s W_s A_s,     W_s = sum_r w_r P_r(s)

``A_0``, without an upset, is exact. Each other A_s is written as A_0 plus the mean change that
trials show on their images, so that what faults do is not drowned in which images were drawn
(control variate; Owen, *Monte Carlo theory, methods and examples*, ch. 8.9).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FLIP, FaultPattern
from analyzer.faults.pattern_strata import place_upsets
from analyzer.faults.sampling import distinct_sites, generator, in_turn
from analyzer.faults.severity import Severity
from analyzer.faults.two_kinds import TwoKinds
from analyzer.stats.area import area_weights
from analyzer.stats.neyman import neyman_shares

FELT = 0.25
"""Multiple of a tensor's largest value; below it, an upset hardly moves an activation."""

TOLD_APART = 3
"""Patterns with 1 and 2 felt upsets have strata of their own; from 3 on they share one."""

MILD_DEVIATION = 0.25
"""Guessed standard deviation of the outcome of a pattern without a felt upset, where that of all
others is 1. The guess decides how many trials such patterns get, never what is estimated."""

FEWEST = 16
"""Trials that every stratum gets."""


@dataclass(frozen=True, slots=True)
class FeltStratum:
    """Patterns of at least one upset that have equally many felt ones.

    Attributes:
        felt: Number of felt upsets; None: any number; `TOLD_APART` stands for that and more.
        weight: W_s, its probability in the mixture over rates.
        shares: float64 (rates,), what each rate contributes to the weight; they sum to 1.
    """

    felt: int | None
    weight: float
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One pattern on one image.

    Attributes:
        pattern: Sites counted within the layer.
        image: Index of the image.
        stratum: Index of the stratum.
    """

    pattern: FaultPattern
    image: int
    stratum: int


@dataclass(frozen=True)
class LayerLaw:
    """The mixture over rates of the count laws of one layer.

    Attributes:
        severity: Which upsets of the layer are felt.
        rates: Bit error rates, each in (0, 1), ascending.
    """

    severity: Severity
    rates: tuple[float, ...]

    @property
    def bits(self) -> int:
        """Number of bits of the layer."""
        return self.severity.space.bits

    def strata(self) -> tuple[FeltStratum, ...]:
        """All patterns with at least one upset; weights sum to the probability of one."""
        if not self.severity.severe_bits:
            return (self._stratum(None),)
        found = (self._stratum(felt) for felt in range(TOLD_APART + 1))
        return tuple(s for s in found if s.weight > 0.0)

    def _stratum(self, felt: int | None) -> FeltStratum:
        parts = [
            weight * self._probability(felt, rate)
            for weight, rate in zip(area_weights(self.rates), self.rates, strict=True)
        ]
        total = sum(parts)
        return FeltStratum(felt, total, tuple(p / total for p in parts) if total else ())

    def _probability(self, felt: int | None, rate: float) -> float:
        if felt is None:
            return CountLaw(self.bits, rate).p_any
        kinds = self._kinds(rate)
        return kinds.counted.p_at_least(felt) if felt == TOLD_APART else kinds.weight(felt)

    def _kinds(self, rate: float) -> TwoKinds:
        """Felt upsets, which are counted, and all others at one rate."""
        severity = self.severity
        return TwoKinds(CountLaw(severity.severe_bits, rate), CountLaw(severity.mild_bits, rate))

    def draw(self, rng: np.random.Generator, stratum: FeltStratum) -> FaultPattern:
        """Draw one pattern of a stratum.

        Args:
            rng: of the trial; the rate is drawn first, then numbers of upsets, then sites.
            stratum: one of `strata`.
        """
        rate = self.rates[int(rng.choice(len(self.rates), p=stratum.shares))]
        if stratum.felt is None:
            law = CountLaw(self.bits, rate)
            return FaultPattern(FLIP, distinct_sites(rng, law.bits, law.draw_at_least(1, rng)))
        kinds, felt = self._kinds(rate), stratum.felt
        counts = kinds.draw_at_least(rng, felt) if felt == TOLD_APART else kinds.draw(rng, felt)
        return place_upsets(rng, self.severity, FLIP, *counts)


def trials_per_stratum(strata: Sequence[FeltStratum], trials: int) -> list[int]:
    """Trials of each stratum, about ``trials`` together, by Neyman's rule with guessed deviations.

    Args:
        strata: of one layer.
        trials: wanted for the whole layer. The sum is less where shares are rounded down, and
            more where strata get `FEWEST`.
    """
    deviations = [MILD_DEVIATION if s.felt == 0 else 1.0 for s in strata]
    shares = neyman_shares([s.weight for s in strata], deviations, trials)
    return [max(FEWEST, math.floor(share)) for share in shares]


def draw_trials(law: LayerLaw, images: int, trials: int, plan: str, layer: str) -> list[Trial]:
    """Draw the trials by which every threshold of one layer is scored.

    Args:
        law: of the layer.
        images: number of validation images; each stratum goes through them in turn.
        trials: how many, about.
        plan: text that decides the random numbers, besides the layer.
        layer: name of the site.
    """
    strata = law.strata()
    found = []
    counts = trials_per_stratum(strata, trials)
    for number, (stratum, count) in enumerate(zip(strata, counts, strict=True)):
        stream = f"layer={layer!r} felt={stratum.felt}"
        for trial in range(count):
            pattern = law.draw(generator(plan, stream, trial), stratum)
            image = in_turn(plan, f"{stream} images", trial, images)
            found.append(Trial(pattern, image, number))
    return found


@dataclass(frozen=True)
class ScoreWeights:
    """The score as a sum: ``clean @ right_without_faults + faulty @ right_in_trials``.

    Attributes:
        clean: float64 (images,); may be negative, because trials are counted as changes.
        faulty: float64 (trials,).
        strata: (W_s, int64 indices of its trials) of each stratum.
    """

    clean: npt.NDArray[np.float64]
    faulty: npt.NDArray[np.float64]
    strata: tuple[tuple[float, npt.NDArray[np.int64]], ...]


def weights_of(strata: Sequence[FeltStratum], trials: Sequence[Trial], images: int) -> ScoreWeights:
    """Coefficients of every outcome in the score.

    Args:
        strata: of one layer.
        trials: all trials of that layer.
        images: number of validation images.
    """
    number = np.array([t.stratum for t in trials], np.int64)
    members = [np.flatnonzero(number == i) for i in range(len(strata))]
    faulty = np.zeros(len(trials))
    for stratum, found in zip(strata, members, strict=True):
        faulty[found] = stratum.weight / len(found)
    drawn = np.array([t.image for t in trials], np.int64)
    clean = np.full(images, 1.0 / images)
    # Each trial counts as a change against its own image, so that its weight leaves that image.
    clean -= np.bincount(drawn, faulty, images) if len(trials) else 0.0
    pairs = zip(strata, members, strict=True)
    return ScoreWeights(clean, faulty, tuple((s.weight, found) for s, found in pairs))
