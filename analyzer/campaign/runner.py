"""Runs the blocks of a plan until every rate is precise enough, or the budget is spent."""

from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import islice, takewhile, zip_longest
from typing import Protocol

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.plan import Exposure
from analyzer.campaign.result import CampaignResult, RateResult, Stop
from analyzer.campaign.trials import Bench
from analyzer.stats.estimate import RateEstimate, estimate, half_width, next_look
from analyzer.stats.tally import Tally

WAIT_SECONDS = 0.2
"""How long a wait for results lasts at most before the budget is looked at again."""


SEND_SECONDS, MOST_TOGETHER = 0.1, 16
"""Work sent to a worker at once: about so much CPU time, and so many blocks at most."""


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

    def submit(self, blocks: Sequence[Block]) -> Future[list[BlockResult]]:
        """Start some blocks, which one worker runs in turn."""


class Store(Protocol):
    """Keeps finished blocks."""

    def known(self, rate: float) -> Iterable[BlockResult]:
        """Finished blocks of one rate."""

    def put(self, result: BlockResult) -> None:
        """Keep one more."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of a campaign that is run apart: every ``count``-th block, from ``index`` on."""

    index: int = 0
    count: int = 1

    def owns(self, block: int) -> bool:
        """Whether a block index belongs to this share."""
        return block % self.count == self.index


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
    tallies: dict[int, Tally] = field(default_factory=dict)
    target: int = next_look(0)
    stop: Stop | None = None

    def take(self, result: BlockResult) -> None:
        """Take in one finished block."""
        self.results[result.block.index] = result
        tallies = map(self.bench.tally, result.outcomes)
        self.tallies[result.block.index] = sum(tallies, Tally.empty(self.bench.unit))

    def missing(self) -> list[int]:
        """Blocks of this share that the next look waits for."""
        indices = range(self.target // BLOCK_TRIALS)
        return [i for i in indices if i not in self.tallies and self.shard.owns(i)]

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        while self.stop is None and not self.missing():
            if half_width(self.estimate()) <= self.bench.plan.precision:
                self.stop = Stop.PRECISION
            else:
                self.target = next_look(self.target)

    def used(self) -> list[int]:
        """Indices of the blocks that count: those before the target, up to the first gap."""
        indices = (i for i in range(self.target // BLOCK_TRIALS) if self.shard.owns(i))
        return list(takewhile(lambda i: i in self.tallies, indices))

    def tally(self) -> Tally:
        """The tally of the blocks that count."""
        return sum((self.tallies[i] for i in self.used()), Tally.empty(self.bench.unit))

    def estimate(self) -> RateEstimate:
        """The estimate from the blocks that count; a share stands for all shares alike."""
        tally = sum([self.tally()] * self.shard.count, Tally.empty(self.bench.unit))
        p_faulty = self.bench.law(self.rate).p_any
        return estimate(tally, self.bench.golden_metric, p_faulty, self.bench.plan.confidence)

    def finished(self, stop: Stop | None) -> RateResult:
        """The result of this rate, as far as it goes."""
        law, tally = self.bench.law(self.rate), self.tally()
        used = [self.results[i] for i in self.used()]
        devices: tuple[float, ...] = ()
        if self.bench.plan.exposure is Exposure.RESIDENT:
            devices = tuple(self.bench.device(o) for r in used for o in r.outcomes)
        crashed = tuple(index for result in used for index in result.crashed)
        crashes = tuple(self.bench.crash(self.rate, index) for index in crashed)
        reason = self.stop or stop or Stop.BUDGET
        found = self.estimate()
        head = (self.rate, law.expected, law.p_any, tally, found, reason)
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
    running: set[Future[list[BlockResult]]] = set()
    sent: set[Block] = set()
    together = 1
    stop: Stop | None = None
    while True:
        stop = stop or budget.spent()
        if stop is None:
            _send(list(states.values()), pool, running, sent, together)
        else:
            running = {future for future in running if not future.cancel()}
        if not running:
            break
        done, running = wait(running, timeout=WAIT_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            for result in future.result():
                store.put(result)
                budget.charge(result.cpu_seconds)
                states[result.block.rate].take(result)
                together = _blocks_together(result.cpu_seconds)
            _report(states[result.block.rate], observer)
    results = tuple(state.finished(stop) for state in states.values())
    return CampaignResult(bench.plan, bench.golden_metric, results)


def _send(
    states: list[RateState],
    pool: Pool,
    running: set[Future[list[BlockResult]]],
    sent: set[Block],
    together: int,
) -> None:
    """Keep the pool busy: rates take turns, each with the blocks of its next look."""
    for state in states:
        state.settle()
    waiting = [_groups(state, sent, together) for state in states if state.stop is None]
    turns = (group for turn in zip_longest(*waiting) for group in turn if group)
    for group in islice(turns, max(0, 2 * pool.width - len(running))):
        running.add(pool.submit(group))
        sent.update(group)


def _groups(state: RateState, sent: set[Block], together: int) -> list[list[Block]]:
    """Blocks that the next look of ``state`` waits for and nobody runs yet, some at a time."""
    blocks = [b for i in state.missing() if (b := Block(state.rate, i)) not in sent]
    return [blocks[i : i + together] for i in range(0, len(blocks), together)]


def _blocks_together(cpu_seconds: float) -> int:
    """How many blocks to send at a time, so that sending is cheap; of no influence on results."""
    return max(1, min(MOST_TOGETHER, int(SEND_SECONDS / max(cpu_seconds, 1e-9))))


def _report(state: RateState, observer: Observer) -> None:
    found = state.estimate()
    width = half_width(found)
    share = min(1.0, (state.bench.plan.precision / width) ** 2) if width else 1.0
    observer.progress(state.rate, BLOCK_TRIALS * len(state.tallies), share, found)
