"""Makes a vulnerability map, with a task per tensor (`analyzer.campaign.maps.task`).

A stop that depends on the outcomes biases an estimate a little: where harm shows early, more trials
follow and dilute it. The interval of one tensor covers this bias. The interval of many tensors
added up would not, because all of them err to the same side. The figures of kinds, bit positions
and the whole memory therefore rest on the first trials alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.campaign.maps.result import TensorResult
from analyzer.campaign.maps.task import TensorTask
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import Budget, Pool, Store, work_off
from analyzer.campaign.tasks import WHOLE, Shard
from analyzer.campaign.trials import TrialContext


def run_map(
    context: TrialContext,
    pool: Pool,
    store: Store,
    budget: Budget,
    tell: Callable[[TensorTask], None],
    exhaustive: bool = False,
) -> tuple[TensorResult, ...]:
    """Make a map; blocks that the store knows are not run again.

    Args:
        context: of the map, whose plan has the margin as its precision.
        pool: runs blocks.
        store: keeps finished blocks.
        budget: says when to stop early.
        tell: called with the task of a tensor whenever some of its trials are finished.
        exhaustive: every site meets every image, however many there are.

    Returns:
        One entry per tensor of the space that holds any bit.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    tasks = _tasks(context, exhaustive)
    stop = work_off(tasks, pool, store, budget, tell)
    return tuple(task.finished(stop) for task in tasks)


def _tasks(context: TrialContext, exhaustive: bool, shard: Shard = WHOLE) -> list[TensorTask]:
    tensors = (i for i, t in enumerate(context.space.tensors) if t.bits)
    return [TensorTask(context, i, exhaustive, shard) for i in tensors]


@dataclass(frozen=True, slots=True)
class ShardResult:
    """Progress of one shard of a map; its figures follow once all shards are joined.

    Attributes:
        trials: Number of trials.
        stop: Why the shard ended early; None: it ran all the trials that it can know to be needed.
    """

    trials: int
    stop: Stop | None


def run_shard(
    context: TrialContext,
    pool: Pool,
    store: Store,
    budget: Budget,
    tell: Callable[[TensorTask], None],
    exhaustive: bool,
    shard: Shard,
) -> ShardResult:
    """Run one shard of a map: every ``shard.count``-th block of each stratum.

    Each shard judges by itself how many blocks of a stratum the whole map needs, as if the other
    shards found the same. Where these were too few, the joined map runs the rest.

    Args:
        context: of the map, whose plan has the margin as its precision.
        pool: runs blocks.
        store: keeps finished blocks.
        budget: says when to stop early.
        tell: called with the task of a tensor whenever some of its trials are finished.
        exhaustive: every site meets every image, however many there are.
        shard: the blocks that are run here.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    tasks = _tasks(context, exhaustive, shard)
    stop = work_off(tasks, pool, store, budget, tell)
    complete = all(task.stop is Stop.PRECISION for task in tasks)
    return ShardResult(sum(task.counting() for task in tasks), None if complete else stop)
