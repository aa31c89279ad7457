"""The observer of a training: progress, words and clocks, which callers inject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exporters.training.history import EpochFigures

Step = Callable[[int], object]
"""Told the index of each step that is done."""


@contextmanager
def _count_silently(_total: int, _label: str) -> Iterator[Step]:
    yield lambda _: None


def _nobody(_done: EpochFigures) -> None:
    pass


@dataclass(frozen=True)
class TrainingObserver:
    """The means that a training speaks and measures time with.

    Attributes:
        count: Shows progress: number of steps and label -> a context that is told each step.
        epoch: Hears of each epoch that is done.
        say: Tells a person one sentence.
        now: Seconds since 1970, for the log.
        cpu_seconds: CPU time of this process.
    """

    count: Callable[[int, str], AbstractContextManager[Step]] = _count_silently
    epoch: Callable[[EpochFigures], object] = _nobody
    say: Callable[[str], object] = lambda _: None
    now: Callable[[], float] = lambda: 0.0
    cpu_seconds: Callable[[], float] = lambda: 0.0


SILENT = TrainingObserver()
