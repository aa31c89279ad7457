"""Runs the blocks of a plan until every rate is precise enough, or the budget is spent."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Protocol

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.plan import Exposure
from analyzer.campaign.result import CampaignResult, RateResult, Stop
from analyzer.campaign.trials import Bench
from analyzer.stats.estimate import RateEstimate, estimate, half_width, next_look
from analyzer.stats.tally import Tally

WAIT_SECONDS = 0.2
"""How long a wait for results lasts at most before budget and store are looked after again."""

SEND_SECONDS, MOST_TOGETHER = 0.1, 64
"""Work sent to a worker at once: about so much CPU time, and so many blocks at most."""

Answer = Future[list[BlockResult]]


class Observer(Protocol):
    """Told how a campaign proceeds."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate) -> None:
        """``trials`` of ``rate`` are done, about ``share`` (0..1) of what it needs."""


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

    def known(self, rate: float) -> Iterable[BlockResult]:
        """Finished blocks of one rate."""

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
class RateState:
    """What is known of one rate while a campaign runs.

    Looks are judged in order, each from exactly the blocks before it, so that the outcome depends
    on the blocks alone and not on when they came in.
    """

    bench: Bench
    rate: float
    shard: Shard
    results: dict[int, BlockResult] = field(default_factory=dict)
    tally: Tally = field(init=False)
    reached: int = field(init=False)
    target: int = next_look(0)
    together: int = 1
    stop: Stop | None = None

    def __post_init__(self) -> None:
        self.tally = Tally.empty(self.bench.unit)
        self.reached = self.shard.index

    @property
    def end(self) -> int:
        """The block before which the next look is judged."""
        return self.target // BLOCK_TRIALS

    def take(self, result: BlockResult) -> None:
        """Take in one finished block."""
        self.results[result.block.index] = result
        if result.cpu_seconds:  # else it was not run here
            self.together = _blocks_together(result.cpu_seconds)

    def missing(self) -> Iterator[int]:
        """Blocks of this share that the next look waits for."""
        owned = range(self.reached, self.end, self.shard.count)
        return (index for index in owned if index not in self.results)

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        self._count()
        while self.stop is None and self.reached >= self.end:
            if half_width(self.estimate()) <= self.bench.plan.precision:
                self.stop = Stop.PRECISION
            else:
                self.target = next_look(self.target)
                self._count()

    def _count(self) -> None:
        """Count the blocks before the next look, up to the first gap."""
        while self.reached < self.end and self.reached in self.results:
            outcomes = self.results[self.reached].outcomes
            self.tally = sum(map(self.bench.tally, outcomes), self.tally)
            self.reached += self.shard.count

    def used(self) -> list[BlockResult]:
        """The blocks that count."""
        return [self.results[i] for i in range(self.shard.index, self.reached, self.shard.count)]

    def estimate(self) -> RateEstimate:
        """The estimate from the blocks that count; a share stands for all shares alike."""
        tally = sum([self.tally] * self.shard.count, Tally.empty(self.bench.unit))
        p_faulty = self.bench.law(self.rate).p_any
        return estimate(tally, self.bench.golden_metric, p_faulty, self.bench.plan.confidence)

    def finished(self, stop: Stop | None) -> RateResult:
        """The result of this rate, as far as it goes."""
        law, used = self.bench.law(self.rate), self.used()
        devices: tuple[float, ...] = ()
        if self.bench.plan.exposure is Exposure.RESIDENT:
            devices = tuple(self.bench.device(o) for r in used for o in r.outcomes)
        crashed = tuple(index for result in used for index in result.crashed)
        crashes = tuple(self.bench.crash(self.rate, index) for index in crashed)
        reason = self.stop or stop or Stop.BUDGET
        found = self.estimate()
        head = (self.rate, law.expected, law.p_any, self.tally, found, reason)
        return RateResult(*head, devices, crashes)


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
        for result in store.known(state.rate):
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
    left = (state.end - state.reached) // state.shard.count
    together = max(1, min(state.together, left // shares))
    blocks = (b for i in state.missing() if (b := Block(state.rate, i)) not in sent)
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
        states[result.block.rate].take(result)
    state = states[results[0].block.rate]
    state.settle()
    _report(state, observer)


def _blocks_together(cpu_seconds: float) -> int:
    """How many blocks to send at a time, so that sending is cheap; of no influence on results."""
    return max(1, min(MOST_TOGETHER, int(SEND_SECONDS / max(cpu_seconds, 1e-9))))


def _report(state: RateState, observer: Observer) -> None:
    found = state.estimate()
    width = half_width(found)
    share = min(1.0, (state.bench.plan.precision / width) ** 2) if width else 1.0
    observer.progress(state.rate, BLOCK_TRIALS * len(state.results), share, found)
