"""The observer of a terminal: bars or lines for people, signs of life for the guard."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import assert_never

from analyzer.cli.outlook import Used, nothing_used
from analyzer.cli.output import STATUS, tell
from analyzer.cli.printed_head import HEAD
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
from analyzer.cli.verbosity import VERBOSITY
from analyzer.jobs.observer import CountStage, MapStage, Observer, Stage, SweepStage
from analyzer.stats.estimate import RateEstimate


class Terminal:
    """Shows on standard error how a job proceeds, and keeps the guard's watchdog quiet."""

    def __init__(self) -> None:
        self._sweep: ShowRate | None = None
        self._map: ShowTensor | None = None
        self._count: ShowStep | None = None
        self._used: Used = nothing_used
        self._step = ""
        self._began = time.monotonic()

    def message(self, text: str) -> None:
        """Print one line."""
        if not VERBOSITY.quiet:
            tell(text)

    def reason(self, text: str) -> None:
        """Print one line for those who ask for reasons."""
        if VERBOSITY.verbose:
            tell(text)

    def budgeted(self, used: Callable[[], float]) -> None:
        """Take a function that tells which share of the budget is used, in [0, 1]."""
        self._used = used

    def preparing(self, what: str) -> None:
        """Show the step of the preparation that begins."""
        self._end_step()
        self._step = what
        self._show_step()

    def _show_step(self) -> None:
        if self._step and not VERBOSITY.quiet:
            used = self._used()
            spent = f", budget {100 * used:.0f} % used" if used >= 0.005 else ""
            elapsed = time.monotonic() - self._began
            STATUS.show(f"{self._step} ({elapsed:.0f} s{spent})")

    def _end_step(self) -> None:
        """Take the step that was shown away; who asks for reasons sees how long it took."""
        STATUS.clear()
        if self._step:
            self.reason(f"{self._step}: {time.monotonic() - self._began:.2f} s")
        self._step, self._began = "", time.monotonic()

    def began(self, head: str, beside: bool = False) -> None:
        """Print the head of the report.

        Args:
            head: begins the text of the report.
            beside: whether standard output holds another form of the report.
        """
        self._end_step()
        HEAD.show(head, beside)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Draw a stage as long as the context lasts."""
        self._end_step()
        if VERBOSITY.quiet:
            yield
            return
        with self._drawn(stage):
            yield
        self._sweep = self._map = self._count = None
        self.reason(f"{_name(stage)}: {time.monotonic() - self._began:.2f} s")

    def _drawn(self, stage: Stage) -> AbstractContextManager[object]:
        match stage:
            case SweepStage():
                return self._drawing("_sweep", show_sweep(stage.rates, stage.metric, self._used))
            case MapStage():
                return self._drawing("_map", show_map(stage.tensors, stage.label, self._used))
            case CountStage():
                return self._drawing("_count", show_count(stage.total, stage.label))
            case _:
                assert_never(stage)

    @contextmanager
    def _drawing(self, name: str, drawing: AbstractContextManager[object]) -> Iterator[None]:
        with drawing as draw:
            setattr(self, name, draw)
            yield

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
        self._show_step()

    def prepared(self) -> None:
        """Give a sign of life, and fewer of them from now on."""
        self._end_step()
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


def _name(stage: Stage) -> str:
    """The stage in a word or two."""
    return stage.label if isinstance(stage, CountStage) else "trials"


def terminal() -> Observer:
    """A fresh observer for one command."""
    return Terminal()
