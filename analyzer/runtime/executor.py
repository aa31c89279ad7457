"""The protocol that executors share: a golden run, and runs under a fault pattern."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from analyzer.answers import Feeds, Result
from analyzer.faults.models import FaultPattern
from analyzer.model import Model
from analyzer.runtime.layout.layout import Layout

Run = Callable[[Feeds], Result]


class Executor(Protocol):
    """Runs one model fault-free and under fault patterns."""

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``."""

    def inject(self, pattern: FaultPattern) -> AbstractContextManager[Run]:
        """Within the context, runs happen under ``pattern``; after it, weights are golden again."""

    def check_golden(self) -> None:
        """Compare every weight with golden, bit for bit.

        Raises:
            NotRestored: one differs.
        """


def few(sample: Feeds, model: Model) -> Feeds:
    """The first example of ``sample`` alone, if the model takes any number of them."""
    every = model.signature.every
    if model.signature.fixed_batch or any(s.axis != 0 for s in every):
        return sample
    return {name: array[:1].copy() for name, array in sample.items()}


class CampaignExecutor(Executor, Protocol):
    """An executor that can hand its work to others of its kind, and make room for them."""

    reloads: int
    """Patterns that were loaded anew so far."""

    @property
    def threaded(self) -> bool:
        """Whether several threads may run without faults at the same time."""

    @property
    def layout(self) -> Layout | None:
        """What it found out about the model; None if it needs to know nothing."""

    def release(self) -> None:
        """Give back all memory that runs need; nothing can be run afterwards."""
