"""The progress of a whole campaign: one share of all parts, the time left, the budget used."""

import time
from collections.abc import Callable

from analyzer.reports.shared.number_format import duration

LOG_EVERY_SECONDS = 10.0

Used = Callable[[], float]
"""Tells which share of the budget is used, in [0, 1]."""

ENOUGH_SECONDS, ENOUGH_SHARE = 2.0, 0.02
"""Before this much time, or of the work, nothing can be said of the time left."""


def nothing_used() -> float:
    """The share of a budget that nobody told of."""
    return 0.0


class LogClock:
    """Says when the next line of a log is due."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def due(self) -> bool:
        """True if a line is due; then the next one is due after `LOG_EVERY_SECONDS`."""
        if self._clock() - self._last < LOG_EVERY_SECONDS:
            return False
        self._last = self._clock()
        return True


class Outlook:
    """The progress of all parts of a campaign together.

    The work of a part is its trials over the share of them that is done. Of a part that has not
    begun, it is the mean of the others.
    """

    def __init__(
        self, parts: int, used: Used = nothing_used, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin.

        Args:
            parts: number of parts: rates, or tensors.
            used: tells which share of the budget is used.
            clock: seconds.
        """
        self._parts = parts
        self._known: dict[float, tuple[int, float]] = {}
        self._used, self._clock = used, clock
        self._began, self._used_before = clock(), used()

    def take(self, part: float, trials: int, share: float) -> None:
        """Take in the progress of one part.

        Args:
            part: its number, or rate.
            trials: number of trials done.
            share: part of its trials that is done, in [0, 1].
        """
        self._known[part] = trials, share

    @property
    def trials(self) -> int:
        """Trials of all parts."""
        return sum(trials for trials, _ in self._known.values())

    @property
    def parts_done(self) -> float:
        """Shares of all parts added up."""
        return sum(share for _, share in self._known.values())

    @property
    def share(self) -> float:
        """Share of the work that is done, in [0, 1]."""
        begun = [(trials, share) for trials, share in self._known.values() if share > 0.0]
        needed = sum(trials / share for trials, share in begun)
        if not needed:
            return 0.0
        whole = needed * self._parts / len(begun)
        return min(1.0, sum(trials for trials, _ in begun) / whole)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the work is done or the budget spent; None: too early to say."""
        elapsed, done = self._clock() - self._began, self.share
        if elapsed < ENOUGH_SECONDS or done < ENOUGH_SHARE:
            return None
        left = elapsed * (1.0 - done) / done
        spent = self._used() - self._used_before
        return min(left, elapsed * (1.0 - self._used()) / spent) if spent > 0.0 else left

    @property
    def left_text(self) -> str:
        """The time left; empty where it is too early to say."""
        left = self.seconds_left
        return "" if left is None else f"about {duration(left)} left"

    @property
    def budget_text(self) -> str:
        """The share of the budget that is used; empty where there is none."""
        used = self._used()
        return f"budget {100 * used:.0f} %" if used else ""

    @property
    def text(self) -> str:
        """All of it in a line."""
        budget = f"{self.budget_text} used" if self.budget_text else ""
        return ", ".join(filter(None, (f"{100 * self.share:.0f} % done", self.left_text, budget)))
