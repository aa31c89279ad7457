"""The clock of a run: CPU budget, times for the report, and Ctrl-C as a reason to stop."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from analyzer.campaign.result import Stop
from analyzer.cli.process.heartbeat import HEARTBEAT


class Stopwatch:
    """Started when created."""

    def __init__(self, budget_seconds: float, inline: bool = False) -> None:
        """Start.

        Args:
            budget_seconds: CPU time that may be spent.
            inline: work is done in this process, whose own CPU time therefore counts it already.
        """
        self._inline = inline
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
        """Take CPU time that workers spent."""
        HEARTBEAT.renew()
        if not self._inline:
            self._charged += cpu_seconds

    def spent(self) -> Stop | None:
        """Why to stop now; None to go on."""
        if self._interrupted:
            return Stop.INTERRUPTED
        return Stop.BUDGET if self.cpu_seconds > self._budget else None

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within the context the first Ctrl-C ends the campaign and keeps what is known."""

        def interrupt(_signal: int, _frame: Any) -> None:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        previous = signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
