"""Two or more things timed in turn, so that what else the machine does strikes all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Work = Callable[[], int]
"""Does something, and returns how many images it was done with."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds per image, CPU time if not told otherwise, one entry per round, by name.

    All threads of the process count, so that other processes, which take turns on the same cores,
    do not; on a quiet machine, and with one thread, it is wall time.
    """

    seconds: Mapping[str, list[float]]

    def rate(self, name: str) -> float:
        """Images per second, the median over rounds."""
        return 1.0 / statistics.median(self.seconds[name])

    def ratio(self, fast: str, slow: str) -> float:
        """How many times as many images per second ``fast`` does: median over rounds."""
        pairs = zip(self.seconds[fast], self.seconds[slow], strict=True)
        return statistics.median(s / f for f, s in pairs)


def in_turn(
    works: Mapping[str, Work], rounds: int, clock: Callable[[], float] = time.process_time
) -> Timed:
    """Do everything once to warm up, then ``rounds`` times in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            start = clock()
            images = work()
            seconds[name].append((clock() - start) / images)
    return Timed(seconds)
