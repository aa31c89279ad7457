"""A pool of worker processes on this machine, which may die."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult, PendingBlocks
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.handle import WorkerDied, WorkerHandle
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.campaign.workers.worker import blocks_in_worker, trial_in_worker
from analyzer.evaluation.outcomes import Outcomes


class LocalPool:
    """Worker processes, one ONNX Runtime thread each.

    A worker that dies costs its block one more try, alone in a fresh worker. A block that kills
    its worker twice is taken apart, and a trial that kills two workers is recorded as crashed:
    DUE on every image, with its pattern. A worker that has begun has shown that the model runs
    without faults, so that a later death is due to a pattern.
    """

    def __init__(
        self,
        context: TrialContext,
        payload: Path,
        jobs: int,
        processes: WorkerProcesses | None = None,
    ) -> None:
        """Be ready to run blocks.

        Args:
            context: of the campaign.
            payload: the file from which the workers read the campaign.
            jobs: number of workers, 1 or more, each started when it is first needed.
            processes: processes that were started before.
        """
        self.width = jobs
        self._context = context
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="relcheck-worker")
        self._ending = threading.Event()
        self._workers = [WorkerHandle(payload, self._ending, processes) for _ in range(jobs)]
        self._idle: SimpleQueue[WorkerHandle] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End every worker, also in the midst of a block."""
        # The order matters: a call that fails now must find that the pool is ending, and the
        # threads end only after their workers were killed.
        self._ending.set()
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def submit(self, blocks: Sequence[Block]) -> PendingBlocks:
        """Queue blocks, one or more, of one cell, for the next free worker."""
        return self._threads.submit(self._run, blocks)

    def _run(self, blocks: Sequence[Block]) -> list[BlockResult]:
        worker = self._idle.get()
        worker.cell = blocks[0].cell
        try:
            return self._run_group(worker, blocks)
        finally:
            worker.cell, worker.before = None, 0
            self._idle.put(worker)

    def under_way(self) -> Mapping[AnyCell, int]:
        """Finished trials of unfinished blocks, by cell."""
        found: Counter[AnyCell] = Counter()
        for worker in self._workers:
            if (cell := worker.cell) is not None:
                found[cell] += worker.finished
        return found

    def _run_group(self, worker: WorkerHandle, blocks: Sequence[Block]) -> list[BlockResult]:
        try:
            return worker.call(blocks_in_worker, blocks)
        except WorkerDied:
            return [self._run_alone(worker, block, number) for number, block in enumerate(blocks)]

    def _run_alone(self, worker: WorkerHandle, block: Block, number: int) -> BlockResult:
        """Run one block once more, after ``number`` others of its group."""
        worker.before = number * BLOCK_TRIALS
        try:
            return worker.call(blocks_in_worker, (block,))[0]
        except WorkerDied:
            return self._run_apart(worker, block)

    def _run_apart(self, worker: WorkerHandle, block: Block) -> BlockResult:
        """Run a block that killed its worker twice, trial by trial."""
        outcomes, crashed = [], []
        for index in block.trials:
            found = self._run_trial(worker, block.cell, index)
            if found is None:
                crashed.append(index)
                found = self._context.crashed(block.cell, index)
            outcomes.append(found)
            worker.before += 1
        return BlockResult(block, tuple(outcomes), tuple(crashed))

    def _run_trial(self, worker: WorkerHandle, cell: AnyCell, index: int) -> Outcomes | None:
        """The outcomes of one trial; None if it killed two workers."""
        for _ in range(2):
            try:
                return worker.call(trial_in_worker, cell, index)
            except WorkerDied:
                continue
        return None
