"""A campaign is a set of blocks: whoever ran them, in whatever order, at whatever time.

Each test names the line of `analyzer/campaign/runner.py` whose removal makes it fail.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign import runner
from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.cells import AnyCell, Cell
from analyzer.campaign.journal.journal import FLUSH_SECONDS
from analyzer.campaign.rate_state import RateState
from analyzer.campaign.result import CampaignResult, Stop
from analyzer.campaign.runner import WAIT_SECONDS, run_campaign
from analyzer.campaign.tasks import SEND_SECONDS, WHOLE, Shard
from analyzer.stats.estimate import RateEstimate
from tests.campaign.contexts import (
    AtOnce,
    Charges,
    Memory,
    Opaque,
    Results,
    run,
    shared_results,
    undisturbed,
    with_plan,
)
from tests.strategies import examples


@pytest.fixture(autouse=True, scope="module")
def _impatient() -> Iterator[None]:
    """The pools here finish something only when they are looked at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "WAIT_SECONDS", 0.001)
        yield


Waiting = tuple[tuple[Block, ...], "Future[list[BlockResult]]"]


@dataclass
class Shuffled:
    """A pool that finishes what it was given in random order, one at each look at its width."""

    results: Results
    workers: int
    rng: random.Random
    waiting: list[Waiting] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many workers it claims to have; finishes something."""
        if self.waiting:
            blocks, future = self.waiting.pop(self.rng.randrange(len(self.waiting)))
            if future.set_running_or_notify_cancel():
                future.set_result([self.results[block] for block in blocks])
        return self.workers

    def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
        """Put ``blocks`` with the others."""
        future: Future[list[BlockResult]] = Future()
        self.waiting.append((tuple(blocks), future))
        return future

    def under_way(self) -> Mapping[AnyCell, int]:
        """Anything: nobody may rely on it."""
        return {blocks[0].cell: self.rng.randrange(40) for blocks, _ in self.waiting}


def prefixes(result: CampaignResult, whole: CampaignResult) -> bool:
    """Whether every stratum of ``result`` consists of the first blocks of that in ``whole``."""
    results = shared_results()
    for rate in result.rates:
        for index, stratum in enumerate(rate.strata):
            blocks = [Block(Cell(rate.rate, index), i) for i in range(stratum.tally.trials // 16)]
            outcomes = [o for block in blocks for o in results[block].outcomes]
            if results.context.tally(outcomes) != stratum.tally:
                return False
    return [r.rate for r in result.rates] == [r.rate for r in whole.rates]


def first_blocks(cells: int = 5, each: int = 40) -> list[Block]:
    """More blocks than the campaign needs."""
    rates = shared_results().context.plan.rates
    split = shared_results().context.patterns.split
    cell_of = [Cell(r, s) for r in rates for s in range(cells)]
    known = {c for c in cell_of if c.stratum < len(split(c.rate).strata)}
    return [Block(cell, index) for cell in sorted(known) for index in range(each)]


# Order and number of workers


@examples(20)
@given(st.integers(1, 9), st.randoms(use_true_random=False))
def test_order_of_completion_and_number_of_workers_do_not_matter(
    workers: int, rng: random.Random
) -> None:
    """Fails without `if self._count()` in `settle`: looks wait for all of their blocks."""
    results = shared_results()
    assert run(results.context, Shuffled(results, workers, rng)) == undisturbed()


@examples(20)
@given(st.randoms(use_true_random=False), st.floats(0, 1), st.integers(1, 4))
def test_what_is_known_already_does_not_matter(
    rng: random.Random, share: float, workers: int
) -> None:
    """Fails if `CellState.count` goes beyond `end`: blocks that a look does not ask for count."""
    results = shared_results()
    known = [block for block in first_blocks() if rng.random() < share]
    store = Memory({block: results[block] for block in known})
    assert run(results.context, Shuffled(results, workers, rng), store) == undisturbed()


def test_no_block_is_run_that_no_look_asked_for() -> None:
    results = shared_results()
    store = Memory()
    run(results.context, AtOnce(results, 4), store)
    trials = sum(rate.tally.trials for rate in undisturbed().rates)
    assert 16 * len(store.blocks) == trials


# Budget and interruption


@examples(20)
@given(st.integers(0, 30), st.sampled_from([Stop.BUDGET, Stop.INTERRUPTED]), st.randoms())
def test_an_early_end_leaves_a_prefix_and_going_on_the_whole(
    blocks: int, reason: Stop, rng: random.Random
) -> None:
    """Fails without `self.reached in self.results` in `CellState.count`: gaps would be skipped."""
    results = shared_results()
    store = Memory()
    part = run(results.context, Shuffled(results, 3, rng), store, Charges(blocks, reason))
    assert prefixes(part, undisturbed())
    assert {rate.stop for rate in part.rates} <= {Stop.PRECISION, reason}
    assert run(results.context, Shuffled(results, 2, rng), store) == undisturbed()


def test_a_complete_store_needs_no_budget() -> None:
    """Fails without `state.settle()` before the loop: a run without budget judged nothing."""
    results = shared_results()
    store = Memory()
    run(results.context, AtOnce(results), store)
    again = run(results.context, AtOnce(results), store, Charges(0))
    assert again == undisturbed()


def test_the_last_look_is_judged_when_the_budget_ends_with_it() -> None:
    """Fails without `state.settle()` in `_take_in`."""
    results = shared_results()
    store = Memory()
    run(results.context, AtOnce(results), store)
    assert run(results.context, AtOnce(results), None, Charges(len(store.blocks))) == undisturbed()


def test_an_interruption_does_not_wait_for_running_blocks() -> None:
    """Fails without `if stop is Stop.INTERRUPTED: break`: Ctrl-C waited for the slowest block."""

    class Stuck(Opaque):
        width = 2

        def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
            future: Future[list[BlockResult]] = Future()
            future.set_running_or_notify_cancel()
            return future

    @dataclass
    class SoonInterrupted(Charges):
        looks: int = 0

        def spent(self) -> Stop | None:
            self.looks += 1
            return Stop.INTERRUPTED if self.looks > 2 else None

    found = run(shared_results().context, Stuck(), None, SoonInterrupted())
    assert {rate.stop for rate in found.rates} == {Stop.INTERRUPTED}


def test_queued_blocks_are_taken_back_when_the_budget_ends() -> None:
    """Fails without `future.cancel()`."""
    results = shared_results()
    pool = Shuffled(results, 8, random.Random(0))
    store = Memory()
    run(results.context, pool, store, Charges(1))
    assert len(store.blocks) == 1
    assert pool.waiting
    assert all(future.cancelled() for _, future in pool.waiting)


def test_a_failure_in_a_worker_ends_the_campaign() -> None:
    class Failing(Opaque):
        width = 1

        def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
            future: Future[list[BlockResult]] = Future()
            future.set_exception(RuntimeError("a defect"))
            return future

    with pytest.raises(RuntimeError, match="a defect"):
        run(shared_results().context, Failing())


# Shards


@pytest.mark.parametrize("count", [2, 3, 5])
def test_shards_joined_and_resumed_are_the_undisturbed_run(count: int) -> None:
    """Fails if `reached` starts at 0: every shard would wait for the blocks of the others."""
    results = shared_results()
    joined: dict[Block, BlockResult] = {}
    for index in range(count):
        store = Memory()
        run(results.context, AtOnce(results), store, shard=Shard(index, count))
        assert store.blocks
        assert {block.index % count for block in store.blocks} == {index}
        joined |= store.blocks
    assert run(results.context, AtOnce(results), Memory(joined)) == undisturbed()


def test_a_shard_stops_when_all_shards_together_are_precise_enough() -> None:
    """Fails without `[self.tally] * self.shard.count`: a shard would run as much as the whole."""
    results = shared_results()
    half, whole = Memory(), Memory()
    run(results.context, AtOnce(results), half, shard=Shard(0, 2))
    run(results.context, AtOnce(results), whole)
    assert len(half.blocks) < 0.75 * len(whole.blocks)


# Durability: what a worker has finished is not kept back


def rate_of(block: Block) -> float:
    assert isinstance(block.cell, Cell)
    return block.cell.rate


def with_seconds(results: Results, seconds: dict[float, float]) -> Results:
    """The same results, at other costs per block by rate."""

    class Priced(Results):
        def __getitem__(self, block: Block) -> BlockResult:
            return replace(results[block], cpu_seconds=seconds[rate_of(block)])

    return Priced(results.context)


def test_slow_blocks_are_sent_one_by_one_even_beside_fast_ones() -> None:
    """Fails if `together` is shared by all rates: slow blocks would be delivered in bundles."""
    fine = shared_results().context
    context = with_plan(fine, precision=0.02)
    results = Results(context)
    priced = with_seconds(results, {1e-3: SEND_SECONDS / 10, 1e-2: 2 * SEND_SECONDS})
    pool = AtOnce(priced)
    run(context, pool)
    sizes = {rate: {len(s) for s in pool.sent if rate_of(s[0]) == rate} for rate in (1e-3, 1e-2)}
    assert sizes[1e-2] == {1}
    assert max(sizes[1e-3]) > 1


def test_blocks_that_were_read_from_a_journal_say_nothing_about_their_cost() -> None:
    """Fails without `if result.cpu_seconds` in `take`: slow blocks would be sent in bundles."""
    results = shared_results()
    state = RateState(results.context, 1e-3, WHOLE)
    read, measured = results[Block(Cell(1e-3), 0)], results[Block(Cell(1e-3), 1)]
    state.take(read)
    assert state.together == 1
    state.take(replace(measured, cpu_seconds=SEND_SECONDS / 3))
    state.take(read)
    assert state.together == 3


def test_the_store_is_looked_after_while_blocks_run() -> None:
    """Fails without `store.tick()`: a finished block would wait for the next one to be kept."""
    results = shared_results()

    @dataclass
    class Slow(AtOnce):
        def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
            self.sent.append(tuple(blocks))
            return Future()

    @dataclass
    class Watch(Charges):
        looks: int = 0

        def spent(self) -> Stop | None:
            self.looks += 1
            return Stop.INTERRUPTED if self.looks > 5 else None

    store = Memory()
    run(results.context, Slow(results), store, Watch())
    assert store.ticks >= 5


def test_trials_within_unfinished_blocks_are_told() -> None:
    """Fails without `_look_within`, or with `trials` in place of `shown`."""
    results = shared_results()

    @dataclass
    class Half(AtOnce):
        left: list[int] = field(default_factory=lambda: [0, 1, 1, 7])

        def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
            self.sent.append(tuple(blocks))
            return Future()

        def under_way(self) -> Mapping[AnyCell, int]:
            return {self.sent[0][0].cell: self.left.pop(0)} if self.left else {}

    @dataclass
    class Told:
        found: list[tuple[float, int, bool]] = field(default_factory=list)

        def progress(
            self, rate: float, trials: int, share: float, found: RateEstimate | None
        ) -> None:
            self.found.append((rate, trials, share > 0))

    pool, told = Half(results), Told()

    @dataclass
    class Watch(Charges):
        def spent(self) -> Stop | None:
            self.left = min(self.left, 7) - 1
            return Stop.INTERRUPTED if self.left < 0 else None

    run_campaign(results.context, pool, Memory(), Watch(), told)
    rate = results.context.plan.rates[0]
    assert told.found == [(rate, 1, True), (rate, 7, True), (rate, 0, False)]


def test_the_store_is_looked_after_several_times_per_second() -> None:
    """With `journal.FLUSH_SECONDS`, this is what makes a block durable within a second."""
    assert WAIT_SECONDS + FLUSH_SECONDS + SEND_SECONDS < 0.9
