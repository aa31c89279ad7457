"""``--budget`` is kept: preparation counts, and one block at most ends beyond it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.cells import Cell
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import run_campaign
from analyzer.campaign.workers import worker
from analyzer.errors import BudgetTooSmall
from analyzer.jobs import stopwatch
from analyzer.jobs.stopwatch import Stopwatch
from tests.campaign.contexts import AtOnce, Memory, Results, SilentObserver, shared_results
from tests.cli.test_bad_input import assert_sentence
from tests.strategies import examples
from tests.support import invoke, tiny_cnn, tiny_data


@dataclass
class Clock:
    """CPU seconds of this process, as told."""

    now: float = 0.0
    pace: float = 0.0

    def process_time(self) -> float:
        """So many; each look takes some."""
        self.now += self.pace
        return self.now

    monotonic = process_time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that a stopwatch reads."""
    found = Clock()
    monkeypatch.setattr(stopwatch, "time", found)
    return found


class Costly(Results):
    """Blocks that all cost the same CPU time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(shared_results().context)
        self.seconds = seconds

    def __getitem__(self, block: Block) -> BlockResult:
        return replace(shared_results()[block], cpu_seconds=self.seconds)


def golden(clock: Clock, step: Callable[[], None], batches: int, seconds: float) -> None:
    """A fault-free run whose first answer is known before."""
    for index in range(batches):
        clock.now += seconds * (index > 0)
        step()


@examples(60)
@given(st.floats(0.0, 25.0), st.floats(0.2, 40.0), st.integers(1, 16))
def test_one_block_at_most_ends_beyond_the_budget(
    preparing: float, block: float, workers: int
) -> None:
    """Fails without `affords`: each worker begins a block that the budget does not reach."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(stopwatch, "time", clock)
        watch, store = Stopwatch(20.0), Memory()
        clock.now = preparing
        golden(clock, watch.golden_run(3, 16), 3, block / 16)
        prepared = watch.cpu_seconds
        pool = AtOnce(Costly(block), workers)
        found = run_campaign(shared_results().context, pool, store, watch, SilentObserver())
        spent = watch.cpu_seconds
    assert spent <= max(20.0 + block, prepared)
    assert bool(store.blocks) is (prepared < 20.0)
    if not found.complete:
        assert found.cut_short == {Stop.BUDGET}
        assert spent >= min(20.0, prepared)


def test_what_is_not_measured_yet_is_expected_from_the_fault_free_run(clock: Clock) -> None:
    """A worker begins as this process did: 3 s; a block is 16 runs of half a second."""
    watch = Stopwatch(20.0)
    clock.now = 3.0
    golden(clock, watch.golden_run(3, 16), 3, 0.5)
    assert watch.affords(1)  # 4 + 11
    assert not watch.affords(2)  # 4 + 22
    watch.charge(4.0)
    assert watch.affords(2)  # 8 + 8
    assert not watch.affords(3)
    assert not watch.affords(1, limit=12.0)


def test_a_fault_free_run_beyond_the_budget_is_refused_in_time(clock: Clock) -> None:
    """1,000 images of a second each, and a minute: said after nine of them."""
    step = Stopwatch(60.0).golden_run(1000, 16)
    with pytest.raises(BudgetTooSmall, match="take about 999 s of CPU time"):
        golden(clock, step, 1000, 1.0)
    assert clock.now == 8.0


@pytest.mark.parametrize(
    ("budget", "batches", "seconds"), [(60.0, 1000, 0.06), (60.0, 17, 4.0), (0.01, 80, 0.07)]
)
def test_what_is_about_within_the_budget_goes_on(
    clock: Clock, budget: float, batches: int, seconds: float
) -> None:
    """Within a tenth, a block and some seconds: a quick one is not worth a refusal."""
    golden(clock, Stopwatch(budget).golden_run(batches, 16), batches, seconds)


def test_the_refusal_is_a_sentence(clock: Clock, tmp_path: Path) -> None:
    clock.pace = 10.0
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "m.npz", 200)
    run = invoke("run", model, "--data", data, "--budget", "5s", "--batch", "1")
    assert_sentence(run, "budget-too-small", "use fewer --images or a larger --budget")


def test_a_worker_charges_all_that_it_spends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if blocks are charged from their own start: what a worker takes to begin was free."""
    clock = Clock(now=3.0, pace=1.0)
    monkeypatch.setattr(worker, "time", clock)
    monkeypatch.setattr(worker.TRIAL_COUNT, "charged", 0.0)
    context = shared_results().context
    blocks = [Block(Cell(1e-3), index) for index in range(3)]
    first = worker.blocks_in_worker(context, blocks[:2])
    second = worker.blocks_in_worker(context, blocks[2:])
    charged = sum(r.cpu_seconds for r in (*first, *second))
    assert charged == clock.now
    assert first[0].cpu_seconds > first[1].cpu_seconds
