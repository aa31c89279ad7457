"""One bit error rate while a campaign runs: its looks, and when it needs no more trials."""

from collections.abc import Callable
from dataclasses import replace

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.cells import Cell
from analyzer.campaign.class_shares import CellTrials, ClassShares, class_shares, image_classes
from analyzer.campaign.pixel_shares import (
    PixelShares,
    further_figures,
    pixel_groups,
    pixel_shares,
)
from analyzer.campaign.plan import Exposure
from analyzer.campaign.result import RateResult, Stop, StratumResult
from analyzer.campaign.tasks import CellState, Shard, Task
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.worst import harmful_trials, worst_trials
from analyzer.faults.protections import NONE
from analyzer.stats.estimate import RateEstimate, half_width, next_look, planned_look
from analyzer.stats.memory import MemoryEstimate, estimate_memory
from analyzer.stats.spending import confidence_at
from analyzer.stats.strata import (
    Stratum,
    allocate,
    estimate_strata,
    is_measured,
)
from analyzer.stats.tally import Tally

Decided = Callable[[RateEstimate], bool]
"""Whether the figures of a rate decide all that is asked about it."""


class RateState(Task):
    """The state of one rate while a campaign runs."""

    def __init__(
        self, context: TrialContext, rate: float, shard: Shard, decided: Decided | None = None
    ) -> None:
        """Begin without results.

        Args:
            context: what is run.
            rate: bit error rate.
            shard: which blocks are run here.
            decided: stop as soon as it says so, and not before, however precise the figures are.
                Estimates then hold whenever that is: the looks share the error
                (`analyzer.stats.spending`).

        ``found`` is the estimate of the last look, None before there is one; ``judged`` are the
        trials that it rests on.
        """
        empty = Tally.empty(context.unit)
        strata = context.patterns.split(rate).strata
        cells = (CellState(Cell(rate, i), s, shard, empty) for i, s in enumerate(strata))
        super().__init__(context, tuple(cells))
        self.rate = rate
        self._decided = decided
        self._groups = pixel_groups(context.golden, resident=self._resident)
        self._look = 1
        self.judged = 0
        self.found: RateEstimate | None = None
        self._figures = self._judge()
        self._aim()

    def _aim(self) -> None:
        """Say how many blocks of each stratum the next look waits for."""
        done = BLOCK_TRIALS * sum(cell.end for cell in self.cells)
        total = next_look(done)
        if self._decided is None:
            total = planned_look(done, half_width(self._figures), self.context.plan.precision)
        trials = allocate(self._parts(), total)
        for cell, wanted in zip(self.cells, trials, strict=True):
            cell.end = max(cell.end, wanted // BLOCK_TRIALS)

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        while self.stop is None and self.counted():
            self.judged, self._figures = self.trials, self._judge()
            self.found = self._measured()
            self.stop = self._verdict()
            if self.stop is None:
                self._look += 1
                self._aim()

    def _verdict(self) -> Stop | None:
        """The reason to stop after a look: what was asked is decided, or else the precision."""
        if self._decided is not None:
            return Stop.DECIDED if self._decided(self._figures) else None
        precise = half_width(self._figures) <= self.context.plan.precision
        return Stop.PRECISION if precise else None

    def share(self) -> float:
        """About which part of the trials that this rate needs are done; in [0, 1]."""
        if self.stop is not None:
            return 1.0
        shrink = half_width(self._figures) / self.context.plan.precision
        return min(1.0, self.shown / (max(self.judged, next_look(0)) * max(1.0, shrink**2)))

    def _parts(self) -> list[Stratum]:
        return [cell.part() for cell in self.cells]

    def _judge(self) -> RateEstimate:
        """The figures from the blocks that count; what has no trials counts as unknown."""
        harmless, golden = self._harmless, self.context.golden.metric
        found = estimate_strata(self._parts(), golden, self._confidence, harmless)
        # Without conditions to decide, figures of pixels are wanted at the end alone.
        return found if self._decided is None else self._with_pixels(found, self._pixels())

    def _with_pixels(self, found: RateEstimate, pixels: PixelShares | None) -> RateEstimate:
        return replace(found, further=further_figures(pixels, self.context.class_names))

    @property
    def _harmless(self) -> float:
        return self.context.patterns.split(self.rate).p_none

    @property
    def _confidence(self) -> float:
        """Of the intervals of the present look."""
        confidence = self.context.plan.confidence
        return confidence if self._decided is None else confidence_at(self._look, confidence)

    def _measured(self) -> RateEstimate | None:
        """The same if trials stand behind it."""
        measured = is_measured(self._parts(), self.context.plan.precision)
        return self._judge() if measured else None

    def finished(self, stop: Stop | None) -> RateResult:
        """The result of this rate, as far as it goes."""
        law = self.context.patterns.law(self.rate)
        crashed = [(c.cell, i) for c in self.cells for r in c.used() for i in r.crashed]
        strata = [(c.stratum.name, c.stratum.weight, c.tally) for c in self.cells]
        measured = self._measured()
        pixels = self._pixels() if measured else None
        return RateResult(
            rate=self.rate,
            expected_flips=law.expected,
            p_faulty=law.p_any,
            tally=sum((c.tally for c in self.cells), Tally.empty(self.context.unit)),
            estimate=self._with_pixels(measured, pixels) if measured else None,
            stop=self.stop or stop or Stop.BUDGET,
            devices=self._devices(),
            crashes=tuple(self.context.crash(cell, index) for cell, index in crashed),
            strata=tuple(StratumResult(*stratum) for stratum in strata),
            memory=self._memory(),
            worst=worst_trials(harmful_trials(self.rate, self.cells)),
            classes=self._classes(),
            pixels=pixels,
        )

    def _classes(self) -> ClassShares | None:
        """Silent corruption by class; None where decisions are no classes."""
        context = self.context
        resident = self._resident
        classes = image_classes(context.golden, resident=resident)
        if classes is None or self._measured() is None:
            return None
        cells = [_trials(context, cell, resident=resident) for cell in self.cells]
        least = context.plan.precision
        told = context.golden.judge.definition.confusions is not None
        return class_shares(classes, cells, self._confidence, least, told, self._harmless)

    def _pixels(self) -> PixelShares | None:
        """Harm to single pixels; None where decisions are no classes of pixels."""
        if self._groups is None:
            return None
        cells = [_trials(self.context, cell, resident=self._resident) for cell in self.cells]
        least = self.context.plan.precision
        return pixel_shares(self._groups, cells, self._confidence, least, self._harmless)

    @property
    def _resident(self) -> bool:
        return self.context.plan.exposure is Exposure.RESIDENT

    def _memory(self) -> MemoryEstimate | None:
        """Effects of the protection of the memory; None: there is none, or no trial to tell."""
        if self.context.plan.protection == NONE.name or self._measured() is None:
            return None
        return estimate_memory(self._parts(), self._confidence, self._harmless)

    def _devices(self) -> tuple[float, ...]:
        if not self._resident:
            return ()
        used = (result for cell in self.cells for result in cell.used())
        return tuple(
            self.context.golden.metric_after(o) for result in used for o in result.outcomes
        )


def _trials(context: TrialContext, state: CellState, *, resident: bool) -> CellTrials:
    """The trials of a stratum that count, with the batch that each met."""
    cell, used = state.cell, state.used()
    assert isinstance(cell, Cell), "a sweep has cells of rates"
    indices = [index for result in used for index in result.block.trials]
    source, ends = context.patterns, context.golden.ends
    return CellTrials(
        weight=state.stratum.weight,
        outcomes=[o for result in used for o in result.outcomes],
        groups=[0 if resident else cell.batch(source, ends, index) for index in indices],
    )
