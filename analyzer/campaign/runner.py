"""Runs the blocks of a plan until every rate is precise enough, or the budget is spent."""

from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import islice, takewhile, zip_longest
from typing import Protocol

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.plan import Exposure
from analyzer.campaign.result import CampaignResult, RateResult, Stop, StratumResult
from analyzer.campaign.trials import Bench, Cell
from analyzer.stats.estimate import RateEstimate, half_width, next_look
from analyzer.stats.strata import Stratum, allocate, estimate_strata
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

    def known(self, cell: Cell) -> Iterable[BlockResult]:
        """Finished blocks of one cell."""

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
class CellState:
    """Finished blocks of one stratum of one rate.

    Attributes:
        cell: Which.
        weight: Probability of its patterns.
        blocks: How many blocks the next look waits for.
        results: Finished blocks by index.
        tallies: Their tallies.
    """

    cell: Cell
    name: str
    weight: float
    shard: Shard
    empty: Tally
    blocks: int = 0
    results: dict[int, BlockResult] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)

    def missing(self) -> list[Block]:
        """Blocks of this share that the next look waits for."""
        indices = (i for i in range(self.blocks) if self.shard.owns(i))
        return [Block(self.cell, i) for i in indices if i not in self.tallies]

    def used(self) -> list[int]:
        """Indices of the blocks that count: those waited for, up to the first gap."""
        indices = (i for i in range(self.blocks) if self.shard.owns(i))
        return list(takewhile(lambda i: i in self.tallies, indices))

    def tally(self) -> Tally:
        """The tally of the blocks that count."""
        return sum((self.tallies[i] for i in self.used()), self.empty)

    def part(self) -> Stratum:
        """Its part of the estimate; a share stands for all shares alike."""
        return Stratum(self.weight, sum([self.tally()] * self.shard.count, self.empty))


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
        empty = Tally.empty(bench.unit)
        self.cells = [
            CellState(Cell(rate, i), stratum.name, stratum.weight, shard, empty)
            for i, stratum in enumerate(bench.split(rate).strata)
        ]
        self._wait_for_next_look()

    def _wait_for_next_look(self) -> None:
        parts = [c.part() for c in self.cells]
        total = next_look(BLOCK_TRIALS * sum(c.blocks for c in self.cells))
        for cell, trials in zip(self.cells, allocate(parts, total), strict=True):
            cell.blocks = max(cell.blocks, trials // BLOCK_TRIALS)

    def take(self, result: BlockResult) -> None:
        """Take in one finished block."""
        cell = self.cells[result.block.cell.stratum]
        tallies = map(self.bench.tally, result.outcomes)
        cell.results[result.block.index] = result
        cell.tallies[result.block.index] = sum(tallies, cell.empty)

    def missing(self) -> list[Block]:
        """Blocks that the next look waits for."""
        return [block for cell in self.cells for block in cell.missing()]

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        while self.stop is None and not self.missing():
            if half_width(self.estimate()) <= self.bench.plan.precision:
                self.stop = Stop.PRECISION
            else:
                self._wait_for_next_look()

    def trials(self) -> int:
        """Trials done."""
        return BLOCK_TRIALS * sum(len(c.tallies) for c in self.cells)

    def estimate(self) -> RateEstimate:
        """The estimate from the blocks that count."""
        parts = [c.part() for c in self.cells]
        return estimate_strata(parts, self.bench.golden_metric, self.bench.plan.confidence)

    def finished(self, stop: Stop | None) -> RateResult:
        """The result of this rate, as far as it goes."""
        law = self.bench.law(self.rate)
        used = [(c, c.results[i]) for c in self.cells for i in c.used()]
        crashes = [(c, index) for c, result in used for index in result.crashed]
        return RateResult(
            rate=self.rate,
            expected_flips=law.expected,
            p_faulty=law.p_any,
            tally=sum((c.tally() for c in self.cells), Tally.empty(self.bench.unit)),
            estimate=self.estimate(),
            stop=self.stop or stop or Stop.BUDGET,
            devices=self._devices([result for _, result in used]),
            crashes=tuple(self.bench.crash(c.cell, index) for c, index in crashes),
            strata=tuple(StratumResult(c.name, c.weight, c.tally()) for c in self.cells),
        )

    def _devices(self, used: list[BlockResult]) -> tuple[float, ...]:
        if self.bench.plan.exposure is not Exposure.RESIDENT:
            return ()
        return tuple(self.bench.device(o) for r in used for o in r.outcomes)


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
                states[result.block.cell.rate].take(result)
                together = _blocks_together(result.cpu_seconds)
            _report(states[result.block.cell.rate], observer)
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
    blocks = [block for block in state.missing() if block not in sent]
    return [blocks[i : i + together] for i in range(0, len(blocks), together)]


def _blocks_together(cpu_seconds: float) -> int:
    """How many blocks to send at a time, so that sending is cheap; of no influence on results."""
    return max(1, min(MOST_TOGETHER, int(SEND_SECONDS / max(cpu_seconds, 1e-9))))


def _report(state: RateState, observer: Observer) -> None:
    found = state.estimate()
    width = half_width(found)
    share = min(1.0, (state.bench.plan.precision / width) ** 2) if width else 1.0
    observer.progress(state.rate, state.trials(), share, found)
