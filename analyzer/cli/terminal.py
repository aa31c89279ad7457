"""The observer of a terminal: bars or lines for people, signs of life for the guard."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import assert_never

from analyzer.cli.output import tell
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.cli.process.isolation import lift_address_limit
from analyzer.cli.progress import (
    ShowRate,
    ShowStep,
    ShowTensor,
    show_count,
    show_map,
    show_sweep,
)
from analyzer.jobs.observer import CountStage, MapStage, Observer, Stage, SweepStage
from analyzer.stats.estimate import RateEstimate


class Terminal:
    """Shows on standard error how a job proceeds, and keeps the guard's watchdog quiet."""

    def __init__(self) -> None:
        self._sweep: ShowRate | None = None
        self._map: ShowTensor | None = None
        self._count: ShowStep | None = None

    def message(self, text: str) -> None:
        """Print one line."""
        tell(text)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Draw a stage as long as the context lasts."""
        match stage:
            case SweepStage():
                with show_sweep(stage.rates, stage.metric) as self._sweep:
                    yield
            case MapStage():
                with show_map(stage.tensors) as self._map:
                    yield
            case CountStage():
                with show_count(stage.total, stage.label) as self._count:
                    yield
            case _:
                assert_never(stage)

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Draw the progress of one rate.

        Args:
            rate: bit error rate.
            trials: number of trials done.
            share: estimated part of the trials that the rate needs, in [0, 1].
            found: estimate of the last look.
        """
        if self._sweep is not None:
            self._sweep(rate, trials, share, found)

    def tensor(self, index: int, trials: int, share: float) -> None:
        """Draw the progress of one tensor.

        Args:
            index: of the tensor in the fault space.
            trials: number of trials done.
            share: estimated part of the trials that the tensor needs, in [0, 1].
        """
        if self._map is not None:
            self._map(index, trials, share)

    def step(self, index: int) -> None:
        """Draw a finished step, and give a sign of life."""
        HEARTBEAT.renew()
        if self._count is not None:
            self._count(index)

    def alive(self) -> None:
        """Give a sign of life."""
        HEARTBEAT.renew()

    def prepared(self) -> None:
        """Give a sign of life, and fewer of them from now on."""
        HEARTBEAT.prepared()

    def suspended(self) -> AbstractContextManager[None]:
        """Give no signs of life within the context."""
        return HEARTBEAT.suspended()

    def unwatched(self) -> None:
        """Give no signs of life any more."""
        HEARTBEAT.end()

    def before_device(self) -> None:
        """Lift the guard's limit of address space."""
        lift_address_limit()


def terminal() -> Observer:
    """A fresh observer for one command."""
    return Terminal()
