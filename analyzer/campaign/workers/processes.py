"""Worker processes, started perhaps before there is work: what they import takes half a second."""

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
    """A process that waits for the path of a shipment.

    Attributes:
        process: The process.
        pipe: To it.
        finished: Memory shared with it: how many trials of its present work are done.
    """

    process: SpawnProcess
    pipe: Connection
    finished: ctypes.c_uint64


class WorkerProcesses:
    """Processes that wait for work; those that nobody took are ended with it."""

    def __init__(self) -> None:
        self._waiting: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        """The crew itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End those that still wait."""
        while self._waiting:
            member = self._waiting.pop()
            member.process.kill()
            member.process.join()
            member.pipe.close()

    def start(self, count: int) -> None:
        """Start so many now, if the system has room: else whoever needs one says so."""
        with contextlib.suppress(OutOfMemory):
            self._waiting += (start_worker() for _ in range(count))

    def take(self) -> WorkerProcess:
        """One of those that wait, or a new one.

        Raises:
            OutOfMemory: the system has no room for another process.
        """
        try:
            return self._waiting.pop()  # other threads take from it as well
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
    """The whole life of a worker process, which imports there what it needs."""
    import scipy.special  # noqa: F401  # else the first trial does, and somebody waits for it

    from analyzer.campaign.workers.worker import serve

    serve(pipe, finished)
