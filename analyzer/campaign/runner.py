"""Runs the blocks of a plan until every rate is precise enough, or the budget is spent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice, zip_longest
from typing import Protocol, TypeVar

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.cells import AnyCell, Cell
from analyzer.campaign.plan import Exposure
from analyzer.campaign.progress import Observer
from analyzer.campaign.protected import memory_estimate
from analyzer.campaign.result import CampaignResult, RateResult, Stop, StratumResult
from analyzer.campaign.tasks import WHOLE, CellState, Shard, Task
from analyzer.campaign.trials import TrialContext
from analyzer.stats.estimate import RateEstimate, half_width, next_look, planned_look
from analyzer.stats.spending import confidence_at
from analyzer.stats.strata import Stratum, allocate, estimate_strata
from analyzer.stats.tally import Tally

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


Decided = Callable[[RateEstimate], bool]
"""Whether the figures of a rate decide all that is asked about it."""


class RateState(Task):
    """The state of one rate while a campaign runs."""

    def __init__(
        self, context: TrialContext, rate: float, shard: Shard, decided: Decided | None = None
    ) -> None:
        """Begin without results.

        Args:
            context: what is run.
            rate: bit error rate.
            shard: which blocks are run here.
            decided: stop as soon as it says so. Estimates then hold whenever that is: the looks
                share the error (`analyzer.stats.spending`).
        """
        strata, empty = context.patterns.split(rate).strata, Tally.empty(context.unit)
        cells = (CellState(Cell(rate, i), s, shard, empty) for i, s in enumerate(strata))
        super().__init__(context, tuple(cells))
        self.rate = rate
        self._decided = decided
        self._look, self.judged = 1, 0
        self.found = self.estimate()
        self._aim()

    def _aim(self) -> None:
        """Say how many blocks of each stratum the next look waits for."""
        done = BLOCK_TRIALS * sum(cell.end for cell in self.cells)
        total = next_look(done)
        if self._decided is None:
            total = planned_look(done, half_width(self.found), self.context.plan.precision)
        trials = allocate(self._parts(), total)
        for cell, wanted in zip(self.cells, trials, strict=True):
            cell.end = max(cell.end, wanted // BLOCK_TRIALS)

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        while self.stop is None and self.counted():
            self.judged, self.found = self.trials, self.estimate()
            if self._decided is not None and self._decided(self.found):
                self.stop = Stop.DECIDED
            elif half_width(self.found) <= self.context.plan.precision:
                self.stop = Stop.PRECISION
            else:
                self._look += 1
                self._aim()

    def share(self) -> float:
        """About which part of the trials that this rate needs are done; in [0, 1]."""
        if self.stop is not None:
            return 1.0
        shrink = half_width(self.found) / self.context.plan.precision
        return min(1.0, self.shown / (max(self.judged, next_look(0)) * max(1.0, shrink**2)))

    def estimate(self) -> RateEstimate:
        """The estimate from the blocks that count."""
        return estimate_strata(self._parts(), self.context.golden.metric, self._confidence)

    def _parts(self) -> list[Stratum]:
        return [cell.part() for cell in self.cells]

    @property
    def _confidence(self) -> float:
        confidence = self.context.plan.confidence
        return confidence if self._decided is None else confidence_at(self._look, confidence)

    def finished(self, stop: Stop | None) -> RateResult:
        """The result of this rate, as far as it goes."""
        law = self.context.patterns.law(self.rate)
        crashed = [(c.cell, i) for c in self.cells for r in c.used() for i in r.crashed]
        strata = ((c.stratum.name, c.stratum.weight, c.tally) for c in self.cells)
        return RateResult(
            rate=self.rate,
            expected_flips=law.expected,
            p_faulty=law.p_any,
            tally=sum((c.tally for c in self.cells), Tally.empty(self.context.unit)),
            estimate=self.estimate(),
            stop=self.stop or stop or Stop.BUDGET,
            devices=self._devices(),
            crashes=tuple(self.context.crash(cell, index) for cell, index in crashed),
            strata=tuple(StratumResult(*stratum) for stratum in strata),
            memory=memory_estimate(self.context.plan, self._parts(), self._confidence),
        )

    def _devices(self) -> tuple[float, ...]:
        if self.context.plan.exposure is not Exposure.RESIDENT:
            return ()
        used = (o for cell in self.cells for result in cell.used() for o in result.outcomes)
        return tuple(map(self.context.golden.metric_after, used))


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
    running: set[Answer] = set()
    sent: set[Block] = set()
    stop: Stop | None = None
    while True:
        stop = stop or budget.spent()
        if stop is None:
            _send(tasks, pool, running, sent)
        else:
            running = {future for future in running if not future.cancel()}
        if not running:
            break
        patience = 0.0 if stop is Stop.INTERRUPTED else WAIT_SECONDS
        done, running = wait(running, timeout=patience, return_when=FIRST_COMPLETED)
        for future in done:
            tell(_take_in(future.result(), owners, store, budget))
        _look_within(tasks, pool, owners, tell)
        store.tick()
        if stop is Stop.INTERRUPTED:
            break
    return stop


def _send(tasks: Sequence[Task], pool: Pool, running: set[Answer], sent: set[Block]) -> None:
    """Keep the pool busy: tasks take turns, each with the blocks of its next look."""
    width = pool.width
    first = sorted(tasks, key=lambda task: task.turn)
    waiting = [_groups(task, sent, 2 * width) for task in first if task.stop is None]
    turns = (group for turn in zip_longest(*waiting) for group in turn if group)
    for group in islice(turns, max(0, 2 * width - len(running))):
        running.add(pool.submit(group))
        sent.update(group)


def _groups(task: Task, sent: set[Block], shares: int) -> Iterator[list[Block]]:
    """Blocks that the next look of ``task`` waits for and nobody runs yet, some at a time.

    Few enough at a time that what is left makes about so many ``shares``: nobody idles while
    somebody else works through the last of them.
    """
    together = max(1, min(task.together, task.left() // shares))
    blocks = (block for block in task.missing() if block not in sent)
    while group := list(islice(blocks, together)):
        yield group


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
