"""The observer of a job, as the training engine wants one."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from analyzer.jobs.observer import CountStage, Observer
from analyzer.reports.training.record import EpochPart
from analyzer.reports.training.text import epoch_line
from exporters.training.history import EpochFigures
from exporters.training.observer import Step, TrainingObserver


def training_observer(observer: Observer, epochs: int | None) -> TrainingObserver:
    """Progress, a line for each epoch, and the clocks.

    Args:
        observer: of the job.
        epochs: of the whole training; None: until it converges.
    """
    return TrainingObserver(
        count=_counted(observer),
        epoch=lambda done: observer.message(epoch_line(epoch_part(done), epochs)),
        say=observer.message,
        now=time.time,
        cpu_seconds=time.process_time,
    )


def _counted(observer: Observer) -> Callable[[int, str], AbstractContextManager[Step]]:
    @contextmanager
    def count(total: int, label: str) -> Iterator[Step]:
        with observer.stage(CountStage(total, label)):
            yield observer.step

    return count


def epoch_part(done: EpochFigures) -> EpochPart:
    """One epoch as the report has it."""
    return EpochPart(**done.as_plain())
