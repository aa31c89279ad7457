"""One tensor of a vulnerability map while it is made: how many trials, and when it is known.

Its first trials are planned before any is run; if half the width of its intervals of SDC and DUE
is then not the margin, it gets more, look by look. Looks are judged in order, each from exactly the
blocks before it, so that the outcome depends on the blocks alone and not on when they came in.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.cells import SiteCell
from analyzer.campaign.maps.result import StratumFound, TensorFound
from analyzer.campaign.result import Stop
from analyzer.campaign.site_draws import turn_of
from analyzer.campaign.tasks import WHOLE, CellState, Shard, Task
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcome import Outcomes
from analyzer.faults.site_strata import Reach, SiteStratum
from analyzer.stats.areas import (
    AreaEstimate,
    AreaStratum,
    ExactShares,
    estimate_area,
    in_two_stages,
    untried_share,
)
from analyzer.stats.planning import PlannedStratum, allot, columns_trials, leveugle, next_trials
from analyzer.stats.tally import Tally

EXPECTED = {Reach.SEVERE: 0.45, Reach.LARGE: 0.1, Reach.MODERATE: 0.02, Reach.SLIGHT: 0.0}
"""Standard deviation of a trial that the first trials of a stratum are planned with."""

BIT_MARGINS = 3.0
"""First trials are enough for a margin so many times as wide at bit positions that show nothing."""

ENUMERATED = 256
"""A stratum of no more pairs of site and batch is gone through; beyond, pairs are drawn."""


@dataclass(frozen=True, slots=True)
class SiteShare:
    """A stratum as the runner sees it: its share of the tensor's sites, and its name."""

    weight: float
    name: str


