"""Runs the blocks of a plan until every rate is precise enough, or the budget is spent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from heapq import merge
from itertools import chain, count, islice
from operator import itemgetter
from typing import Protocol, TypeVar

from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.progress import Observer
from analyzer.campaign.rate_state import Decided, RateState
from analyzer.campaign.result import CampaignResult, Stop
from analyzer.campaign.tasks import WHOLE, Shard, Task
from analyzer.campaign.trials import TrialContext

WAIT_SECONDS = 0.1
"""How long a wait for results lasts at most before budget and store are looked after again, and
what goes on within blocks is shown."""

Answer = Future[list[BlockResult]]


class Budget(Protocol):
    """Says when to stop early."""

    def charge(self, cpu_seconds: float) -> None:
        """Take CPU time that workers spent."""

    def spent(self) -> Stop | None:
        """The reason to stop now; None: go on."""

    def affords(self, under_way: int) -> bool:
        """Say whether one more block may begin while so many are under way."""


class Pool(Protocol):
    """Runs blocks, in the shape of `concurrent.futures`."""

    @property
    def width(self) -> int:
        """Number of blocks that the pool can run at once."""

    def submit(self, blocks: Sequence[Block]) -> Answer:
        """Start some blocks, which one worker runs in turn."""

    def under_way(self) -> Mapping[AnyCell, int]:
        """Trials that are finished in blocks that are not: only to be shown, and about right."""


class Store(Protocol):
    """Keeps finished blocks."""

    def known(self, cell: AnyCell) -> Iterable[BlockResult]:
        """Finished blocks of one cell."""

    def put(self, result: BlockResult) -> None:
        """Keep one more."""

    def tick(self) -> None:
        """Called several times per second: time to make durable what is not yet."""


NOTHING_ASKED: Mapping[float, Decided] = {}


def run_campaign(
    context: TrialContext,
    pool: Pool,
    store: Store,
    budget: Budget,
    observer: Observer,
    shard: Shard = WHOLE,
    decided: Mapping[float, Decided] = NOTHING_ASKED,
) -> CampaignResult:
    """Run a campaign; blocks that the store knows are not run again.

    Args:
        context: the plan and the golden run.
        pool: runs blocks.
        store: keeps them.
        budget: says when to stop early.
        observer: is told how it goes.
        shard: which blocks are run here.
        decided: for rates that need not be precise: what they must decide.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    states = [RateState(context, rate, shard, decided.get(rate)) for rate in context.plan.rates]

    def tell(state: RateState) -> None:
        observer.progress(state.rate, state.shown, state.share(), state.found)

    stop = work_off(states, pool, store, budget, tell)
    results = tuple(state.finished(stop) for state in states)
    return CampaignResult(context.plan, context.golden.metric, results)


AnyTask = TypeVar("AnyTask", bound=Task)


def work_off(
    tasks: Sequence[AnyTask],
    pool: Pool,
    store: Store,
    budget: Budget,
    tell: Callable[[AnyTask], None],
) -> Stop | None:
    """Run blocks until every task says stop; blocks that the store knows are not run again.

    Args:
        tasks: say which blocks they wait for, and judge them.
        pool: runs blocks.
        store: keeps them.
        budget: says when to stop early.
        tell: is called with a task whenever it got results, or trials within blocks were finished.

    Returns:
        Why it ended before; None if it did not.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    owners = {cell.cell: task for task in tasks for cell in task.cells}
    for cell, task in owners.items():
        for result in store.known(cell):
            task.take(result)
    for task in tasks:
        task.settle()
    running: dict[Answer, int] = {}
    sent: set[Block] = set()
    stop: Stop | None = None
    while True:
        stop = stop or budget.spent()
        if stop is None and not _send(tasks, pool, budget, running, sent) and not running:
            stop = Stop.BUDGET
        if stop is not None:
            running = {future: n for future, n in running.items() if not future.cancel()}
        if not running:
            break
        patience = 0.0 if stop is Stop.INTERRUPTED else WAIT_SECONDS
        done, _ = wait(running, timeout=patience, return_when=FIRST_COMPLETED)
        for future in done:
            del running[future]
            tell(_take_in(future.result(), owners, store, budget))
        _look_within(tasks, pool, owners, tell)
        store.tick()
        if stop is Stop.INTERRUPTED:
            break
    return stop


def _send(
    tasks: Sequence[Task],
    pool: Pool,
    budget: Budget,
    running: dict[Answer, int],
    sent: set[Block],
) -> bool:
    """Keep the pool busy, with what the next looks wait for, as far as the budget reaches.

    Every stratum that matters, of every task, gets a block before any gets a second: where a budget
    ends, something is then known of as much as can be. After that tasks take turns.

    Args:
        tasks: say which blocks they wait for.
        pool: runs them.
        budget: says whether one more may begin.
        running: blocks under way, by answer; is added to.
        sent: all that were sent; is added to.

    Returns:
        False where the budget does not afford what is waited for.
    """
    most = 2 * pool.width
    active = [task for task in tasks if task.stop is None]
    groups = chain(_openings(active, sent), _turns(active, sent, most))
    for group in islice(groups, max(0, most - len(running))):
        if not budget.affords(sum(running.values()) + len(group) - 1):
            return False
        running[pool.submit(group)] = len(group)
        sent.update(group)
    return True


def _openings(tasks: Sequence[Task], sent: set[Block]) -> Iterator[list[Block]]:
    """First blocks of strata, heavy tasks first, one by one: nobody knows yet what they cost."""
    begun = sorted(tasks, key=lambda task: -task.share_of_all)
    for matter in (True, False):
        for task in begun:
            yield from ([b] for b in task.openings(matter=matter) if b not in sent)


def _turns(tasks: Sequence[Task], sent: set[Block], shares: int) -> Iterator[list[Block]]:
    """Groups of all tasks, the most urgent first."""
    waiting = (_groups(task, sent, shares) for task in tasks)
    return (group for _, group in merge(*waiting, key=itemgetter(0)))


def _groups(task: Task, sent: set[Block], shares: int) -> Iterator[tuple[float, list[Block]]]:
    """Blocks that the next look of ``task`` waits for and nobody runs yet, some at a time.

    Few enough at a time that what is left makes about so many ``shares``: nobody idles while
    somebody else works through the last of them.
    """
    together = max(1, min(task.together, task.left() // shares))
    blocks = (block for block in task.missing() if block not in sent)
    for turn in count():
        if not (group := list(islice(blocks, together))):
            return
        yield task.urgency(turn), group


def _look_within(
    tasks: Sequence[AnyTask],
    pool: Pool,
    owners: Mapping[AnyCell, AnyTask],
    tell: Callable[[AnyTask], None],
) -> None:
    """Say how far blocks have come that are not finished. Of no influence on anything else."""
    found: Counter[Task] = Counter()
    for cell, trials in pool.under_way().items():
        found[owners[cell]] += trials
    for task in tasks:
        if task.under_way != found[task]:
            task.under_way = found[task]
            tell(task)


def _take_in(
    results: list[BlockResult], owners: Mapping[AnyCell, AnyTask], store: Store, budget: Budget
) -> AnyTask:
    """Keep finished blocks of one task, and judge the looks that they complete."""
    task = owners[results[0].block.cell]
    for result in results:
        store.put(result)
        budget.charge(result.cpu_seconds)
        task.take(result)
    task.settle()
    return task
