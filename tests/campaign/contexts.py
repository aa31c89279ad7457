"""A small campaign, and stand-ins for all that it is given."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.campaign.blocks import Block, BlockResult, run_block
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.result import CampaignResult, Stop
from analyzer.campaign.runner import Budget, Pool, Store, run_campaign
from analyzer.campaign.tasks import WHOLE, Shard
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.payload import WorkerPayload
from analyzer.jobs.prepare import Analysis, prepare_sweep
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.settings import ask
from analyzer.stats.estimate import RateEstimate
from tests.support import tiny_cnn, tiny_data

TRIALS = [[80, 16, 16, 16, 16], [32, 32, 128, 48, 16, 16]]
"""Trials that `tiny_analysis` needs, by rate and stratum."""


def tiny_analysis(folder: Path, **flags: object) -> Analysis:
    """A campaign of 28 blocks at two rates, ready to run."""
    model, data = tiny_cnn(folder / "tiny.onnx"), tiny_data(folder / "tiny.npz")
    asked = {"rates": "1e-3,1e-2", "precision": 0.05, "batch": 8, "data": data, **flags}
    return prepare_sweep(ask(SweepRequest, asked, model=model))


def with_plan(context: TrialContext, **changes: Any) -> TrialContext:
    """The same context, some fields of its plan changed."""
    patterns = replace(context.patterns, plan=replace(context.plan, **changes))
    return replace(context, patterns=patterns)


def write_payload(payload: WorkerPayload, path: Path) -> Path:
    """The file that workers of ``payload`` read."""
    path.write_bytes(b"".join(payload.parts()))
    return path


def zero_clock() -> float:
    """A clock that stands still."""
    return 0.0


class Results:
    """Block results of one context, computed once each: trials are pure functions."""

    def __init__(self, context: TrialContext) -> None:
        self.context = context
        self._found: dict[Block, BlockResult] = {}

    def __getitem__(self, block: Block) -> BlockResult:
        """The result of ``block``."""
        if block not in self._found:
            self._found[block] = run_block(self.context, block, zero_clock)
        return self._found[block]


@dataclass
class Memory:
    """A store that forgets nothing while it lives."""

    blocks: dict[Block, BlockResult] = field(default_factory=dict)
    ticks: int = 0

    def known(self, cell: AnyCell) -> Iterable[BlockResult]:
        """Finished blocks of one cell, latest first: the order must not matter."""
        return [r for b, r in reversed(self.blocks.items()) if b.cell == cell]

    def put(self, result: BlockResult) -> None:
        """Keep one more."""
        assert result.block not in self.blocks, "a block was run twice"
        self.blocks[result.block] = result

    def tick(self) -> None:
        """Count."""
        self.ticks += 1


@dataclass
class Charges:
    """A budget that ends after so many blocks."""

    left: float = float("inf")
    reason: Stop = Stop.BUDGET

    def charge(self, cpu_seconds: float) -> None:
        """One block less."""
        self.left -= 1

    def affords(self, under_way: int) -> bool:
        """Always: it counts what is finished."""
        return True

    def spent(self) -> Stop | None:
        """The reason, once all is spent."""
        return self.reason if self.left <= 0 else None


class SilentObserver:
    """An observer who does not look."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Nothing."""


class Opaque:
    """A pool that shows nothing of unfinished blocks."""

    def under_way(self) -> Mapping[AnyCell, int]:
        """Nothing."""
        return {}


@dataclass
class AtOnce(Opaque):
    """A pool that has the answer when it is asked."""

    results: Results
    width: int = 1
    sent: list[tuple[Block, ...]] = field(default_factory=list)

    def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
        """Answer now."""
        self.sent.append(tuple(blocks))
        future: Future[list[BlockResult]] = Future()
        future.set_result([self.results[block] for block in blocks])
        return future


def run(
    context: TrialContext,
    pool: Pool,
    store: Store | None = None,
    budget: Budget | None = None,
    shard: Shard = WHOLE,
) -> CampaignResult:
    """Run a campaign to its end unless ``budget`` ends it before."""
    return run_campaign(
        context, pool, store or Memory(), budget or Charges(), SilentObserver(), shard
    )


@cache
def shared_results() -> Results:
    """Results of `tiny_analysis`, shared by the tests of one process."""
    with tempfile.TemporaryDirectory() as folder:
        return Results(tiny_analysis(Path(folder)).context)


@cache
def undisturbed() -> CampaignResult:
    """What `tiny_analysis` finds if nothing happens."""
    results = shared_results()
    found = run(results.context, AtOnce(results))
    assert found.complete  # else every comparison with it would prove little
    assert [[s.tally.trials for s in r.strata] for r in found.rates] == TRIALS
    return found
