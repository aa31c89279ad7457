"""A worker process as its pool sees it: started when first needed, replaced when it has died."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from analyzer.campaign.cells import AnyCell
from analyzer.campaign.workers.processes import WorkerProcess, WorkerProcesses
from analyzer.errors import OutOfMemory

T = TypeVar("T")

STARTS = 3
"""Attempts to start a worker that dies before it has begun."""


class WorkerDied(Exception):
    """A worker process died of a request; the pool deals with it."""


class PoolClosed(Exception):
    """A worker process was ended because nobody waits for its answer any more."""


class WorkerHandle:
    """A place for a worker process, which at any time has one process or none.

    Attributes:
        cell: The cell whose trials the process runs; None while it has nothing to do.
        before: Trials of the present group of blocks that earlier requests finished.
    """

    def __init__(
        self, payload: Path, ending: threading.Event, processes: WorkerProcesses | None = None
    ) -> None:
        """Start nothing yet.

        Args:
            payload: the file from which the process reads the campaign.
            ending: set when the pool ends.
            processes: processes that were started before.
        """
        self._payload = str(payload)
        self._ending = ending
        self._processes = processes or WorkerProcesses()
        self._current: WorkerProcess | None = None
        self.cell: AnyCell | None = None
        self.before = 0

    @property
    def pid(self) -> int | None:
        """Id of the process; None if none runs."""
        return self._current.process.pid if self._current else None

    @property
    def finished(self) -> int:
        """Trials of the present group of blocks that are finished and not yet handed over."""
        current = self._current
        return self.before + (current.finished.value if current else 0)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run ``function(context, *arguments)`` in the process.

        Args:
            function: a function at the top level of a module, as pickle needs it.
            arguments: what it takes behind the context.

        Raises:
            WorkerDied: the process died of the request, or ran out of memory.
            OutOfMemory: no process can be started.
            PoolClosed: the pool is ending.
        """
        current = self._current or self._start()
        try:
            current.pipe.send((function, arguments))
            answer: Any = current.pipe.recv()
            # The answer hands over all trials of the request; counted twice they would show twice.
            current.finished.value = 0
        except (EOFError, OSError) as error:
            raise self._died() from error
        if isinstance(answer, MemoryError):
            raise self._died() from answer
        if isinstance(answer, Exception):
            raise answer
        found: T = answer
        return found

    def _died(self) -> WorkerDied | PoolClosed:
        """Clear up after a process that is of no more use, and say why."""
        self.close()
        return PoolClosed() if self._ending.is_set() else WorkerDied()

    def _start(self) -> WorkerProcess:
        """Start the process and wait until its context is built."""
        for _ in range(STARTS):
            self._current = current = self._processes.take()
            if self._ending.is_set():  # it may have come too late to be ended with the others
                self.kill()
            try:
                current.pipe.send(self._payload)
                refusal: Exception | None = current.pipe.recv()
            except (EOFError, OSError):
                died = self._died()
                if isinstance(died, PoolClosed):
                    raise died from None
                continue
            if refusal is not None:
                self.close()
                raise refusal
            return current
        raise OutOfMemory(
            f"a worker process died {STARTS} times before its first trial, most likely for lack "
            "of memory; use fewer --jobs"
        )

    def kill(self) -> None:
        """End the process, whatever it is doing; a call in another thread then raises."""
        current = self._current
        if current is not None:
            current.kill()

    def close(self) -> None:
        """End the process and wait until it is gone."""
        if self._current is not None:
            self._current.end()
        self._current = None
