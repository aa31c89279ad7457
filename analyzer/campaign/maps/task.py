"""A tensor of a vulnerability map while it is made: its trials, look by look.

The first trials are planned before any is run. If half the width of the intervals of SDC and DUE is
then not the margin, more follow, look by look. Looks are judged in order, each from exactly the
blocks before it, so that the result depends on the blocks alone and not on the order in which they
were finished.
"""

from collections.abc import Iterator

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.maps.planning import first_trials
from analyzer.campaign.maps.result import TensorResult
from analyzer.campaign.maps.stratum import ENUMERATED, StratumState
from analyzer.campaign.result import Stop
from analyzer.campaign.site_cells import SiteCell
from analyzer.campaign.tasks import WHOLE, Shard, Task
from analyzer.campaign.trials import TrialContext
from analyzer.stats.areas import AreaEstimate, estimate_area, in_two_stages, untried_share
from analyzer.stats.planning import leveugle, next_trials


class TensorTask(Task):
    """The trials of one tensor while a map is made.

    Attributes:
        tensor: Index of the tensor in the fault space.
        strata: The strata of the tensor.
    """

    def __init__(
        self, context: TrialContext, tensor: int, exhaustive: bool, shard: Shard = WHOLE
    ) -> None:
        """Plan the first trials.

        Args:
            context: of the map.
            tensor: index of the tensor in the fault space.
            exhaustive: every site meets every image, however many there are.
            shard: the blocks that are run here.
        """
        self.tensor = tensor
        self.strata = list(_strata(context, tensor, exhaustive, shard))
        super().__init__(context, [stratum.state for stratum in self.strata])
        sampled = [stratum for stratum in self.strata if not stratum.cell.every]
        wanted = first_trials(context, tensor, [stratum.sites for stratum in sampled])
        for stratum, trials in zip(sampled, wanted, strict=True):
            stratum.plan(trials)
        for stratum in self.strata:
            if stratum.cell.every:
                stratum.plan(stratum.pairs)

    @property
    def share_of_all(self) -> float:
        """Share of the bits at risk: where a budget ends, as many as can be have been tried."""
        return self._bits / self.context.space.bits

    def urgency(self, turn: int) -> float:
        """Trials per bit: each tensor gets its share of them, until it needs no more."""
        return (self.trials + BLOCK_TRIALS * turn) / self.share_of_all

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        plan = self.context.plan
        while self.stop is None and self.counted():
            seen = [stratum.expectation() for stratum in self.strata]
            wanted = next_trials(seen, plan.precision, plan.confidence, BLOCK_TRIALS)
            if wanted is None:
                self.stop = Stop.PRECISION
                return
            for stratum, part, trials in zip(self.strata, seen, wanted, strict=True):
                stratum.extend(part, trials)

    def estimate(self) -> AreaEstimate | None:
        """The estimate from the blocks that count; None while too much of the tensor is untried."""
        plan, seen = self.context.plan, [s.seen() for s in self.strata]
        if untried_share(seen) > plan.precision:
            return None
        whole = estimate_area(seen, plan.confidence)
        if not any(stratum.is_extended for stratum in self.strata):
            return whole
        first = estimate_area([s.first_seen() for s in self.strata], plan.confidence)
        return in_two_stages(first, whole, plan.confidence)

    def share(self) -> float:
        """About the fraction of the blocks of the next look that are done, in [0, 1]."""
        if self.stop is Stop.PRECISION:
            return 1.0
        wanted = sum(len(range(c.shard.index, c.end, c.shard.count)) for c in self.cells)
        return min(1.0, self.shown / (BLOCK_TRIALS * max(1, wanted)))

    def counting(self) -> int:
        """Number of trials that count so far."""
        return BLOCK_TRIALS * sum(len(cell.used()) for cell in self.cells)

    def finished(self, stop: Stop | None) -> TensorResult:
        """The result of this tensor, as far as it goes; of the whole map, not of a shard.

        Args:
            stop: why the map ended early; None: it did not.
        """
        plan = self.context.plan
        crashed = [(c.cell, i) for c in self.cells for r in c.used() for i in r.crashed]
        return TensorResult(
            tensor=self.tensor,
            estimate=self.estimate(),
            strata=tuple(stratum.result() for stratum in self.strata),
            trials=sum(len(stratum.outcomes()) for stratum in self.strata),
            leveugle=leveugle(self._bits, plan.precision, plan.confidence),
            stop=self.stop or stop or Stop.BUDGET,
            crashes=tuple(self.context.crash(cell, index) for cell, index in crashed),
        )

    @property
    def _bits(self) -> int:
        return self.context.space.tensors[self.tensor].bits


def _strata(
    context: TrialContext, tensor: int, exhaustive: bool, shard: Shard
) -> Iterator[StratumState]:
    sites = context.patterns.sites
    assert sites is not None, "the campaign is no vulnerability map"
    batches = len(context.golden.batches)
    for part in range(len(sites.parts[tensor])):
        few = SiteCell(tensor, part).pairs(context.patterns, batches) <= ENUMERATED
        cell = SiteCell(tensor, part, every=exhaustive or few)
        yield StratumState(context, cell, _blocks_of(shard, tensor + part))


def _blocks_of(shard: Shard, number: int) -> Shard:
    """Blocks of one stratum that belong to a shard.

    Assignment restarts in each stratum, because many strata have one block.
    """
    return Shard((shard.index + number) % shard.count, shard.count)
