"""Runs the blocks of a plan until every rate is precise enough, or the budget is spent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from typing import Protocol

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.plan import Exposure
from analyzer.campaign.result import CampaignResult, RateResult, Stop, StratumResult
from analyzer.campaign.trials import Bench, Cell
from analyzer.evaluation.outcome import Outcomes
from analyzer.stats.estimate import RateEstimate, half_width, next_look
from analyzer.stats.strata import Stratum, allocate, estimate_strata
from analyzer.stats.tally import Tally
from analyzer.strata import PatternStratum

WAIT_SECONDS = 0.2
"""How long a wait for results lasts at most before budget and store are looked after again."""

SEND_SECONDS, MOST_TOGETHER = 0.1, 64
"""Work sent to a worker at once: about so much CPU time, and so many blocks at most."""

Answer = Future[list[BlockResult]]


class Observer(Protocol):
    """Told how a campaign proceeds."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate) -> None:
        """``trials`` of ``rate`` are done, about ``share`` (0..1) of what it needs.

        ``found`` is the estimate of the last look: estimating after every block would cost more
        than small models do.
        """


class Budget(Protocol):
    """Says when to stop early."""

    def charge(self, cpu_seconds: float) -> None:
        """Take CPU time that workers spent."""

    def spent(self) -> Stop | None:
        """Why to stop now; None to go on."""


class Pool(Protocol):
    """Runs blocks, in the shape of `concurrent.futures`."""

    @property
    def width(self) -> int:
        """How many blocks it can run at once."""

    def submit(self, blocks: Sequence[Block]) -> Answer:
        """Start some blocks, which one worker runs in turn."""


