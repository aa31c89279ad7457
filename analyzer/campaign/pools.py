"""Pools on this machine: in this process, or in worker processes that may die."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from analyzer.campaign.blocks import Block, BlockResult, run_blocks
from analyzer.campaign.trials import Bench, Cell
from analyzer.campaign.worker import blocks_in_worker, start_worker, trial_in_worker
from analyzer.evaluation.outcome import Outcomes

T = TypeVar("T")


class InlinePool:
    """Runs blocks in this process, one at a time: a pattern that crashes the runtime ends it."""

    width = 1

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
        """Run ``blocks`` now."""
        future: Future[list[BlockResult]] = Future()
        future.set_result(run_blocks(self._bench, blocks, time.process_time))
        return future


class _Slot:
    """One worker process, replaced when it dies."""

    def __init__(self, shipment: Path) -> None:
        self._shipment = str(shipment)
        self._process: ProcessPoolExecutor | None = None

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Run ``function(shipment, *args)`` in the worker.

        Raises:
            BrokenProcessPool: the worker died of it.
        """
        if self._process is None:
            context = get_context("spawn")
            self._process = ProcessPoolExecutor(1, context, start_worker, (self._shipment,))
        try:
            return self._process.submit(function, self._shipment, *args).result()
        except BrokenProcessPool:
            self.close()
            raise

    def close(self) -> None:
        """End the worker."""
        if self._process is not None:
            self._process.shutdown(wait=True, cancel_futures=True)
            self._process = None


class LocalPool:
    """Worker processes, one ONNX Runtime thread each.

    A worker that dies costs its block one more try, alone in a fresh worker. A block that kills
    its worker twice is taken apart, and a trial that kills two workers is recorded as crashed:
    DUE on every image, with its pattern.
    """

    def __init__(self, bench: Bench, shipment: Path, jobs: int) -> None:
        self.width = jobs
        self._bench = bench
        self._shipment = shipment
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="relcheck-worker")
        self._local = threading.local()
        self._slots: list[_Slot] = []

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End every worker."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for slot in self._slots:
            slot.close()

    def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
        """Queue ``blocks`` for the next free worker."""
        return self._threads.submit(self._run, blocks)

    def _slot(self) -> _Slot:
        if not hasattr(self._local, "slot"):
            self._local.slot = _Slot(self._shipment)
            self._slots.append(self._local.slot)
        slot: _Slot = self._local.slot
        return slot

    def _run(self, blocks: Sequence[Block]) -> list[BlockResult]:
        try:
            return self._slot().call(blocks_in_worker, blocks)
        except BrokenProcessPool:
            return [self._again(self._slot(), block) for block in blocks]

    def _again(self, slot: _Slot, block: Block) -> BlockResult:
        """Run a block once more, alone."""
        try:
            return slot.call(blocks_in_worker, (block,))[0]
        except BrokenProcessPool:
            return self._apart(slot, block)

    def _apart(self, slot: _Slot, block: Block) -> BlockResult:
        """Run a deadly block trial by trial."""
        outcomes, crashed = [], []
        for index in block.trials:
            found = self._trial(slot, block.cell, index)
            if found is None:
                crashed.append(index)
                found = self._bench.crashed(block.cell, index)
            outcomes.append(found)
        return BlockResult(block, tuple(outcomes), tuple(crashed))

    @staticmethod
    def _trial(slot: _Slot, cell: Cell, index: int) -> Outcomes | None:
        """The outcomes of one trial; None if it killed two workers."""
        for _ in range(2):
            try:
                return slot.call(trial_in_worker, cell, index)
            except BrokenProcessPool:
                continue
        return None
