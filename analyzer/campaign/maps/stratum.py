"""A stratum of a tensor while a map is made: its blocks, and the outcomes of their trials."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.exact_shares import exact_shares
from analyzer.campaign.maps.result import SiteStratumResult
from analyzer.campaign.site_cells import SiteCell
from analyzer.campaign.tasks import WHOLE, CellState, Shard
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.site_strata import SiteStratum
from analyzer.stats.areas import AreaStratum, ExactShares
from analyzer.stats.tally import Tally

ENUMERATED = 256
"""A stratum of at most this many pairs of site and batch is enumerated; of larger ones, pairs are
drawn."""


@dataclass(frozen=True, slots=True)
class SiteShare:
    """A stratum as the runner sees it.

    Attributes:
        weight: Share of the sites of the tensor, in (0, 1].
        name: Size of the move of a value by an upset, e.g. ``severe``.
    """

    weight: float
    name: str


class StratumState:
    """A stratum of a tensor while a map is made.

    A stratum whose pairs of site and batch are enumerated counts only once every pair was run: its
    first sites are no sample of it.

    Attributes:
        cell: The cell of its trials.
        state: The finished blocks of the cell.
    """

    def __init__(self, context: TrialContext, cell: SiteCell, shard: Shard) -> None:
        """Begin without trials.

        Args:
            context: of the map.
            cell: the cell of the trials.
            shard: the blocks of the cell that are run here.
        """
        self._context = context
        self.cell = cell
        bits = context.space.tensors[cell.tensor].bits
        seen_as = SiteShare(self.sites.sites / bits, self.sites.reach)
        empty = Tally.empty(context.unit)
        self.state = CellState(cell, seen_as, shard, empty, counted_off=cell.every)
        self._first = 0

    @property
    def sites(self) -> SiteStratum:
        """The fault sites."""
        return self.cell.stratum(self._context.patterns)

    @property
    def weight(self) -> float:
        """Share of the sites of the tensor, in (0, 1]."""
        return self.state.stratum.weight

    @property
    def pairs(self) -> int:
        """Number of pairs of a fault site and a batch."""
        return self.cell.pairs(self._context.patterns, len(self._context.golden.batches))

    def plan(self, trials: int) -> None:
        """Ask for the first trials, in whole blocks."""
        self.state.end = -(-trials // BLOCK_TRIALS)
        self._first = BLOCK_TRIALS * self.state.end

    def extend(self, seen: AreaStratum, trials: int) -> None:
        """Ask for as many trials as the next look needs.

        Args:
            seen: what the look before it was judged by, as `expectation` gave it.
            trials: of all shards together.
        """
        if seen.exact is None:  # of all shards together, tally.trials is BLOCK_TRIALS * end
            self.state.end = -(-self.state.end * trials // seen.tally.trials)

    def outcomes(self) -> list[Outcomes]:
        """Outcomes that count, in trial order. Trials beyond the last pair are repetitions."""
        limit = self.pairs if self.cell.every else None
        return [o for result in self.state.used() for o in result.outcomes][:limit]

    def seen(self) -> AreaStratum:
        """Outcome of the stratum. An enumerated stratum counts only once every pair was run."""
        if not self.cell.every:
            return AreaStratum(self.weight, self.state.tally)
        return self._seen_of(self.outcomes(), self.weight)

    def expectation(self) -> AreaStratum:
        """Outcome of the stratum in all shards together, judged by this one.

        A shard may have no block of a small stratum, and counts as if the stratum had shown
        nothing there: the run that joins the shards asks for the trials that are then missing.
        """
        state, weight = self.state, self.weight
        if state.shard == WHOLE:
            return self.seen()
        if self.cell.every:
            return AreaStratum(weight, state.tally, ExactShares(0.0, 0.0, 0.0, 0.0))
        if state.tally.trials:
            return AreaStratum(weight, state.part().tally)
        trials = BLOCK_TRIALS * state.end
        images = trials * self._context.images_per_trial
        return AreaStratum(weight, Tally(self._context.unit, trials, images))

    @property
    def is_extended(self) -> bool:
        """True if trials count that were planned after the first look."""
        return self.state.reached * BLOCK_TRIALS > self._first

    def first_seen(self) -> AreaStratum:
        """Outcome of the first trials, planned before any was run."""
        return self._seen_of(self.outcomes()[: self._first], self.weight)

    def result(self) -> SiteStratumResult:
        """Outcome of the stratum: of all trials, of the first, and of the first by column."""
        sites, first = self.sites, self.outcomes()[: self._first]
        columns: list[list[Outcomes]] = [[] for _ in sites.positions]
        source, batches = self._context.patterns, len(self._context.golden.batches)
        for index, outcomes in enumerate(first):
            columns[self.cell.column(source, batches, index)].append(outcomes)
        return SiteStratumResult(
            reach=sites.reach,
            positions=sites.positions,
            sites=sites.sites,
            seen=self.seen(),
            first=self._seen_of(first, self.weight),
            columns=tuple(self._seen_of(column, 1.0 / len(columns)) for column in columns),
        )

    def _seen_of(self, outcomes: Sequence[Outcomes], weight: float) -> AreaStratum:
        """Some of the outcomes that count, with a weight."""
        if not self.cell.every:
            return AreaStratum(weight, self._context.tally(outcomes))
        if self.state.reached < self.state.end:
            return AreaStratum(weight, Tally.empty(self._context.unit))
        tally = self._context.tally(outcomes)
        return AreaStratum(weight, tally, exact_shares(outcomes, tally.critical is not None))
