"""Runs a campaign of single events."""

from collections.abc import Callable, Mapping

from analyzer.campaign.events.result import EventResult
from analyzer.campaign.events.task import EventTask, Question
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import Budget, Pool, Store, work_off
from analyzer.campaign.trials import TrialContext


def run_events(
    context: TrialContext,
    pool: Pool,
    store: Store,
    budget: Budget,
    tell: Callable[[EventTask], None],
    weights: Mapping[int, float],
    question: Question,
    confidence: float,
    exhaustive: bool = False,
    answered: Stop = Stop.DECIDED,
    focus: Mapping[int, float] | None = None,
) -> EventResult:
    """Run trials of one event each; blocks that the store knows are not run again.

    Args:
        context: of the campaign; its patterns have events.
        pool: runs blocks.
        store: keeps finished blocks.
        budget: says when to stop early.
        tell: called whenever some trials are finished.
        weights: share of each region in all events; they sum to 1.
        question: says when trials are enough.
        confidence: of all looks together, in (0, 1).
        exhaustive: every event meets every image.
        answered: the reason to stop once the question is answered.
        focus: weight of each region where trials are allotted; None: ``weights``.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    task = EventTask(context, weights, question, confidence, exhaustive, answered, focus)
    stop = work_off([task], pool, store, budget, tell)
    return task.finished(stop)
