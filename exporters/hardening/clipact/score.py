"""The score of every threshold of one layer, from few runs of parts of the graph.

A unit is an image, without faults or under a pattern. A threshold decides the outcome of a unit
only through the bounded value. So the nodes behind the bound run once per unit and key
(`known_outcomes`), on units of several patterns together, and only until the threshold cannot be
the best any more.
"""

from collections.abc import Sequence

import numpy as np

from analyzer.answers import Answer, Failure
from analyzer.faults.rate_mixture import ScoreWeights, Trial
from analyzer.runtime.stretches.golden_run import Arrays
from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.clipact.known_outcomes import UNKNOWN, KnownOutcomes, Mask, UnitOutcomes
from exporters.hardening.clipact.scoring_units import LayerBlocks, SearchContext, UnitBlock

SLACK = 1e-12
"""Scores closer than this are equal: sums of the same numbers in another order."""


class LayerScorer:
    """Scores thresholds of one site under faults in its layer, others as they are at present."""

    def __init__(
        self,
        context: SearchContext,
        site: str,
        maximum: Threshold,
        trials: Sequence[Trial],
        weights: ScoreWeights,
        clean: UnitOutcomes | None = None,
    ) -> None:
        """Prepare; values that pass the layer are computed when they are first needed.

        Args:
            context: shared by all layers; its entry is moved to this layer.
            site: the site.
            maximum: its bounds at scale 1.
            trials: their sites are counted as the graph's executor counts them.
            weights: coefficient of each outcome.
            clean: int8 (images,), outcomes of the images at scale 1, if they are known.
        """
        self._context, self._site, self._maximum = context, site, maximum
        self.trials, self.weights = tuple(trials), weights
        self._blocks = LayerBlocks(context, site, self.trials, len(weights.clean))
        self._known = KnownOutcomes(weights, self._blocks.image_of)
        self._clean = clean
        self._waiting: list[tuple[int, Arrays]] = []
        self._alike: list[int] = []
        self.rows_run = 0

    @property
    def scales(self) -> tuple[float, ...]:
        """Scales that were looked at, the first one first."""
        return self._known.scales

    def bounds(self, scale: float) -> tuple[float, float]:
        """Least and most that the score of a threshold can be, by the outcomes known so far."""
        return self._known.bounds(scale)

    def deviation(self, first: float, second: float) -> float:
        """Standard error of the difference of two scores, from the outcomes known of both.

        Args:
            first: a scale that was looked at.
            second: another one.
        """
        return self._known.deviation(first, second)

    def outcomes(self, scale: float) -> UnitOutcomes:
        """Outcomes under the threshold at ``scale``: int8 (images + trials,).

        1 is right, 0 wrong, -1 not known.
        """
        return self._known.outcomes(scale)

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
        self._alike = []
        self._context.graph.set_threshold(self._site, scaled(self._maximum, scale))
        self._known.begin(scale, self._clean if scale == 1.0 else None)
        suspects = self._known.suspects(scale)
        for wanted in (suspects, np.ones_like(suspects)):
            for number in range(len(self._blocks)):
                if self.bounds(scale)[1] < record - SLACK:
                    break
                self._fill(number, scale, wanted)
                self._take_over_clean(scale)
                self._context.alive()
            # What is queued may complete the images that others are like.
            self._run(scale)
            self._take_over_clean(scale)
        return self.bounds(scale)

    def _fill(self, number: int, scale: float, wanted: Mask) -> None:
        """Find the outcomes of the wanted units of one block, or put them down to be found."""
        units, outcomes = self._blocks.units(number), self._known.outcomes(scale)
        keys = self._known.keys(scale)
        units = units[wanted[units] & ((outcomes[units] == UNKNOWN) | (keys[units] == UNKNOWN))]
        if not len(units):
            return
        block = self._blocks.block(number)
        for unit in units[keys[units] == UNKNOWN].tolist():
            keys[unit] = self._blocks.key(block, unit)
        self._known.take_over(scale)
        for unit in units[outcomes[units] == UNKNOWN].tolist():
            self._settle(block, unit, scale)

    def _settle(self, block: UnitBlock, unit: int, scale: float) -> None:
        """Queue one unit, unless it failed before or gives what its image gives without faults."""
        if self._blocks.equals_clean(unit):
            self._alike.append(unit)
            return
        row = self._blocks.row(block, unit)
        if row is None:
            self._known.outcomes(scale)[unit] = 0
        elif unit >= self._blocks.images and self._blocks.span.late:
            self._known.outcomes(scale)[unit] = self._run_late(unit, row)
        else:
            self._waiting.append((unit, row))
            if len(self._waiting) == self._context.batching.most:
                self._run(scale)

    def _take_over_clean(self, scale: float) -> None:
        """Units like their fault-free image have its outcome, where that is known."""
        outcomes, alike = self._known.outcomes(scale), self._alike
        outcomes[alike] = outcomes[self._blocks.image_of[alike]]
        self._alike = [unit for unit in alike if outcomes[unit] == UNKNOWN]

    def _run(self, scale: float) -> None:
        """Run the queued units."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        right = self._right(waiting)
        if right is None:  # one of them may have made it fail
            alone = (self._right([one]) for one in waiting)
            right = np.array([found is not None and bool(found[0]) for found in alone])
        self._known.outcomes(scale)[[unit for unit, _ in waiting]] = right

    def _right(self, units: Sequence[tuple[int, Arrays]]) -> Mask | None:
        """Outcome of some units behind the bound, bool (units,); None if the run fails."""
        graph = self._context.graph
        part = graph.part(self._blocks.span.bound, graph.end)
        carried = (name for name in graph.outputs if name not in part.outputs)
        names = list(dict.fromkeys((*part.inputs, *carried)))
        values = self._context.batching.join([row for _, row in units], names)
        made = part.run(values)
        self.rows_run += len(units)
        if isinstance(made, Failure):
            return None
        known = {**values, **made}
        answer = Answer(tuple(known[name] for name in graph.outputs))
        images = self._blocks.image_of[[unit for unit, _ in units]]
        return self._context.reference.right(answer, images)

    def _run_late(self, unit: int, row: Arrays) -> bool:
        """Outcome of a trial whose faulty weights are read behind the bound as well."""
        trial = self.trials[unit - self._blocks.images]
        with self._context.graph.executor.inject(trial.pattern):
            right = self._right([(unit, row)])
        return right is not None and bool(right[0])


def scaled(maximum: Threshold, scale: float) -> Threshold:
    """Both bounds of a site moved towards 0 by the same factor.

    Args:
        maximum: the bounds at scale 1.
        scale: the factor, in [0, 1].

    >>> scaled(Threshold(low=-0.5, high=4.0), 0.5)
    Threshold(low=-0.25, high=2.0)
    """
    if scale == 1.0:
        return maximum
    low = None if maximum.low is None else min(maximum.low, 0.0) * scale
    return Threshold(low=low, high=max(maximum.high, 0.0) * scale)
