"""Vulnerability maps: what one upset does, tensor by tensor.

A task per tensor (`vulnerability_task`). Stopping by what was seen biases an estimate a little:
where harm shows early, more trials follow and dilute it. The interval of one tensor covers that. Of
many tensors added up it would not, as all err to the same side: so what is said of kinds, bit
positions and the whole memory rests on the first trials alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from analyzer.campaign.maps.result import TensorFound
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
) -> tuple[TensorFound, ...]:
    """Make a map; blocks that the store knows are not run again.

    Args:
        context: with the plan, whose precision is the margin, and with `sites`.
        pool: runs blocks.
        store: keeps them.
        budget: says when to stop early.
        tell: is called with a tensor's task whenever it got results.
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
class ShareDone:
    """How far a share of a map came; what it shows is said once all shares are joined.

    Attributes:
        trials: Its trials.
        stop: Why it ended before it had run all that it can know to be needed; None: it has.
    """

    trials: int
    stop: Stop | None


def run_share(
    context: TrialContext,
    pool: Pool,
    store: Store,
    budget: Budget,
    tell: Callable[[TensorTask], None],
    exhaustive: bool,
    shard: Shard,
) -> ShareDone:
    """Run a share of a map, as `run_map` runs all of it: every so-many-th block of each stratum.

    Each share judges by itself how many blocks of a stratum the whole needs, as if the others saw
    what it saw. Where that was too few, the joined map runs the rest.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    tasks = _tasks(context, exhaustive, shard)
    stop = work_off(tasks, pool, store, budget, tell)
    complete = all(task.stop is Stop.PRECISION for task in tasks)
    return ShareDone(sum(task.counting() for task in tasks), None if complete else stop)
