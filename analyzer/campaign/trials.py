"""Trials: draw a pattern, run the model under it, judge the answers.

A trial is a pure function of the plan, the cell and the trial index.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from analyzer.campaign.cells import AnyCell
from analyzer.campaign.golden_answers import GoldenAnswers
from analyzer.campaign.patterns import PatternSource
from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.result import Crash, Upset
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.protections import NONE
from analyzer.faults.space import FaultSpace
from analyzer.runtime.executor import Executor
from analyzer.stats.tally import Tally

DRAWN_AHEAD = 32
"""Patterns drawn before they are run; of no influence on any result."""


@dataclass(frozen=True)
class TrialContext:
    """Everything that the trials of a campaign share: built once, read by all of them.

    Attributes:
        patterns: Gives each trial its fault pattern.
        golden: The data set and the fault-free answers, by which faulty answers are judged.
        executor: Runs the model.
        class_names: The model's names of its classes, in their order; empty: it states none.
    """

    patterns: PatternSource
    golden: GoldenAnswers
    executor: Executor
    class_names: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The campaign."""
        return self.patterns.plan

    @property
    def space(self) -> FaultSpace:
        """The bits at risk."""
        return self.patterns.space

    @cached_property
    def unit(self) -> int:
        """Common multiple of the score units (images times denominator) per trial."""
        denominator = self.golden.judge.metric.denominator
        if self.plan.exposure is Exposure.RESIDENT:
            return self.golden.images * denominator
        return math.lcm(*{batch.images for batch in self.golden.batches}) * denominator

    @property
    def images_per_trial(self) -> int:
        """Most images that share one pattern."""
        if self.plan.exposure is Exposure.RESIDENT:
            return self.golden.images
        return max(batch.images for batch in self.golden.batches)

    def trials(self, cell: AnyCell, start: int, stop: int) -> Iterator[Outcomes]:
        """Run the trials ``start`` .. ``stop - 1`` of a cell, in order.

        Patterns are drawn and resolved some at a time, which keeps that code in the caches that
        each inference empties.

        Args:
            cell: which patterns.
            start: index of the first trial, 0 or more.
            stop: index behind the last trial.

        Raises:
            NotRestored: after a trial a weight is not golden.
        """
        source, ends = self.patterns, self.golden.ends
        for first in range(start, stop, DRAWN_AHEAD):
            indices = range(first, min(first + DRAWN_AHEAD, stop))
            draws = [cell.draw(source, ends, index) for index in indices]
            prepared = [(batches, self.executor.inject(pattern)) for batches, pattern in draws]
            for batches, injection in prepared:
                with injection as run:
                    outcomes = self.golden.outcomes(batches, run)
                yield outcomes

    def trial(self, cell: AnyCell, index: int) -> Outcomes:
        """Run one trial.

        Args:
            cell: which patterns.
            index: of the trial, 0 or more.

        Raises:
            NotRestored: after it a weight is not golden.
        """
        return next(self.trials(cell, index, index + 1))

    def tally(self, outcomes: Iterable[Outcomes]) -> Tally:
        """Tally of some trials."""
        trials = list(outcomes)
        counts = (o.counts for o in trials)
        tally = Tally.of_trials(self.unit, counts, self.golden.judge.metric.denominator)
        if self.golden.judge.definition.confusions is not None:
            tally = tally.with_critical((o.images, o.sdc, o.critical) for o in trials)
        if self.plan.protection == NONE.name:
            return tally
        return tally.with_memory((o.images, o.corrected, o.detected) for o in trials)

    def crash(self, cell: AnyCell, index: int) -> Crash:
        """The pattern of a trial that killed the process that ran it, site by site.

        Args:
            cell: which patterns.
            index: of the trial, 0 or more.
        """
        _, pattern = cell.draw(self.patterns, self.golden.ends, index)
        located = (self.space.locate(site) for site in pattern.sites.tolist())
        named = ((self.space.tensors[t].name, element, bit) for t, element, bit in located)
        return Crash(cell.label(self.patterns), index, tuple(Upset(*site) for site in named))

    def crashed(self, cell: AnyCell, index: int) -> Outcomes:
        """Outcomes of a trial that killed the process that ran it: DUE on every image.

        Args:
            cell: which patterns.
            index: of the trial, 0 or more.
        """
        batches, _ = cell.draw(self.patterns, self.golden.ends, index)
        return self.golden.crash_outcomes(batches)
