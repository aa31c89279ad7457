"""A campaign of single events while it runs: its looks, and when it needs no more trials.

Looks share the error (`analyzer.stats.spending`), so that the intervals of the last look hold
whenever that is, and for whatever reason it was the last.
"""

import math
from collections.abc import Callable, Mapping

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.events.result import EventFigures, EventResult, outcomes_of
from analyzer.campaign.events.stratum import EventState
from analyzer.campaign.result import Stop
from analyzer.campaign.tasks import Task
from analyzer.campaign.trials import TrialContext
from analyzer.faults.events import Place
from analyzer.stats.areas import AreaStratum
from analyzer.stats.planning import PlannedStratum, allot, more_trials
from analyzer.stats.spending import confidence_after_pilot, confidence_at
from analyzer.stats.strata import Stratum, allocate

EXPECTED = {
    Place.SEVERE: 0.45,
    Place.RISING: 0.45,
    Place.FALLING: 0.15,
    Place.LARGE: 0.1,
    Place.MODERATE: 0.02,
    Place.SLIGHT: 0.0,
    Place.PROTECTED: 0.0,
    Place.CHECK: 0.0,
}
"""Standard deviation of a trial with which the first trials of a stratum are planned."""

PILOT = 0.03
"""Half-width of the intervals for which the first trials are planned."""

LEAST_GROWTH, MOST_GROWTH = 1.5, 8.0
"""Factors by which trials grow between two looks: few looks, because each costs confidence."""

COARSER, MOST_TIMES, FINER = 1.5, 16, 1.15
"""Where a precision is asked for: first half-width over it, most times that a stratum grows at the
next look, and the factor by which that look aims below it. Of 60 simulated campaigns with the
figures of CIFAR ResNet-20, 60 ended at the second look, with the fewest trials of all settings."""

AIM = 1.2
"""A look is planned this factor beyond where it is expected to decide."""

Question = Callable[[EventFigures], float | None]
"""The factor by which trials must grow to answer all that is asked; None: all is answered."""


class EventTask(Task):
    """All strata of all regions, judged together."""

    def __init__(
        self,
        context: TrialContext,
        weights: Mapping[int, float],
        question: Question,
        confidence: float,
        exhaustive: bool = False,
        answered: Stop = Stop.DECIDED,
        focus: Mapping[int, float] | None = None,
        precision: float | None = None,
    ) -> None:
        """Plan the first trials.

        Args:
            context: of the campaign; its patterns have events.
            weights: share of each region in all events; they sum to 1.
            question: says when trials are enough.
            confidence: of all looks together, in (0, 1).
            exhaustive: every event meets every image.
            answered: the reason to stop once the question is answered.
            focus: weight of each region where trials are allotted and no ``precision`` is given;
                None: ``weights``.
            precision: the half-width that the question asks for, where it asks for one: then the
                first look plans the second, which is likely the last.
        """
        events = context.patterns.events
        assert events is not None, "the campaign has no single events"
        self.weights = weights
        self._focus = weights if focus is None else focus
        self.strata = [
            EventState(context, number, weights[stratum.region], exhaustive)
            for number, stratum in enumerate(events.strata)
        ]
        super().__init__(context, [stratum.state for stratum in self.strata])
        self._question, self._whole, self._answered = question, confidence, answered
        self._look, self._growth, self._precision = 1, MOST_GROWTH, precision
        self._regions = events.regions
        self._plan_first()

    def _plan_first(self) -> None:
        """Ask for as many trials in each region, so that something is known of all of them."""
        margin = PILOT if self._precision is None else min(PILOT, COARSER * self._precision)
        for region in self._regions:
            drawn = [s for s in self._drawn() if s.stratum.region == region]
            known = [PlannedStratum(s.stratum.share, EXPECTED[s.stratum.place], 0) for s in drawn]
            if known:
                wanted = allot(known, margin, self.confidence, BLOCK_TRIALS)
                for stratum, trials in zip(drawn, wanted, strict=True):
                    stratum.ask(trials)

    def _drawn(self) -> list[EventState]:
        return [stratum for stratum in self.strata if not stratum.cell.every]

    @property
    def confidence(self) -> float:
        """Of the intervals of the present look."""
        spend = confidence_at if self._precision is None else confidence_after_pilot
        return spend(self._look, self._whole)

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        while self.stop is None and self.counted():
            growth = self._question(self.figures())
            if growth is None:
                self.stop = self._answered
            elif not self._drawn():
                self.stop = Stop.PRECISION
            else:
                self._growth = min(max(AIM * growth, LEAST_GROWTH), MOST_GROWTH)
                self._look += 1
                if self._precision is None:
                    self._aim()
                else:
                    self._aim_at(self._precision)

    def _aim(self) -> None:
        """Say how many blocks of each stratum the next look waits for, by Neyman's rule."""
        drawn = self._drawn()
        parts = [
            Stratum(self._focus[s.stratum.region] * s.stratum.share, s.state.tally) for s in drawn
        ]
        now = sum(part.tally.trials for part in parts)
        total = math.ceil(now * self._growth / BLOCK_TRIALS) * BLOCK_TRIALS
        for stratum, trials in zip(drawn, allocate(parts, total), strict=True):
            stratum.ask(trials)

    def _aim_at(self, precision: float) -> None:
        """Say what the next look waits for so that every region is likely known to a half-width."""
        for region in self._regions:
            own = [s for s in self.strata if s.stratum.region == region]
            seen = [s.seen() for s in own]
            if all(s.cell.every for s in own):
                continue
            wanted = more_trials(seen, precision / FINER, self.confidence, BLOCK_TRIALS, MOST_TIMES)
            for stratum, trials in zip(own, wanted, strict=True):
                if not stratum.cell.every:
                    stratum.ask(trials)

    def figures(self) -> EventFigures:
        """Outcomes from the blocks that count."""
        seen = [(s.stratum.region, s.seen()) for s in self.strata]
        regions = {
            region: outcomes_of([part for r, part in seen if r == region], self.confidence)
            for region in self._regions
        }
        everywhere = [
            AreaStratum(self.weights[region] * part.weight, part.tally, part.exact)
            for region, part in seen
            if self.weights[region] > 0.0
        ]
        whole = outcomes_of(everywhere, self.confidence) if everywhere else None
        return EventFigures(regions, whole, self.confidence)

    def share(self) -> float:
        """About the fraction of the blocks of the next look that are done, in [0, 1]."""
        if self.stop is not None:
            return 1.0
        wanted = BLOCK_TRIALS * sum(cell.end for cell in self.cells)
        return min(1.0, self.shown / max(1, wanted))

    def finished(self, stop: Stop | None) -> EventResult:
        """The result, as far as it goes.

        Args:
            stop: why the campaign ended early; None: it did not.
        """
        return EventResult(
            figures=self.figures(),
            strata=tuple(stratum.found() for stratum in self.strata),
            looks=self._look,
            stop=self.stop or stop or Stop.BUDGET,
        )
