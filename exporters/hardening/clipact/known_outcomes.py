"""Outcomes of one layer's units under every threshold looked at, and conclusions without a run.

The *key* of a unit under a threshold is the number of its elements within the bounds. Sets of such
elements grow with the bounds, so that equal keys are equal sets and have equal outcomes; and
between two thresholds of equal key, all thresholds have that key.
"""

import numpy as np
import numpy.typing as npt

from analyzer.faults.rate_mixture import ScoreWeights

UNKNOWN = -1
"""Outcome or key of a unit that has not been found yet."""

Ints = npt.NDArray[np.int64]
UnitOutcomes = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]


class KnownOutcomes:
    """Outcomes and keys by scale of the threshold; scores and their errors follow from them."""

    def __init__(self, weights: ScoreWeights, image_of: Ints) -> None:
        """Begin without any scale.

        Args:
            weights: coefficients of the outcomes in the score.
            image_of: int64 (units,), the image of each unit; the images themselves come first.
        """
        self._weights, self._image_of = weights, image_of
        self._images = len(weights.clean)
        self._coefficients = np.concatenate([weights.clean, weights.faulty])
        self._keys: dict[float, Ints] = {}
        self._outcomes: dict[float, UnitOutcomes] = {}

    @property
    def scales(self) -> tuple[float, ...]:
        """Scales that were looked at, the first one first."""
        return tuple(self._outcomes)

    def outcomes(self, scale: float) -> UnitOutcomes:
        """Int8 (units,), to be filled in: 1 right, 0 wrong, `UNKNOWN`."""
        return self._outcomes[scale]

    def keys(self, scale: float) -> Ints:
        """Int64 (units,), to be filled in: keys, or `UNKNOWN`."""
        return self._keys[scale]

    def bounds(self, scale: float) -> tuple[float, float]:
        """Least and most that the score of a threshold can be, by the outcomes known so far."""
        outcomes = self._outcomes.get(scale)
        if outcomes is None:
            return -np.inf, np.inf
        known = outcomes != UNKNOWN
        certain = float(self._coefficients[known] @ outcomes[known])
        left = self._coefficients[~known]
        low, high = float(np.minimum(left, 0).sum()), float(np.maximum(left, 0).sum())
        return certain + low, certain + high

    def suspects(self, scale: float) -> Mask:
        """Bool (units,): units that the nearest known thresholds answer wrong.

        Asked first, they tell most.
        """
        below = max((s for s in self._outcomes if s < scale), default=scale)
        above = min((s for s in self._outcomes if s > scale), default=scale)
        return np.asarray((self._outcomes[below] == 0) | (self._outcomes[above] == 0))

    def deviation(self, first: float, second: float) -> float:
        """Standard error of the difference of two scores, from the outcomes known of both.

        Images are taken as a sample, trials as samples of their strata (Cochran, ch. 5).

        Args:
            first: a scale that was looked at.
            second: another one.
        """
        one, other = self._outcomes[first], self._outcomes[second]
        known = (one != UNKNOWN) & (other != UNKNOWN)
        change = np.where(known, one.astype(np.float64) - other, 0.0)
        images = self._images
        clean = change[:images]
        # Trials count as changes against their own images, as they do in the score.
        moved = change[images:] - clean[self._image_of[images:]]
        variance = _variance(clean) / images
        for weight, members in self._weights.strata:
            variance += weight**2 * _variance(moved[members]) / len(members)
        return float(np.sqrt(variance))

    def begin(self, scale: float, clean: UnitOutcomes | None) -> None:
        """Look at a threshold: take over whatever follows from those that were looked at.

        Args:
            scale: of the threshold.
            clean: int8 (images,), outcomes of the images, if they are known.
        """
        if scale not in self._outcomes:
            units = len(self._coefficients)
            self._outcomes[scale] = np.full(units, UNKNOWN, np.int8)
            self._keys[scale] = np.full(units, UNKNOWN, np.int64)
            if clean is not None:
                self._outcomes[scale][: self._images] = clean
        self._take_over_keys(scale)
        self.take_over(scale)

    def _take_over_keys(self, scale: float) -> None:
        """Between two thresholds of equal key all have that key."""
        below = max((s for s in self._keys if s < scale), default=None)
        above = min((s for s in self._keys if s > scale), default=None)
        if below is not None and above is not None:
            low, high = self._keys[below], self._keys[above]
            same = (low == high) & (low != UNKNOWN)
            self._keys[scale][same] = low[same]

    def take_over(self, scale: float) -> None:
        """Fill in the outcomes of units whose key another threshold shares."""
        mine, keys = self._outcomes[scale], self._keys[scale]
        for other, found in self._outcomes.items():
            same = (mine == UNKNOWN) & (keys != UNKNOWN) & (self._keys[other] == keys)
            mine[same] = found[same]


def _variance(values: npt.NDArray[np.float64]) -> float:
    """Variance of the population that a sample comes from, without bias."""
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
