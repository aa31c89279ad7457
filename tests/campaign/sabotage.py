"""Payloads that misbehave where they arrive: what no real model can be relied on to do."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Event

from analyzer.campaign.blocks import Block
from analyzer.campaign.cells import AnyCell, Cell
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.handle import WorkerHandle
from analyzer.campaign.workers.payload import WorkerPayload
from analyzer.campaign.workers.worker import blocks_in_worker
from analyzer.errors import DeviceFailed, NotRestored, UnsupportedModel
from analyzer.evaluation.outcomes import Outcomes
from analyzer.jobs.analysis import Analysis


def segfault() -> None:
    """Die as native code does."""
    ctypes.string_at(0)


def kill() -> None:
    """Die as the system has processes die when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_out_of_memory() -> None:
    """What Python says of it."""
    raise MemoryError


def sleep() -> None:
    """Give no answer for long."""
    time.sleep(600)


def break_a_weight() -> None:
    """A postcondition of relcheck."""
    raise NotRestored("a weight is not golden")


def refuse_the_model() -> None:
    """What a runtime of another build may say."""
    raise UnsupportedModel("this machine cannot load the model")


def make_a_mistake() -> None:
    """Any defect."""
    raise KeyError("mistake")


def lose_the_device() -> None:
    """What CUDA says once a kernel has read where nothing is."""
    raise DeviceFailed("cuda failed and must be started anew", lost=True)


def exhaust_the_device() -> None:
    """What is said of a card that others fill."""
    raise DeviceFailed("cuda has not enough memory")


def do_nothing() -> None:
    """For those who only count."""


DEEDS = {
    deed.__name__: deed
    for deed in (
        segfault,
        kill,
        run_out_of_memory,
        sleep,
        break_a_weight,
        refuse_the_model,
        make_a_mistake,
        lose_the_device,
        exhaust_the_device,
        do_nothing,
    )
}


@dataclass(frozen=True)
class Deed:
    """What is done, and how often.

    Attributes:
        name: Which of the functions above; several, one for each time, as ``kill_and_then_sleep``.
        diary: A file that gets a line with the process id each time.
        times: Lines in the diary after which it is done no more.
    """

    name: str
    diary: Path
    times: int = 1000

    def __call__(self) -> None:
        """Do it, unless it was done often enough."""
        if len(self.done()) < self.times:
            with self.diary.open("a") as stream:
                stream.write(f"{os.getpid()}\n")
            deeds = self.name.split("_and_then_")
            DEEDS[deeds[min(len(self.done()), len(deeds)) - 1]]()

    def done(self) -> list[int]:
        """The processes in which it was done."""
        return [int(line) for line in self.diary.read_text().split()] if self.diary.exists() else []


@dataclass(frozen=True)
class SabotagedContext(TrialContext):
    """A context on which one trial does something."""

    deed: Deed | None = None
    cell: AnyCell | None = None
    trial_index: int = 0

    def trials(self, cell: AnyCell, start: int, stop: int) -> Iterator[Outcomes]:
        """Run trials, the deed before the one that is named."""
        for index in range(start, stop):
            if self.deed and (cell, index) == (self.cell, self.trial_index):
                self.deed()
            yield from super().trials(cell, index, index + 1)


@dataclass(frozen=True)
class Sabotaged(WorkerPayload):
    """A payload that does something when it is unpacked, or in one trial."""

    at_start: Deed | None = None
    in_trial: Deed | None = None
    cell: AnyCell | None = None
    index: int = 0

    @staticmethod
    def with_deeds(
        analysis: Analysis,
        at_start: Deed | None = None,
        in_trial: Deed | None = None,
        cell: AnyCell | None = None,
        index: int = 0,
    ) -> "Sabotaged":
        """A payload of ``analysis`` with these deeds."""
        plain = WorkerPayload.of(analysis.context, analysis.model)
        parts = {f.name: getattr(plain, f.name) for f in fields(WorkerPayload)}
        return Sabotaged(**parts, at_start=at_start, in_trial=in_trial, cell=cell, index=index)

    def unpack(self) -> TrialContext:
        """A context that does the deed."""
        if self.at_start:
            self.at_start()
        context = super().unpack()
        parts = {f.name: getattr(context, f.name) for f in fields(TrialContext)}
        return SabotagedContext(**parts, deed=self.in_trial, cell=self.cell, trial_index=self.index)


def main() -> None:
    """Have a worker run the first block of a payload, forever if it is told to."""
    WorkerHandle(Path(sys.argv[1]), Event()).call(
        blocks_in_worker, [Block(Cell(float(sys.argv[2])), 0)]
    )


if __name__ == "__main__":
    main()
