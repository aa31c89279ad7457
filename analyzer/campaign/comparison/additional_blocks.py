"""Runs blocks beyond what a campaign itself asked for."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from itertools import islice

from analyzer.campaign.blocks import Block
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import WAIT_SECONDS, Answer, Budget, Pool, Store

TOGETHER = 8
"""Blocks sent to a worker at once, at most; of no influence on results."""


def run_more(blocks: Sequence[Block], pool: Pool, store: Store, budget: Budget) -> None:
    """Run blocks in order, until all are in the store or the budget is spent.

    Args:
        blocks: of one model.
        pool: runs them.
        store: keeps their results.
        budget: says when to stop.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    waiting = _groups(blocks, max(1, min(TOGETHER, len(blocks) // (2 * pool.width))))
    running: dict[Answer, int] = {}
    while True:
        stop = budget.spent()
        if stop is None:
            for group in islice(waiting, max(0, 2 * pool.width - len(running))):
                if not budget.affords(sum(running.values()) + len(group) - 1):
                    waiting = iter(())
                    break
                running[pool.submit(group)] = len(group)
        else:
            running = {future: n for future, n in running.items() if not future.cancel()}
        if not running:
            return
        patience = 0.0 if stop is Stop.INTERRUPTED else WAIT_SECONDS
        done, _ = wait(running, timeout=patience, return_when=FIRST_COMPLETED)
        for future in done:
            del running[future]
            for result in future.result():
                store.put(result)
                budget.charge(result.cpu_seconds)
        store.tick()
        if stop is Stop.INTERRUPTED:
            return


def _groups(blocks: Sequence[Block], together: int) -> Iterator[Sequence[Block]]:
    for first in range(0, len(blocks), together):
        yield blocks[first : first + together]
