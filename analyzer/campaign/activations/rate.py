"""The trials of one bit error rate: activations under fault patterns, stratum by stratum.

A trial draws its pattern as a sweep draws it (`analyzer.campaign.rate_cells`), so that the law is
the same, and trial *i* is a pure function of the plan. Patterns without upset are not run: their
activations are those without faults, and their probability is known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.answers import Failure, Result
from analyzer.campaign.activations.golden import GoldenActivations, values_of
from analyzer.campaign.activations.result import (
    Distribution,
    Parts,
    RateActivations,
    distribution,
)
from analyzer.campaign.activations.site import Site, SiteCounts, Values
from analyzer.campaign.patterns import PatternSource
from analyzer.campaign.rate_cells import Cell
from analyzer.campaign.result import Stop
from analyzer.evaluation.dataset import AnyBatch
from analyzer.faults.models import FaultPattern
from analyzer.runtime.executor import Executor
from analyzer.stats.estimate import planned_look
from analyzer.stats.intervals import Interval
from analyzer.stats.weighted import Sample, sum_limits

UNTRIED = 0.125
"""Strata rarer than this share of the precision are not tried: they widen the interval."""

Look = Callable[[FaultPattern, AnyBatch, Result], object]
"""Told a pattern, a batch, and what the model answered."""


@dataclass(frozen=True)
class Ground:
    """All that trials of any rate need.

    Attributes:
        executor: Of the model that returns its activations.
        source: Gives each trial its pattern.
        batches: The data set.
        input_name: Name of the model's first input.
        golden: The activations without faults.
        look: See `Look`; told of the first trial of each rate.
    """

    executor: Executor
    source: PatternSource
    batches: Sequence[AnyBatch]
    input_name: str
    golden: GoldenActivations
    look: Look

    @property
    def ends(self) -> npt.NDArray[np.int64]:
        """int64 (batches,): running totals of the batch sizes, in images."""
        return np.cumsum([batch.images for batch in self.batches], dtype=np.int64)


class StratumTrials:
    """The trials of one stratum of one rate."""

    def __init__(self, ground: Ground, cell: Cell, weight: float) -> None:
        """Nothing was run yet.

        Args:
            ground: what trials need.
            cell: the stratum.
            weight: probability of its patterns.
        """
        self._ground, self._cell, self.weight = ground, cell, weight
        sites = len(ground.golden.sites)
        self.counts = tuple(SiteCounts(c.values.form.dtype) for c in ground.golden.counts)
        self.trials = self.failed = 0
        self.sums = np.zeros(sites)
        self.squares = np.zeros(sites)

    @property
    def answered(self) -> int:
        """Trials that gave activations."""
        return self.trials - self.failed

    def run(self) -> None:
        """Run the next trial.

        Raises:
            NotRestored: after it a weight is not golden.
        """
        ground = self._ground
        batches, pattern = self._cell.draw(ground.source, ground.ends, self.trials)
        beyond, numbers = np.zeros(len(self.sums)), np.zeros(len(self.sums))
        failed = False
        with ground.executor.inject(pattern) as run:
            for index in batches:
                batch = ground.batches[index]
                result = run(batch.feeds(ground.input_name))
                if self.trials == 0 and index == batches[0]:
                    ground.look(pattern, batch, result)
                found = values_of(result, batch, ground.golden.sites)
                if isinstance(found, Failure):
                    failed = True
                    break
                beyond += self._add(found, ground.golden.sites)
                numbers += [values.size for values in found]
        self.trials += 1
        self.failed += failed
        if not failed:
            shares = beyond / np.maximum(numbers, 1.0)
            self.sums += shares
            self.squares += shares**2

    def _add(self, found: Sequence[Values], sites: Sequence[Site]) -> list[int]:
        rows = zip(found, self.counts, sites, strict=True)
        return [own.add(values, site) for values, own, site in rows]


class RateTrials:
    """All trials of one rate."""

    def __init__(self, ground: Ground, rate: float) -> None:
        """Nothing was run yet.

        Args:
            ground: what trials need.
            rate: bit error rate, one of the plan.
        """
        law, plan = ground.source.split(rate), ground.source.plan
        self._ground, self._rate, self._precision = ground, rate, plan.precision
        self._confidence, self._p_none = plan.confidence, law.p_none
        self._strata = [
            StratumTrials(ground, Cell(rate, place), stratum.weight)
            for place, stratum in enumerate(law.strata)
        ]
        least = UNTRIED * plan.precision
        tried = [s for s in self._strata if s.weight > least]
        self._tried = tried or [max(self._strata, key=lambda s: s.weight)]

    @property
    def trials(self) -> int:
        """Patterns that were run."""
        return sum(stratum.trials for stratum in self._strata)

    def run(
        self,
        spent: Callable[[], Stop | None],
        tell: Callable[[int, float], object] = lambda _trials, _share: None,
    ) -> Stop:
        """Run trials until every share is as precise as it should be.

        Args:
            spent: the reason to stop now; asked after each trial.
            tell: told how many trials are done, and about which part of all that is.

        Returns:
            The reason why no more are run.
        """
        arm = 1.0
        while True:
            wanted = planned_look(self.trials, arm, self._precision)
            while self.trials < wanted:
                if (stop := spent()) is not None:
                    return stop
                self._next(wanted).run()
                tell(
                    self.trials, min(1.0, self.trials / (wanted * max(1.0, arm / self._precision)))
                )
            arm = self.half_width()
            if arm <= self._precision:
                return Stop.PRECISION

    def _next(self, wanted: int) -> StratumTrials:
        """The stratum that lacks most of its share of so many trials."""
        whole = sum(stratum.weight for stratum in self._tried)
        return max(self._tried, key=lambda s: wanted * s.weight / whole - s.trials)

    def half_width(self) -> float:
        """The longest arm of the intervals of all shares beyond a threshold."""
        arms = [max(i.high - i.estimate, i.estimate - i.low) for i in self.beyond()]
        return max(arms, default=0.0)

    def beyond(self) -> list[Interval]:
        """The share beyond the threshold of each site, of all patterns at this rate."""
        return [self._beyond(place) for place in range(len(self._ground.golden.sites))]

    def _beyond(self, site: int) -> Interval:
        """The share of one site: means of strata, each trial with equal weight."""
        trials = np.array([s.answered for s in self._strata], np.float64)
        size = np.maximum(trials, 1.0)
        means = np.array([s.sums[site] for s in self._strata]) / size
        squares = np.array([s.squares[site] for s in self._strata]) / size
        weights = np.array([s.weight for s in self._strata])
        sample = Sample(weights, means, np.maximum(squares - means**2, 0.0), trials)
        low, high = sum_limits(sample, self._confidence)
        counts = self._ground.golden.counts[site]
        harmless = self._p_none * (counts.beyond / max(counts.numbers, 1))
        ends = (sample.estimate + harmless, low + harmless, high + harmless)
        point, least, most = (min(max(end, 0.0), 1.0) for end in ends)
        return Interval(point, min(least, point), max(most, point))

    def finished(self, stop: Stop) -> RateActivations:
        """The distributions of this rate, as far as it goes.

        Args:
            stop: why no more trials are run.
        """
        failed = sum(stratum.failed for stratum in self._strata)
        sites: tuple[Distribution, ...] = ()
        if self.trials > failed:
            sites = tuple(
                distribution(self._parts(place), beyond)
                for place, beyond in enumerate(self.beyond())
            )
        return RateActivations(self._rate, 1.0 - self._p_none, self.trials, failed, stop, sites)

    def _parts(self, site: int) -> Parts:
        golden = (self._p_none, self._ground.golden.counts[site])
        return [golden, *((s.weight, s.counts[site]) for s in self._strata)]
