"""Starts worker processes, if need be before there is work: their imports take half a second."""

import contextlib
import ctypes
import signal
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import RawValue
from types import TracebackType
from typing import NamedTuple, Self

from analyzer.errors import OutOfMemory


class WorkerProcess(NamedTuple):
    """A process that waits for the path of a payload.

    Attributes:
        process: The process.
        pipe: To the process.
        finished: Memory shared with the process: trials of its present request that are finished.
    """

    process: SpawnProcess
    pipe: Connection
    finished: ctypes.c_uint64

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()

    def end(self) -> None:
        """End the process and wait until it is gone."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class WorkerProcesses:
    """Processes that wait for work. Leaving the context ends those that nobody took."""

    def __init__(self) -> None:
        self._waiting: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        """The processes."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End the processes that still wait."""
        while self._waiting:
            self._waiting.pop().end()

    def start(self, count: int) -> None:
        """Start processes now. If the system has no room, `take` will say so."""
        with contextlib.suppress(OutOfMemory):
            self._waiting += (start_worker() for _ in range(count))

    def take(self) -> WorkerProcess:
        """A process that waits, or a new one.

        Raises:
            OutOfMemory: the system has no room for another process.
        """
        try:
            return self._waiting.pop()  # no test before: other threads take processes as well
        except IndexError:
            return start_worker()


def start_worker() -> WorkerProcess:
    """Start a worker process that never sees Ctrl-C, which is this process's business.

    The process inherits the blocked signal. Python's tracker of resources is started before,
    because starting it unblocks the signal.

    Raises:
        OutOfMemory: the system has no room for another process.
    """
    ours, theirs = get_context("spawn").Pipe()
    finished = RawValue(ctypes.c_uint64, 0)
    process = get_context("spawn").Process(target=_work, args=(theirs, finished), daemon=True)
    try:
        with theirs:
            resource_tracker.ensure_running()
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except OSError as error:
        ours.close()
        raise OutOfMemory(
            f"a worker process cannot be started ({error.strerror}); use fewer --jobs"
        ) from error
    return WorkerProcess(process, ours, finished)


def _work(pipe: Connection, finished: ctypes.c_uint64) -> None:
    """The whole life of a worker process. Imports stand here so that only the worker has them."""
    import scipy.special  # noqa: F401  # else the first trial imports it, and somebody waits

    from analyzer.campaign.workers.worker import serve

    serve(pipe, finished)
