"""Repetitions of the whole data set, each batch under new faults: a protocol of others.

Milazzo et al. (IEEE Access 13, 2025, section IV-C) state the mean accuracy of five repetitions.
The mean is an unbiased estimate of what a sweep estimates; its error follows from five numbers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.progress import Observer
from analyzer.campaign.repetition_cells import RepetitionCell
from analyzer.campaign.result import Stop, StratumResult
from analyzer.campaign.runner import Budget, Pool, Store, work_off
from analyzer.campaign.tasks import CellState, Shard, Task
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcomes import Outcomes
from analyzer.stats.tally import Tally

NEGLIGIBLE = 1e-3
"""Weight of a stratum without trials that changes no error that anybody reads."""


@dataclass(frozen=True, slots=True)
class Everything:
    """The one stratum of patterns that are not stratified."""

    weight: float = 1.0
    name: str = "repetition"


@dataclass(frozen=True, slots=True)
class RepeatedRate:
    """One rate.

    Attributes:
        rate: Bit error rate.
        values: The metric of each repetition that was finished, in order.
        cpu_seconds: That were spent on it here.
    """

    rate: float
    values: tuple[float, ...]
    cpu_seconds: float


class RepetitionTask(Task):
    """The repetitions of one rate while they run."""

    def __init__(self, context: TrialContext, rate: float, repetitions: int, shard: Shard) -> None:
        """Begin without results.

        Args:
            context: what is run.
            rate: bit error rate.
            repetitions: passes over the data set.
            shard: which blocks are run here.
        """
        cell = CellState(RepetitionCell(rate), Everything(), shard, Tally.empty(context.unit))
        self._wanted = repetitions * len(context.golden.batches)
        cell.end = -(-self._wanted // BLOCK_TRIALS)
        super().__init__(context, (cell,))
        self.rate = rate

    def settle(self) -> None:
        """Stop once all blocks are there."""
        if self.counted():
            self.stop = Stop.DECIDED

    def share(self) -> float:
        """The part of the blocks that is done; in [0, 1]."""
        return min(1.0, self.shown / (self.cells[0].end * BLOCK_TRIALS))

    def finished(self) -> RepeatedRate:
        """The repetitions whose batches all were run."""
        used, batches = self.cells[0].used(), len(self.context.golden.batches)
        outcomes = [o for result in used for o in result.outcomes][: self._wanted]
        passes = (outcomes[first : first + batches] for first in range(0, len(outcomes), batches))
        values = tuple(self._metric(one) for one in passes if len(one) == batches)
        return RepeatedRate(self.rate, values, sum(result.cpu_seconds for result in used))

    def _metric(self, outcomes: Sequence[Outcomes]) -> float:
        """The metric over a data set of which each batch was run once, in [0, 1]."""
        golden = self.context.golden
        units = sum(o.images * o.denominator for o in outcomes)
        return golden.metric + sum(o.gained - o.lost for o in outcomes) / units


def run_repetitions(
    context: TrialContext,
    repetitions: int,
    pool: Pool,
    store: Store,
    budget: Budget,
    observer: Observer,
    shard: Shard,
) -> tuple[tuple[RepeatedRate, ...], Stop | None]:
    """Repeat the whole data set at each rate of the plan; blocks that are known are not run again.

    Args:
        context: the plan and the golden run; its exposure is transient.
        repetitions: passes over the data set at each rate.
        pool: runs blocks.
        store: keeps them.
        budget: says when to stop early.
        observer: is told how it goes.
        shard: which blocks are run here.

    Returns:
        What was found, by rate, and why it ended before; None if it did not.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    tasks = [RepetitionTask(context, rate, repetitions, shard) for rate in context.plan.rates]

    def tell(task: RepetitionTask) -> None:
        observer.progress(task.rate, task.shown, task.share(), None)

    stop = work_off(tasks, pool, store, budget, tell)
    return tuple(task.finished() for task in tasks), stop


def error_of_mean(
    strata: Sequence[StratumResult], sizes: Sequence[int], repetitions: int
) -> float | None:
    """The standard error of the mean of repetitions, from what the strata of a sweep showed.

    A repetition is sum over batches b of n_b / N y_b, with y_b the change of the metric on batch b
    under a pattern of its own: its variance is sum over b of (n_b / N)^2 V. V is the variance over
    patterns and batches together, the law of total variance over strata; what only differs between
    batches is part of it, so that the error errs on the large side.

    Args:
        strata: of one rate; patterns without upsets are in none of them, and change nothing.
        sizes: images of each batch.
        repetitions: number of them, 1 or more.

    Returns:
        The error, a fraction; None where a stratum that weighs a thousandth or more has no trial.
    """
    mean = square = 0.0
    for one in strata:
        tally = one.tally
        if not tally.trials:
            if one.weight >= NEGLIGIBLE:
                return None
            continue
        mean += one.weight * tally.net.total / (tally.trials * tally.unit)
        square += one.weight * tally.net.squares / (tally.trials * tally.unit**2)
    images = sum(sizes)
    spread = sum((size / images) ** 2 for size in sizes) / repetitions
    return math.sqrt(max(0.0, square - mean**2) * spread)
