"""The score of every threshold of one layer, from few runs of parts of the graph.

A threshold decides the fate of a unit - an image, without faults or under a pattern - only through
the bounded value, and that changes with the threshold only where the value has numbers between the
old and the new one. So the *key* of a unit is how many of its numbers are within the bounds: two
thresholds under which it is the same share the outcome. What is behind the bound is run once per
unit and key, on units of several patterns together.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure
from analyzer.faults.rate_mixture import ScoreWeights
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.clipact.bounded_graph import Arrays
from exporters.hardening.clipact.scoring_units import Block, Ints, LayerBlocks, Load, TrialContext

UNKNOWN = -1
SLACK = 1e-12
"""Scores closer than this are equal: sums of the same numbers in another order."""

Outcomes = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]


class LayerScorer:
    """Scores thresholds of one site under faults in its layer, others as they are at present."""

    def __init__(
        self,
        context: TrialContext,
        site: str,
        maximum: Threshold,
        loads: Sequence[Load],
        weights: ScoreWeights,
        clean: Outcomes | None = None,
    ) -> None:
        """Prepare; what passes the layer is computed when it is first needed.

        Args:
            context: what all layers share; its frontier is moved to this layer.
            site: the site.
            maximum: its bounds at scale 1.
            loads: the trials.
            weights: what each outcome counts.
            clean: outcomes of the images at scale 1, if they are known.
        """
        self._context, self._site, self._maximum = context, site, maximum
        self.loads, self.weights = tuple(loads), weights
        self._blocks = LayerBlocks(context, site, loads, len(weights.clean))
        self._coefficients = np.concatenate([weights.clean, weights.faulty])
        self._clean = clean
        self._keys: dict[float, Ints] = {}
        self._outcomes: dict[float, Outcomes] = {}
        self._waiting: list[tuple[int, Arrays]] = []
        self._alike: list[int] = []
        self.rows_run = 0

    @property
    def scales(self) -> tuple[float, ...]:
        """Scales that were looked at, in that order."""
        return tuple(self._outcomes)

    def bounds(self, scale: float) -> tuple[float, float]:
        """What the score of a threshold is at least and at most, by the outcomes known so far."""
        outcomes = self._outcomes.get(scale)
        if outcomes is None:
            return -np.inf, np.inf
        known = outcomes != UNKNOWN
        certain = float(self._coefficients[known] @ outcomes[known])
        left = self._coefficients[~known]
        return certain + float(np.minimum(left, 0).sum()), certain + float(
            np.maximum(left, 0).sum()
        )

    def complete(self, scale: float, rival: float | None = None) -> tuple[float, float]:
        """Find the outcomes of all units under a threshold, or until a rival is better for sure.

        Args:
            scale: of the threshold, 1 for the maximum.
            rival: scale of another one, which is complete.

        Returns:
            `bounds` afterwards: twice the score, or two numbers of which even the higher is below
            the rival's score.
        """
        record = -np.inf if rival is None else self.bounds(rival)[0]
        self._begin(scale)
        suspects = self._suspects(scale)
        for few in (suspects, np.ones_like(suspects)):
            for number in range(len(self._blocks)):
                if self.bounds(scale)[1] < record - SLACK:
                    break
                self._fill(number, scale, few)
                self._take_over_clean(scale)
                self._context.alive()
            self._flush(scale)
        return self.bounds(scale)

    def _suspects(self, scale: float) -> Mask:
        """Units that the nearest thresholds known answer wrong: asked first, they tell most."""
        below = max((s for s in self._outcomes if s < scale), default=scale)
        above = min((s for s in self._outcomes if s > scale), default=scale)
        return np.asarray((self._outcomes[below] == 0) | (self._outcomes[above] == 0))

    def deviation(self, first: float, second: float) -> float:
        """Standard error of the difference of two scores, from the outcomes known of both.

        Images are taken as a sample, trials as samples of their strata (Cochran, ch. 5).
        """
        one, other = self._outcomes[first], self._outcomes[second]
        known = (one != UNKNOWN) & (other != UNKNOWN)
        change = np.where(known, one.astype(np.float64) - other, 0.0)
        images, image_of = self._blocks.images, self._blocks.image_of
        clean = change[:images]
        moved = change[images:] - clean[image_of[images:]]
        variance = _variance(clean) / images
        for weight, members in self.weights.strata:
            variance += weight**2 * _variance(moved[members]) / len(members)
        return float(np.sqrt(variance))

    def outcomes(self, scale: float) -> Outcomes:
        """Int8 (images + trials,): 1 right, 0 wrong, -1 not known."""
        return self._outcomes[scale]

    def _begin(self, scale: float) -> None:
        if scale not in self._outcomes:
            units = len(self._coefficients)
            self._outcomes[scale] = np.full(units, UNKNOWN, np.int8)
            self._keys[scale] = np.full(units, UNKNOWN, np.int64)
            if scale == 1.0 and self._clean is not None:
                self._outcomes[scale][: self._blocks.images] = self._clean
        self._alike = []
        self._context.graph.set_threshold(self._site, scaled(self._maximum, scale))
        self._take_over_keys(scale)
        self._take_over_outcomes(scale)

    def _take_over_keys(self, scale: float) -> None:
        """Between two thresholds of equal key all have that key."""
        below = max((s for s in self._keys if s < scale), default=None)
        above = min((s for s in self._keys if s > scale), default=None)
        if below is not None and above is not None:
            low, high = self._keys[below], self._keys[above]
            same = (low == high) & (low != UNKNOWN)
            self._keys[scale][same] = low[same]

    def _take_over_outcomes(self, scale: float) -> None:
        """Equal keys, equal outcomes."""
        mine, keys = self._outcomes[scale], self._keys[scale]
        for other, found in self._outcomes.items():
            same = (mine == UNKNOWN) & (keys != UNKNOWN) & (self._keys[other] == keys)
            mine[same] = found[same]

    def _fill(self, number: int, scale: float, wanted: Mask) -> None:
        """Find the outcomes of the wanted units of one block, or put them down to be found."""
        units, outcomes, keys = self._blocks.units(number), self._outcomes[scale], self._keys[scale]
        units = units[wanted[units] & ((outcomes[units] == UNKNOWN) | (keys[units] == UNKNOWN))]
        if not len(units):
            return
        block = self._blocks.block(number)
        for unit in units[keys[units] == UNKNOWN].tolist():
            keys[unit] = self._blocks.key(block, unit)
        self._take_over_outcomes(scale)
        for unit in units[outcomes[units] == UNKNOWN].tolist():
            self._settle(block, unit, scale)

    def _settle(self, block: Block, unit: int, scale: float) -> None:
        """Queue one unit, unless it failed before or gives what its image gives without faults."""
        if self._blocks.equals_clean(unit):
            self._alike.append(unit)
            return
        row = self._blocks.row(block, unit)
        if row is None:
            self._outcomes[scale][unit] = 0
        elif unit >= self._blocks.images and self._blocks.stretch.late:
            self._outcomes[scale][unit] = self._run_late(unit, row)
        else:
            self._waiting.append((unit, row))
            if len(self._waiting) == self._context.rows.most:
                self._run(scale)

    def _flush(self, scale: float) -> None:
        """Run what is queued; then units like their fault-free image have its outcome."""
        self._run(scale)
        self._take_over_clean(scale)

    def _take_over_clean(self, scale: float) -> None:
        """Units like their fault-free image have its outcome, where that is known."""
        outcomes, alike = self._outcomes[scale], self._alike
        outcomes[alike] = outcomes[self._blocks.image_of[alike]]
        self._alike = [unit for unit in alike if outcomes[unit] == UNKNOWN]

    def _run(self, scale: float) -> None:
        """Run what is queued."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        right = self._right(waiting)
        if right is None:  # one of them may have made it fail
            alone = (self._right([one]) for one in waiting)
            right = np.array([found is not None and bool(found[0]) for found in alone])
        self._outcomes[scale][[unit for unit, _ in waiting]] = right

    def _right(self, units: Sequence[tuple[int, Arrays]]) -> npt.NDArray[np.bool_] | None:
        """Which of some units are right behind the bound; None if the run fails."""
        graph = self._context.graph
        part = graph.part(self._blocks.stretch.bound, graph.end)
        carried = (name for name in graph.outputs if name not in part.outputs)
        names = list(dict.fromkeys((*part.inputs, *carried)))
        values = self._context.rows.join([row for _, row in units], names)
        made = part.run(values)
        self.rows_run += len(units)
        if isinstance(made, Failure):
            return None
        known = {**values, **made}
        answer = Answer(tuple(known[name] for name in graph.outputs))
        images = self._blocks.image_of[[unit for unit, _ in units]]
        return self._context.reference.right(answer, images)

    def _run_late(self, unit: int, row: Arrays) -> bool:
        """A trial whose faulty weights are read behind the bound as well."""
        load = self.loads[unit - self._blocks.images]
        with self._context.graph.executor.inject(load.pattern):
            right = self._right([(unit, row)])
        return right is not None and bool(right[0])


def _variance(values: npt.NDArray[np.float64]) -> float:
    """Of the population that a sample comes from, without bias."""
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def scaled(maximum: Threshold, scale: float) -> Threshold:
    """Both bounds moved towards 0 by the same factor.

    >>> scaled(Threshold(low=-0.5, high=4.0), 0.5)
    Threshold(low=-0.25, high=2.0)
    """
    if scale == 1.0:
        return maximum
    low = None if maximum.low is None else min(maximum.low, 0.0) * scale
    return Threshold(low=low, high=max(maximum.high, 0.0) * scale)
