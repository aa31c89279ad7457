"""Runs a campaign of single events."""

from collections.abc import Callable

from analyzer.campaign.events.result import EventResult
from analyzer.campaign.events.task import EventTask
from analyzer.campaign.runner import Budget, Pool, Store, work_off


def run_events(
    task: EventTask, pool: Pool, store: Store, budget: Budget, tell: Callable[[EventTask], None]
) -> EventResult:
    """Run trials of one event each; blocks that the store knows are not run again.

    Args:
        task: strata, and the question that trials are to answer.
        pool: runs blocks.
        store: keeps finished blocks.
        budget: says when to stop early.
        tell: called whenever some trials are finished.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    return task.finished(work_off([task], pool, store, budget, tell))
