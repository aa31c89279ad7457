"""The protocols of the engine: executors, the routes they take, and what is in force.

An executor runs one model fault-free and under fault patterns. Live weights serve most patterns;
a `SlowRoute` serves those that live weights cannot.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from analyzer.answers import Feeds, Result, Run
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import Indices
from analyzer.model import Model
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.ort.acceleration import Acceleration
from analyzer.runtime.stretches.golden_run import GoldenRun
from analyzer.runtime.weights.change import WeightChange


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


class CampaignExecutor(Executor, Protocol):
    """An executor that can hand its work to others of its kind, and make room for them."""

    @property
    def reloads(self) -> int:
        """Patterns so far that live weights could not run alone."""

    @property
    def accelerations(self) -> tuple[Acceleration, ...]:
        """Every acceleration of the engine: in force, or why not."""

    @property
    def threaded(self) -> bool:
        """True if several threads may run without faults at the same time."""

    @property
    def layout(self) -> Layout | None:
        """The layout of the optimized model; None if the executor needs none."""

    def release(self) -> None:
        """Give back all memory that runs need; nothing can be run afterwards.

        What the executor says about itself stays: its layout and its accelerations.
        """


@dataclass(frozen=True, slots=True)
class Hit:
    """The stored bits that a pattern hits.

    Attributes:
        tensors: int64 (n,), index in the fault space of each bit's tensor.
        bits: int64 (n,), place of each bit in its tensor.
    """

    tensors: Indices
    bits: Indices


class LiveRuns(Protocol):
    """Live weights as a slow route sees them: changed, restored, and the golden run meanwhile."""

    def change(self, pattern: FaultPattern, hit: Hit) -> WeightChange:
        """The part of ``pattern`` that live weights can hold.

        Args:
            pattern: the upsets.
            hit: the stored bits that they hit.
        """

    def write(self, change: WeightChange) -> None:
        """Put ``change`` in force."""

    def restore(self, change: WeightChange) -> None:
        """Put golden back where ``change`` wrote.

        Raises:
            NotRestored: a touched weight is not golden.
        """

    def golden_under(self, change: WeightChange, feeds: Feeds) -> GoldenRun[Any] | None:
        """The golden run of ``feeds``, if any are kept, while ``change`` is in force.

        Args:
            change: the change in force.
            feeds: one batch.
        """


class SlowRoute(Protocol):
    """A way to run patterns that live weights alone cannot."""

    @property
    def acceleration(self) -> Acceleration | None:
        """Its state; None for the oracle, which is always there."""

    def inject(
        self, pattern: FaultPattern, hit: Hit, live: LiveRuns
    ) -> AbstractContextManager[Run] | None:
        """The context in which ``pattern`` is in force; None if this route cannot run it.

        Args:
            pattern: the upsets.
            hit: the stored bits that they hit.
            live: the live weights, golden at present.
        """

    def check(self) -> None:
        """Compare what the route keeps with golden.

        Raises:
            NotRestored: something differs.
        """


def first_example(sample: Feeds, model: Model) -> Feeds:
    """The first example of ``sample`` alone, if the model takes any number of them.

    Args:
        sample: one batch, by input.
        model: the model that is fed.
    """
    every = model.signature.every
    if model.signature.fixed_batch or any(s.axis != 0 for s in every):
        return sample
    return {name: array[:1].copy() for name, array in sample.items()}
