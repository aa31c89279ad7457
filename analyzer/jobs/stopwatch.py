"""The clock of a job: CPU budget, times for the report, and signals as a reason to stop."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analyzer.campaign.blocks import BLOCK_TRIALS
from analyzer.campaign.result import Stop
from analyzer.errors import BudgetTooSmall
from analyzer.errors.interruption import ENDING, StoppedAtOnce

ALLOWANCE, GRACE_SECONDS = 1.1, 5.0
"""By so much preparation may take longer than the budget; it is not begun in vain otherwise."""

HOW_TO_STOP = "interrupted: the report of what is done follows; once more stops at once, without it"


ENOUGH_BATCHES = 8
"""So many say what one costs, though several may be under way at once."""


@dataclass
class Interruption:
    """The signal that ends a job; clocks of its parts share it.

    Attributes:
        happened: A signal came.
        told: The user was told.
    """

    happened: bool = False
    told: bool = False


class Stopwatch:
    """A budget of CPU time that starts when the stopwatch is made."""

    def __init__(
        self,
        budget_seconds: float,
        inline: bool = False,
        alive: Callable[[], object] = lambda: None,
        tell: Callable[[str], object] = lambda _text: None,
        outer: "Stopwatch | None" = None,
    ) -> None:
        """Start.

        Args:
            budget_seconds: CPU seconds that may be spent.
            inline: work is done in this process, whose own CPU time therefore counts it already.
            alive: called after each block, as a sign of life.
            tell: called with a sentence once the campaign is interrupted.
            outer: the clock of the job that this is a part of: workers are charged to both, and a
                signal that ends the part ends the job. None: this is the job.
        """
        self._inline = inline
        self._tell = tell
        self._alive = alive
        self._charged = self._block = 0.0
        self._measured = False
        self._budget = budget_seconds
        self._outer = outer
        self._interruption: Interruption = outer._interruption if outer else Interruption()
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

    @property
    def share_used(self) -> float:
        """Share of the budget that is used, in [0, 1]."""
        return min(1.0, self.cpu_seconds / self._budget)

    @property
    def worker_seconds(self) -> float:
        """CPU seconds of its workers alone."""
        return self._charged

    def charge(self, cpu_seconds: float) -> None:
        """Add CPU time that a worker spent on one block."""
        self._alive()
        self._block = (self._block + cpu_seconds) / 2 if self._measured else cpu_seconds
        self._measured = True
        if not self._inline:
            self._add(cpu_seconds)

    def _add(self, cpu_seconds: float) -> None:
        self._charged += cpu_seconds
        if self._outer is not None:
            self._outer._add(cpu_seconds)

    @property
    def trial_seconds(self) -> float | None:
        """CPU time of a trial, of late; None before any was run."""
        return round(self._block / BLOCK_TRIALS, 6) if self._measured else None

    def affords(self, under_way: int, limit: float | None = None) -> bool:
        """Say whether one more block may begin: only the last one may end beyond the budget.

        Args:
            under_way: blocks that will have begun before it and are not charged.
            limit: CPU seconds since the start; None: those of the budget.
        """
        ends = self.cpu_seconds + under_way * self._block
        return ends < (self._budget if limit is None else limit)

    def golden_run(self, batches: int, runs: int) -> Callable[[], None]:
        """The function to be called after each batch of the fault-free run.

        Args:
            batches: how many there are.
            runs: of a block.

        Raises:
            BudgetTooSmall: when called, if that run alone will take far more than the budget.
        """
        start, done = time.process_time(), 0
        begun = self.cpu_seconds  # a worker takes about as long before its first trial

        def step() -> None:
            nonlocal done
            self._alive()
            done += 1
            if done > 1:  # the first answer was known before
                one = (time.process_time() - start) / (done - 1)
                self._block = runs * one + begun
                if done > ENOUGH_BATCHES or self.cpu_seconds > self._budget:
                    self._check(one, batches - done)

        return step

    def _check(self, one: float, left: int) -> None:
        """Refuse a fault-free run that will take far more than the budget."""
        ends = self.cpu_seconds + left * one
        if ends > ALLOWANCE * self._budget + BLOCK_TRIALS * one + GRACE_SECONDS:
            whose = "the --budget" if self._outer is None else "its part of the --budget"
            raise BudgetTooSmall(
                f"the fault-free run on all images would take about {ends:.0f} s of CPU time, and "
                f"{whose} is {self._budget:g} s: nothing could be tried; use fewer --images "
                "or a larger --budget"
            )

    def spent(self) -> Stop | None:
        """The reason to stop now; None to go on."""
        if self._interruption.happened:
            if not self._interruption.told:  # the handler of a signal may not print
                self._interruption.told = True
                self._tell(HOW_TO_STOP)
            return Stop.INTERRUPTED
        return Stop.BUDGET if self.cpu_seconds > self._budget else None

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within the context the first Ctrl-C or SIGTERM ends the campaign and keeps its results.

        The second raises `StoppedAtOnce`, a KeyboardInterrupt. Contexts of a job and of its parts
        may be nested. Python delivers signals to the main thread alone, so that nothing changes in
        other threads.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(_signal: int, _frame: Any) -> None:
            if self._interruption.happened:
                raise StoppedAtOnce
            self._interruption.happened = True

        previous = {number: signal.signal(number, interrupt) for number in ENDING}
        try:
            yield
        finally:
            for number, handler in previous.items():
                # None: the handler was not installed from Python, and cannot be put back.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