class TensorTask(Task):
    """What is known of one tensor while a map is made."""

    def __init__(
        self, context: TrialContext, tensor: int, exhaustive: bool, shard: Shard = WHOLE
    ) -> None:
        super().__init__(context, tuple(_cells(context, tensor, exhaustive, shard)))
        self.tensor = tensor
        drawn = [cell for cell in self.cells if not self._every(cell)]
        for cell, trials in zip(drawn, self._first_trials(drawn), strict=True):
            cell.end = -(-trials // BLOCK_TRIALS)
        for cell in self.cells:
            if self._every(cell):
                cell.end = -(-self._pairs(cell) // BLOCK_TRIALS)
        self.first = {cell.cell: cell.end for cell in self.cells}

    def _first_trials(self, drawn: Sequence[CellState]) -> list[int]:
        """Trials of each stratum, planned from nothing but the fault space and the margin."""
        if not drawn:
            return []
        plan, tensors = self.context.plan, self.context.space.tensors
        mine = tensors[self.tensor]
        alike = [t for t in tensors if (t.dtype, t.codec.name) == (mine.dtype, mine.codec.name)]
        share = mine.elements / sum(t.elements for t in alike)
        strata = [self._stratum_of(cell) for cell in drawn]
        known = [PlannedStratum(s.sites / mine.bits, EXPECTED[s.reach], 0) for s in strata]
        wanted = allot(known, plan.precision, plan.confidence, BLOCK_TRIALS)
        loose = BIT_MARGINS * plan.precision
        return [
            max(n, columns_trials(len(s.positions), share, loose, plan.confidence))
            for n, s in zip(wanted, strata, strict=True)
        ]

    @property
    def share_of_all(self) -> float:
        """Share of the bits at risk: where a budget ends, as many as can be have been tried."""
        return self.context.space.tensors[self.tensor].bits / self.context.space.bits

    def urgency(self, turn: int) -> float:
        """Trials per bit: each tensor gets its share of them, until it needs no more."""
        return (self.trials + BLOCK_TRIALS * turn) / self.share_of_all

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        plan = self.context.plan
        while self.stop is None and self.counted():
            seen = [self._planned_from(cell) for cell in self.cells]
            wanted = next_trials(seen, plan.precision, plan.confidence, BLOCK_TRIALS)
            if wanted is None:
                self.stop = Stop.PRECISION
                return
            for cell, part, trials in zip(self.cells, seen, wanted, strict=True):
                if part.exact is None:  # of the whole, tally.trials is 16 cell.end
                    cell.end = -(-cell.end * trials // part.tally.trials)

    def _planned_from(self, cell: CellState) -> AreaStratum:
        """What a stratum showed; a share stands for all shares alike.

        A share may have no block of a small stratum. Nothing is known of it there, and it counts
        as if it had shown nothing: whoever runs the whole asks it for what is missing.
        """
        if cell.shard == WHOLE:
            return self._seen(cell)
        weight = cell.stratum.weight
        if self._every(cell):
            return AreaStratum(weight, cell.tally, ExactShares(0.0, 0.0, 0.0, 0.0))
        if cell.tally.trials:
            return AreaStratum(weight, cell.part().tally)
        trials, unit = BLOCK_TRIALS * cell.end, self.context.unit
        return AreaStratum(weight, Tally(unit, trials, trials * self.context.images_per_trial))

    def estimate(self) -> AreaEstimate | None:
        """The estimate from the blocks that count; None while too much of the tensor is untried."""
        plan, seen = self.context.plan, [self._seen(c) for c in self.cells]
        if untried_share(seen) > plan.precision:
            return None
        whole = estimate_area(seen, plan.confidence)
        if all(cell.reached <= self.first[cell.cell] for cell in self.cells):
            return whole
        first = [self._first_seen(cell) for cell in self.cells]
        return in_two_stages(estimate_area(first, plan.confidence), whole, plan.confidence)

    def _first_seen(self, cell: CellState) -> AreaStratum:
        """What the trials showed that were planned before any was run."""
        return self._sorted(cell, self._first_outcomes(cell), cell.stratum.weight)

    def share(self) -> float:
        """About which part of the blocks that the next look waits for are done; in [0, 1]."""
        if self.stop is Stop.PRECISION:
            return 1.0
        wanted = sum(len(range(c.shard.index, c.end, c.shard.count)) for c in self.cells)
        return min(1.0, self.shown / (BLOCK_TRIALS * max(1, wanted)))

    def _every(self, cell: CellState) -> bool:
        assert isinstance(cell.cell, SiteCell)
        return cell.cell.every

    def _pairs(self, cell: CellState) -> int:
        assert isinstance(cell.cell, SiteCell)
        return _pairs(self.context, cell.cell.tensor, cell.cell.part)

    def _seen(self, cell: CellState) -> AreaStratum:
        """What a stratum showed; of one that is counted off all or, until then, nothing."""
        if not self._every(cell):
            return AreaStratum(cell.stratum.weight, cell.tally)
        return self._counted_off(cell, self._outcomes(cell), cell.stratum.weight)

    def _counted_off(
        self, cell: CellState, outcomes: Sequence[Outcomes], weight: float
    ) -> AreaStratum:
        """The first sites of a stratum are no sample of it: they count once all are there."""
        if cell.reached < cell.end:
            return AreaStratum(weight, Tally.empty(self.context.unit))
        return AreaStratum(weight, self.context.tally(outcomes), _exact(outcomes))

    def _outcomes(self, cell: CellState) -> list[Outcomes]:
        """Outcomes that count, in trial order; those beyond the last pair are repetitions."""
        limit = self._pairs(cell) if self._every(cell) else None
        return [o for result in cell.used() for o in result.outcomes][:limit]

    def _first_outcomes(self, cell: CellState) -> list[Outcomes]:
        """Those of trials that were planned before any was run."""
        return self._outcomes(cell)[: BLOCK_TRIALS * self.first[cell.cell]]

    def counting(self) -> int:
        """Trials that count so far."""
        return BLOCK_TRIALS * sum(len(cell.used()) for cell in self.cells)

    def finished(self, stop: Stop | None) -> TensorFound:
        """The result of this tensor, as far as it goes; of the whole, not of a share."""
        bits = self.context.space.tensors[self.tensor].bits
        plan = self.context.plan
        crashed = [(c.cell, i) for c in self.cells for r in c.used() for i in r.crashed]
        return TensorFound(
            tensor=self.tensor,
            estimate=self.estimate(),
            strata=tuple(self._stratum(cell) for cell in self.cells),
            trials=sum(len(self._outcomes(cell)) for cell in self.cells),
            leveugle=leveugle(bits, plan.precision, plan.confidence),
            stop=self.stop or stop or Stop.BUDGET,
            crashes=tuple(self.context.crash(cell, index) for cell, index in crashed),
        )

    def _stratum_of(self, cell: CellState) -> SiteStratum:
        assert self.context.sites is not None
        assert isinstance(cell.cell, SiteCell)
        return self.context.sites.parts[cell.cell.tensor][cell.cell.part]

    def _stratum(self, cell: CellState) -> StratumFound:
        """What one stratum showed, all of it and the first trials apart."""
        stratum, weight = self._stratum_of(cell), cell.stratum.weight
        assert isinstance(cell.cell, SiteCell)
        outcomes = self._first_outcomes(cell)
        columns: list[list[Outcomes]] = [[] for _ in stratum.positions]
        column_of = _column_rule(self.context, cell.cell, len(columns))
        for index, found in enumerate(outcomes):
            columns[column_of(index)].append(found)
        return StratumFound(
            reach=stratum.reach,
            positions=stratum.positions,
            sites=stratum.sites,
            seen=self._seen(cell),
            first=self._sorted(cell, outcomes, weight),
            columns=tuple(self._sorted(cell, c, 1.0 / len(columns)) for c in columns),
        )

    def _sorted(self, cell: CellState, outcomes: Sequence[Outcomes], weight: float) -> AreaStratum:
        if self._every(cell):
            return self._counted_off(cell, outcomes, weight)
        return AreaStratum(weight, self.context.tally(outcomes))


def _cells(
    context: TrialContext, tensor: int, exhaustive: bool, shard: Shard
) -> Iterator[CellState]:
    assert context.sites is not None
    bits = context.space.tensors[tensor].bits
    for part, stratum in enumerate(context.sites.parts[tensor]):
        every = exhaustive or _pairs(context, tensor, part) <= ENUMERATED
        seen = SiteShare(stratum.sites / bits, stratum.reach)
        mine = _share(shard, tensor + part)
        cell, empty = SiteCell(tensor, part, every), Tally.empty(context.unit)
        yield CellState(cell, seen, mine, empty, counted_off=every)


def _share(shard: Shard, number: int) -> Shard:
    """The blocks that a share has of one stratum: dealt out anew in each, for many have but one."""
    return Shard((shard.index + number) % shard.count, shard.count)


def _pairs(context: TrialContext, tensor: int, part: int) -> int:
    """Pairs of a site of the stratum and a batch."""
    assert context.sites is not None
    return context.sites.parts[tensor][part].sites * len(context.batches)


def _column_rule(context: TrialContext, cell: SiteCell, count: int) -> Callable[[int], int]:
    """Which column of its stratum a trial takes; as `upsets.draw_upset` has it."""
    if cell.every:
        return lambda index: index // len(context.batches) % count
    return lambda index: turn_of(context.plan, cell, index, count)


def _exact(outcomes: Sequence[Outcomes]) -> ExactShares:
    total = sum(outcomes, Outcomes())
    n = total.images
    return ExactShares(total.sdc / n, total.due / n, total.lost / n, total.gained / n)
