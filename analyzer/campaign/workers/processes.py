"""Worker processes, started perhaps before there is work: what they import takes half a second.

A worker is a program of its own. Children of `multiprocessing` import the main module of the
process that starts them: a script without ``if __name__ == "__main__":`` would run again in each
of them, and the main module of an interactive session cannot be imported at all.
"""

import contextlib
import ctypes
import mmap
import os
import signal
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import NamedTuple, Self

from analyzer.errors import BadOption, OutOfMemory
from analyzer.errors.interruption import ENDING

_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from analyzer.campaign.workers.processes import work; work(int(sys.argv[1]), int(sys.argv[2]))"
)
"""Arguments: file descriptors of the pipe and of the counter, then where modules are found."""

_COUNTER_BYTES = ctypes.sizeof(ctypes.c_uint64)


class WorkerProcess(NamedTuple):
    """A process that waits for the path of a payload.

    Attributes:
        process: The process.
        pipe: Connection to the process, which ends when the connection is closed.
        finished: Memory shared with the process: trials of its present request that are finished.
    """

    process: "subprocess.Popen[bytes]"
    pipe: Connection
    finished: ctypes.c_uint64

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()

    def end(self) -> None:
        """End the process and wait until it is gone."""
        self.process.kill()
        self.process.wait()
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
    """Start a worker process that never sees Ctrl-C or SIGTERM, which are this process's business.

    The process inherits the blocked signal, and no file descriptor but those of pipe and counter.

    Raises:
        OutOfMemory: the system has no room for another process.
        BadOption: this process cannot tell how to start Python.
    """
    if not sys.executable:
        raise BadOption(
            "worker processes need a Python to be started with, and this program does not say "
            "where one is (sys.executable is empty); use --jobs 0"
        )
    ours, theirs = Pipe()
    with theirs, os.fdopen(os.memfd_create("relcheck-finished"), "r+b") as counter:
        counter.truncate(_COUNTER_BYTES)
        finished = _counter(counter.fileno())
        try:
            process = _launch(theirs.fileno(), counter.fileno())
        except OSError as error:
            ours.close()
            raise OutOfMemory(
                f"a worker process cannot be started ({error.strerror}); use fewer --jobs"
            ) from error
    return WorkerProcess(process, ours, finished)


def _counter(descriptor: int) -> ctypes.c_uint64:
    """The number in shared memory."""
    return ctypes.c_uint64.from_buffer(mmap.mmap(descriptor, _COUNTER_BYTES))


def _launch(pipe: int, counter: int) -> "subprocess.Popen[bytes]":
    places = [place or os.getcwd() for place in sys.path]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        return subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(pipe), str(counter), *places],
            stdin=subprocess.DEVNULL,
            pass_fds=(pipe, counter),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def work(pipe: int, counter: int) -> None:
    """The whole life of a worker process, which imports there what it needs.

    Args:
        pipe: file descriptor of the connection to the process that started this one.
        counter: file descriptor of the memory that both share.
    """
    import scipy.special  # noqa: F401  # else the first trial does, and somebody waits for it

    from analyzer.campaign.workers.worker import serve

    serve(Connection(pipe), _counter(counter))
