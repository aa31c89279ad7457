"""Pools on this machine: in this process, or in worker processes that may die."""

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult, run_blocks
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.processes import WorkerProcess, WorkerProcesses
from analyzer.campaign.workers.worker import blocks_in_worker, trial_in_worker
from analyzer.errors import OutOfMemory
from analyzer.evaluation.outcome import Outcomes

T = TypeVar("T")

STARTS = 3
"""How often a worker is started that dies before it has begun."""


class InlinePool:
    """Runs blocks in this process, one at a time: a pattern that crashes the runtime ends it.

    They run in a thread, so that meanwhile the journal is kept up to date.
    """

    width = 1

    def __init__(self, context: TrialContext) -> None:
        self._context = context
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relcheck-blocks")
        self._under_way: dict[AnyCell, int] = {}

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Begin no more blocks."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
        """Queue ``blocks``."""
        return self._thread.submit(self._run, blocks)

    def _run(self, blocks: Sequence[Block]) -> list[BlockResult]:
        cell = blocks[0].cell

        def count(trials: int) -> None:
            self._under_way = {cell: trials}

        try:
            return run_blocks(self._context, blocks, time.thread_time, count)
        finally:
            self._under_way = {}

    def under_way(self) -> Mapping[AnyCell, int]:
        """Trials finished in blocks that are not."""
        return self._under_way


class WorkerDied(Exception):
    """A worker process died of what it was asked to do; the pool deals with it."""


class PoolClosed(Exception):
    """A worker process was ended because nobody waits for its answer any more."""


class Worker:
    """One worker process: started when first needed, replaced when it has died."""

    def __init__(
        self, shipment: Path, ending: threading.Event, crew: WorkerProcesses | None = None
    ) -> None:
        self._shipment = str(shipment)
        self._ending = ending
        self._crew = crew or WorkerProcesses()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._member: WorkerProcess | None = None
        self.cell: AnyCell | None = None
        self.before = 0

    @property
    def finished(self) -> int:
        """Trials of ``cell`` that it has finished and not handed over: those ``before``, and now.

        ``cell`` is None while it has nothing to do.
        """
        member = self._member
        return self.before + (member.finished.value if member else 0)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run ``function(context, *arguments)`` in the process.

        Raises:
            WorkerDied: the process died of it, or ran out of memory.
            OutOfMemory: no process can be started.
            PoolClosed: the pool is ending.
        """
        pipe = self._pipe or self._start()
        try:
            pipe.send((function, arguments))
            answer: Any = pipe.recv()
            self._forget()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if isinstance(answer, MemoryError):
            raise self._died() from answer
        if isinstance(answer, Exception):
            raise answer
        found: T = answer
        return found

    def _forget(self) -> None:
        """What it had finished has been handed over."""
        if self._member is not None:
            self._member.finished.value = 0

    def _died(self) -> WorkerDied | PoolClosed:
        """Clear up after a process that is of no more use, and say why."""
        self.close()
        return PoolClosed() if self._ending.is_set() else WorkerDied()

    def _start(self) -> Connection:
        """Start the process and wait until its context stands."""
        for _ in range(STARTS):
            self._member = self._crew.take()
            self._process, self._pipe, _ = self._member
            if self._ending.is_set():  # it may have come too late to be ended with the others
                self.kill()
            try:
                self._pipe.send(self._shipment)
                refusal: Exception | None = self._pipe.recv()
            except (EOFError, OSError):
                died = self._died()
                if isinstance(died, PoolClosed):
                    raise died from None
                continue
            if refusal is not None:
                self.close()
                raise refusal
            return self._pipe
        raise OutOfMemory(
            f"a worker process died {STARTS} times before its first trial, most likely for lack "
            "of memory; use fewer --jobs"
        )

    def kill(self) -> None:
        """End the process, whatever it is doing; a call in another thread then raises."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        if self._process is not None:
            self._process.wait()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = self._member = None


class LocalPool:
    """Worker processes, one ONNX Runtime thread each.

    A worker that dies costs its block one more try, alone in a fresh worker. A block that kills
    its worker twice is taken apart, and a trial that kills two workers is recorded as crashed:
    DUE on every image, with its pattern. That a worker has begun shows that the model runs where
    no pattern is in the way.
    """

    def __init__(
        self, context: TrialContext, shipment: Path, jobs: int, crew: WorkerProcesses | None = None
    ) -> None:
        """Be ready to run blocks.

        Args:
            context: what the blocks are of.
            shipment: the same for the workers.
            jobs: how many there are, each started when it is first needed.
            crew: processes that were started before.
        """
        self.width = jobs
        self._context = context
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="relcheck-worker")
        self._ending = threading.Event()
        self._workers = [Worker(shipment, self._ending, crew) for _ in range(jobs)]
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End every worker, also in the midst of a block."""
        self._ending.set()
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
        """Queue ``blocks`` for the next free worker."""
        return self._threads.submit(self._run, blocks)

    def _run(self, blocks: Sequence[Block]) -> list[BlockResult]:
        worker = self._idle.get()
        worker.cell = blocks[0].cell
        try:
            return self._together(worker, blocks)
        finally:
            worker.cell, worker.before = None, 0
            self._idle.put(worker)

    def under_way(self) -> Mapping[AnyCell, int]:
        """Trials finished in blocks that are not; blocks sent together count for the first's."""
        found: Counter[AnyCell] = Counter()
        for worker in self._workers:
            if (cell := worker.cell) is not None:
                found[cell] += worker.finished
        return found

    def _together(self, worker: Worker, blocks: Sequence[Block]) -> list[BlockResult]:
        try:
            return worker.call(blocks_in_worker, blocks)
        except WorkerDied:
            return [self._alone(worker, block, number) for number, block in enumerate(blocks)]

    def _alone(self, worker: Worker, block: Block, number: int) -> BlockResult:
        """Run a block once more, on its own, after ``number`` others of its group."""
        worker.before = number * BLOCK_TRIALS
        try:
            return worker.call(blocks_in_worker, (block,))[0]
        except WorkerDied:
            return self._apart(worker, block)

    def _apart(self, worker: Worker, block: Block) -> BlockResult:
        """Run a deadly block trial by trial."""
        outcomes, crashed = [], []
        for index in block.trials:
            found = self._trial(worker, block.cell, index)
            if found is None:
                crashed.append(index)
                found = self._context.crashed(block.cell, index)
            outcomes.append(found)
            worker.before += 1
        return BlockResult(block, tuple(outcomes), tuple(crashed))

    def _trial(self, worker: Worker, cell: AnyCell, index: int) -> Outcomes | None:
        """The outcomes of one trial; None if it killed two workers."""
        for _ in range(2):
            try:
                return worker.call(trial_in_worker, cell, index)
            except WorkerDied:
                continue
        return None
