"""A stratum of events while a campaign runs: its blocks, and the outcomes of their trials."""

from dataclasses import dataclass

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.event_cells import EventCell
from analyzer.campaign.events.result import StratumFound
from analyzer.campaign.exact_shares import exact_shares
from analyzer.campaign.tasks import WHOLE, CellState
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.events import EventStratum
from analyzer.stats.areas import AreaStratum
from analyzer.stats.tally import Tally

ENUMERATED = 256
"""A stratum of at most this many pairs of event and batch is enumerated; of larger ones, pairs are
drawn."""


@dataclass(frozen=True, slots=True)
class EventShare:
    """A stratum as the runner sees it.

    Attributes:
        weight: Share of all events, in [0, 1].
        name: Of the stratum.
    """

    weight: float
    name: str


class EventState:
    """The trials of one stratum.

    Attributes:
        cell: The cell of its trials.
        state: The finished blocks of the cell.
    """

    def __init__(self, context: TrialContext, number: int, weight: float, exhaustive: bool) -> None:
        """Begin without trials.

        Args:
            context: of the campaign.
            number: of the stratum.
            weight: share of its region in all events.
            exhaustive: every event meets every image, however many there are.
        """
        self._context = context
        batches = len(context.golden.batches)
        few = EventCell(number).pairs(context.patterns, batches) <= ENUMERATED
        self.cell = EventCell(number, every=exhaustive or few)
        self.pairs = self.cell.pairs(context.patterns, batches)
        shown = EventShare(self.stratum.share * weight, self.cell.label(context.patterns))
        empty = Tally.empty(context.unit)
        self.state = CellState(self.cell, shown, WHOLE, empty, counted_off=self.cell.every)
        if self.cell.every:
            self.state.end = -(-self.pairs // BLOCK_TRIALS)

    @property
    def stratum(self) -> EventStratum:
        """The events."""
        return self.cell.stratum(self._context.patterns)

    def ask(self, trials: int) -> None:
        """Ask for so many trials in all, in whole blocks; never for fewer than before."""
        self.state.end = max(self.state.end, -(-trials // BLOCK_TRIALS))

    def outcomes(self) -> list[Outcomes]:
        """Outcomes that count, in trial order. Trials beyond the last pair are repetitions."""
        limit = self.pairs if self.cell.every else None
        return [o for result in self.state.used() for o in result.outcomes][:limit]

    def seen(self) -> AreaStratum:
        """Trials that count; the weight is the share of the region's events.

        An enumerated stratum counts only once every pair was run: its first events are no sample.
        """
        share = self.stratum.share
        if not self.cell.every:
            return AreaStratum(share, self.state.tally)
        if self.state.reached < self.state.end:
            return AreaStratum(share, Tally.empty(self._context.unit))
        outcomes = self.outcomes()
        tally = self._context.tally(outcomes)
        return AreaStratum(share, tally, exact_shares(outcomes, tally.critical is not None))

    def found(self) -> StratumFound:
        """The result of this stratum."""
        seen = self.seen()
        outcomes = self.outcomes() if seen.is_tried else []
        crashed = [i for result in self.state.used() for i in result.crashed]
        return StratumFound(
            stratum=self.stratum,
            seen=seen,
            images=sum(o.images for o in outcomes),
            sdc=sum(o.sdc for o in outcomes),
            due=sum(o.due for o in outcomes),
            crashes=tuple(self._context.crash(self.cell, index) for index in crashed),
        )
