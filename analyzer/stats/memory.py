"""Stratified estimates of what the protection of a memory did."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.stats.intervals import Interval
from analyzer.stats.strata import Stratum, share_of_images


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Effects of the protection of a memory; shares of images.

    Attributes:
        corrected: probability that an image meets upsets all of which are corrected.
        detected: probability that an image meets an error that the memory finds and does not
            correct.
    """

    corrected: Interval
    detected: Interval


def estimate_memory(
    strata: Sequence[Stratum], confidence: float, harmless: float
) -> MemoryEstimate:
    """Estimate of what the protection of a memory did, from stratified trials.

    Args:
        strata: the parts.
        confidence: nominal coverage of each interval, in (0, 1).
        harmless: probability of patterns without upset, in [0, 1].
    """
    return MemoryEstimate(
        corrected=share_of_images(strata, lambda t: t.corrected, confidence, (0.0, harmless)),
        detected=share_of_images(strata, lambda t: t.detected, confidence, (0.0, harmless)),
    )
