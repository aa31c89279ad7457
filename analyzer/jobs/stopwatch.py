"""The clock of a job: CPU budget, times for the report, and Ctrl-C as a reason to stop."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from analyzer.campaign.result import Stop


class Stopwatch:
    """A budget of CPU time that starts when the stopwatch is made."""

    def __init__(
        self,
        budget_seconds: float,
        inline: bool = False,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        """Start.

        Args:
            budget_seconds: CPU seconds that may be spent.
            inline: work is done in this process, whose own CPU time therefore counts it already.
            alive: called after each block, as a sign of life.
        """
        self._inline = inline
        self._alive = alive
        self._charged = 0.0
        self._budget = budget_seconds
        self._interrupted = False
        self._wall = time.monotonic()
        self._cpu = time.process_time()
        self.started = datetime.now(UTC).isoformat(timespec="seconds")

    @property
    def wall_seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._wall

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process and its workers since the start."""
        return time.process_time() - self._cpu + self._charged

    def charge(self, cpu_seconds: float) -> None:
        """Add CPU time that a worker spent on a block."""
        self._alive()
        if not self._inline:
            self._charged += cpu_seconds

    def spent(self) -> Stop | None:
        """The reason to stop now; None to go on."""
        if self._interrupted:
            return Stop.INTERRUPTED
        return Stop.BUDGET if self.cpu_seconds > self._budget else None

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within the context the first Ctrl-C ends the campaign and keeps its results.

        The second Ctrl-C raises KeyboardInterrupt. Python delivers signals to the main thread
        alone, so that nothing changes in other threads.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(_signal: int, _frame: Any) -> None:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        previous = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            # None: the handler was not installed from Python, and cannot be put back.
            signal.signal(signal.SIGINT, signal.SIG_DFL if previous is None else previous)