class Store(Protocol):
    """Keeps finished blocks."""

    def known(self, cell: Cell) -> Iterable[BlockResult]:
        """Finished blocks of one cell."""

    def put(self, result: BlockResult) -> None:
        """Keep one more."""

    def tick(self) -> None:
        """Called several times per second: time to make durable what is not yet."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of a campaign that is run apart: every ``count``-th block, from ``index`` on."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        """As users write it, counted from 1.

        >>> str(Shard(1, 8))
        '2/8'
        """
        return f"{self.index + 1}/{self.count}"


WHOLE = Shard()


@dataclass
class CellState:
    """Finished blocks of one stratum of one rate.

    Attributes:
        cell: Which.
        stratum: Its patterns.
        shard: The share of its blocks that is run here.
        tally: Tally of the blocks that count.
        end: The block before which the next look is judged.
        reached: The first block that does not count yet.
        results: Finished blocks by index.
    """

    cell: Cell
    stratum: PatternStratum
    shard: Shard
    tally: Tally
    end: int = 0
    reached: int = field(init=False)
    results: dict[int, BlockResult] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reached = self.shard.index

    def missing(self) -> Iterator[Block]:
        """Blocks of this share that the next look waits for."""
        owned = range(self.reached, self.end, self.shard.count)
        return (Block(self.cell, index) for index in owned if index not in self.results)

    def count(self, tally: Callable[[Iterable[Outcomes]], Tally]) -> bool:
        """Count the blocks before the next look, up to the first gap; whether there is no gap."""
        while self.reached < self.end and self.reached in self.results:
            self.tally += tally(self.results[self.reached].outcomes)
            self.reached += self.shard.count
        return self.reached >= self.end

    def used(self) -> list[BlockResult]:
        """The blocks that count."""
        return [self.results[i] for i in range(self.shard.index, self.reached, self.shard.count)]

    def part(self) -> Stratum:
        """Its part of the estimate; a share stands for all shares alike."""
        tally = sum([self.tally] * self.shard.count, Tally.empty(self.tally.unit))
        return Stratum(self.stratum.weight, tally)


class RateState:
    """What is known of one rate while a campaign runs.

    Looks are judged in order, each from exactly the blocks before it, and each says how many
    blocks of each stratum the next one waits for: so the outcome depends on the blocks alone and
    not on when they came in.
    """

    def __init__(self, bench: Bench, rate: float, shard: Shard) -> None:
        self.bench = bench
        self.rate = rate
        self.stop: Stop | None = None
        self.together = 1
        empty = Tally.empty(bench.unit)
        self.cells = [
            CellState(Cell(rate, index), stratum, shard, empty)
            for index, stratum in enumerate(bench.split(rate).strata)
        ]
        self.judged = 0
        self.found = self.estimate()
        self._aim()

    def _aim(self) -> None:
        """Say how many blocks of each stratum the next look waits for."""
        total = next_look(BLOCK_TRIALS * sum(cell.end for cell in self.cells))
        trials = allocate([cell.part() for cell in self.cells], total)
        for cell, wanted in zip(self.cells, trials, strict=True):
            cell.end = max(cell.end, wanted // BLOCK_TRIALS)

    def take(self, result: BlockResult) -> None:
        """Take in one finished block."""
        self.cells[result.block.cell.stratum].results[result.block.index] = result
        if result.cpu_seconds:  # else it was not run here
            self.together = _blocks_together(result.cpu_seconds)

    def missing(self) -> Iterator[Block]:
        """Blocks of this share that the next look waits for."""
        return chain.from_iterable(cell.missing() for cell in self.cells)

    def left(self) -> int:
        """About how many these are."""
        return sum(max(0, c.end - c.reached) // c.shard.count for c in self.cells)

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        while self.stop is None and self._count():
            self.judged, self.found = self.trials, self.estimate()
            if half_width(self.found) <= self.bench.plan.precision:
                self.stop = Stop.PRECISION
            else:
                self._aim()

    def share(self) -> float:
        """About which part of the trials that this rate needs are done; in [0, 1]."""
        if self.stop is Stop.PRECISION:
            return 1.0
        shrink = half_width(self.found) / self.bench.plan.precision
        return min(1.0, self.trials / (max(self.judged, next_look(0)) * max(1.0, shrink**2)))

    def _count(self) -> bool:
        complete = [cell.count(self.bench.tally) for cell in self.cells]
        return all(complete)

    @property
    def trials(self) -> int:
        """Trials done."""
        return BLOCK_TRIALS * sum(len(cell.results) for cell in self.cells)

    def estimate(self) -> RateEstimate:
        """The estimate from the blocks that count."""
        parts = [cell.part() for cell in self.cells]
        return estimate_strata(parts, self.bench.golden_metric, self.bench.plan.confidence)

    def finished(self, stop: Stop | None) -> RateResult:
        """The result of this rate, as far as it goes."""
        law = self.bench.law(self.rate)
        crashed = [(c.cell, i) for c in self.cells for r in c.used() for i in r.crashed]
        strata = [(c.stratum.name, c.stratum.weight, c.tally) for c in self.cells]
        return RateResult(
            rate=self.rate,
            expected_flips=law.expected,
            p_faulty=law.p_any,
            tally=sum((c.tally for c in self.cells), Tally.empty(self.bench.unit)),
            estimate=self.estimate(),
            stop=self.stop or stop or Stop.BUDGET,
            devices=self._devices(),
            crashes=tuple(self.bench.crash(cell, index) for cell, index in crashed),
            strata=tuple(StratumResult(*stratum) for stratum in strata),
        )

    def _devices(self) -> tuple[float, ...]:
        if self.bench.plan.exposure is not Exposure.RESIDENT:
            return ()
        used = (result for cell in self.cells for result in cell.used())
        return tuple(self.bench.device(o) for result in used for o in result.outcomes)


def run_campaign(
    bench: Bench,
    pool: Pool,
    store: Store,
    budget: Budget,
    observer: Observer,
    shard: Shard = WHOLE,
) -> CampaignResult:
    """Run a campaign; blocks that the store knows are not run again.

    Args:
        bench: the plan and the golden run.
        pool: runs blocks.
        store: keeps them.
        budget: says when to stop early.
        observer: is told how it goes.
        shard: which blocks are run here.

    Raises:
        NotRestored: a weight was not golden after a trial.
        JournalError: a finished block cannot be kept.
    """
    states = {rate: RateState(bench, rate, shard) for rate in bench.plan.rates}
    for state in states.values():
        for cell in state.cells:
            for result in store.known(cell.cell):
                state.take(result)
        state.settle()
    running: set[Answer] = set()
    sent: set[Block] = set()
    stop: Stop | None = None
    while True:
        stop = stop or budget.spent()
        if stop is None:
            _send(list(states.values()), pool, running, sent)
        else:
            running = {future for future in running if not future.cancel()}
        if not running:
            break
        patience = 0.0 if stop is Stop.INTERRUPTED else WAIT_SECONDS
        done, running = wait(running, timeout=patience, return_when=FIRST_COMPLETED)
        for future in done:
            _take_in(future.result(), states, store, budget, observer)
        store.tick()
        if stop is Stop.INTERRUPTED:
            break
    results = tuple(state.finished(stop) for state in states.values())
    return CampaignResult(bench.plan, bench.golden_metric, results)


def _send(states: list[RateState], pool: Pool, running: set[Answer], sent: set[Block]) -> None:
    """Keep the pool busy: rates take turns, each with the blocks of its next look."""
    width = pool.width
    waiting = [_groups(state, sent, 2 * width) for state in states if state.stop is None]
    turns = (group for turn in zip_longest(*waiting) for group in turn if group)
    for group in islice(turns, max(0, 2 * width - len(running))):
        running.add(pool.submit(group))
        sent.update(group)


def _groups(state: RateState, sent: set[Block], shares: int) -> Iterator[list[Block]]:
    """Blocks that the next look of ``state`` waits for and nobody runs yet, some at a time.

    Few enough at a time that what is left makes about so many ``shares``: nobody idles while
    somebody else works through the last of them.
    """
    together = max(1, min(state.together, state.left() // shares))
    blocks = (block for block in state.missing() if block not in sent)
    while group := list(islice(blocks, together)):
        yield group


def _take_in(
    results: list[BlockResult],
    states: dict[float, RateState],
    store: Store,
    budget: Budget,
    observer: Observer,
) -> None:
    """Keep finished blocks of one rate, and judge the looks that they complete."""
    for result in results:
        store.put(result)
        budget.charge(result.cpu_seconds)
        states[result.block.cell.rate].take(result)
    state = states[results[0].block.cell.rate]
    state.settle()
    observer.progress(state.rate, state.trials, state.share(), state.found)


def _blocks_together(cpu_seconds: float) -> int:
    """How many blocks to send at a time, so that sending is cheap; of no influence on results."""
    return max(1, min(MOST_TOGETHER, int(SEND_SECONDS / max(cpu_seconds, 1e-9))))
