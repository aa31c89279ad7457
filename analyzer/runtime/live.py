"""The executor that campaigns use: live weights, and what composes with them.

The model is optimized once, and its weights are mutated where sessions read them. A trial changes
a few bytes, runs, and puts the golden bytes back. This file knows no acceleration by name:
`open.py` composes partial re-execution, followers and slow routes, each from one list.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from analyzer.answers import Feeds, Result, Run
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import Indices
from analyzer.runtime.executor import Hit, SlowRoute
from analyzer.runtime.ort.acceleration import Acceleration
from analyzer.runtime.stretches.golden_run import WHOLE, GoldenRun, LateStart
from analyzer.runtime.stretches.reading_nodes import Reads
from analyzer.runtime.weights.address_book import Reach
from analyzer.runtime.weights.change import WeightChange
from analyzer.runtime.weights.followers import Follower
from analyzer.runtime.weights.open_weights import OpenWeights


class PartialRuns(Protocol):
    """Runs that leave out what a fault cannot change."""

    def golden(self, feeds: Feeds) -> Result:
        """Run fault-free, and keep what passes the cuts. The weights must be golden."""

    def known(self, feeds: Feeds) -> GoldenRun[Any] | None:
        """The golden run of these very arrays, if it is kept."""

    def late_start(self, first: int, last: int) -> LateStart:
        """The start of a run whose faulty weights nodes ``first`` to ``last`` read.

        Args:
            first: first node that reads one.
            last: last node that reads one.
        """

    def run_from(self, start: LateStart, feeds: Feeds) -> Result | None:
        """Run with the present weights; None if the live session is the way to do it.

        Args:
            start: where.
            feeds: one batch.
        """


@dataclass(frozen=True, slots=True)
class Injection:
    """One pattern as a change of live weights: written on entry, undone on exit."""

    executor: "LiveExecutor"
    start: LateStart
    change: WeightChange

    def __enter__(self) -> Run:
        self.executor.write(self.change)
        return partial(self.executor.run_under, self.start, self.change)

    def __exit__(self, *_: object) -> None:
        self.executor.restore(self.change)


class LiveExecutor:
    """Runs fault patterns by mutating the weights of open sessions in place."""

    def __init__(
        self,
        weights: OpenWeights,
        reads: Reads,
        partial_runs: PartialRuns | None,
        followers: Sequence[Follower],
        routes: Sequence[SlowRoute],
        accelerations: Sequence[Acceleration] = (),
    ) -> None:
        """Compose; the weights are golden.

        Args:
            weights: the live weights, and the session of the whole model.
            reads: the nodes that read each tensor.
            partial_runs: partial re-execution; None: every run is a whole one.
            followers: memory that follows the live weights.
            routes: ways to run what live weights cannot; the last one takes every pattern.
            accelerations: the state of what does not change any more.
        """
        self.weights, self.partial_runs = weights, partial_runs
        self.layout = weights.opened.layout
        self.reloads = 0
        self.oracle_runs = 0
        self.followers, self.routes = tuple(followers), tuple(routes)
        self._reads, self._fixed = reads, tuple(accelerations)
        self._session, self._weight_memory = weights.opened.session, weights.opened.weight_memory

    @property
    def accelerations(self) -> tuple[Acceleration, ...]:
        """Every acceleration of the engine: in force, or why not."""
        return (*self._fixed, *(a for r in self.routes if (a := r.acceleration) is not None))

    @property
    def threaded(self) -> bool:
        """True if several threads may run without faults at the same time: nothing is kept."""
        return self.partial_runs is None and self.weights.opened.threaded

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``; no pattern may be in force."""
        runs = self.partial_runs
        return runs.golden(feeds) if runs else self._session.run(feeds)

    def inject(self, pattern: FaultPattern) -> AbstractContextManager[Run]:
        """Within the context, runs happen under ``pattern``; leaving it restores golden.

        What can be computed beforehand is computed by this call, so that several injections can
        be prepared at once and entered one by one. Leaving the context raises `NotRestored` if a
        touched weight is not golden.
        """
        weights = self.weights
        tensors, bits = weights.space.bits_hit(pattern)
        if weights.book.worst is Reach.RELOAD and np.any(
            weights.book.reach[tensors] == Reach.RELOAD
        ):
            self.reloads += 1
            hit = Hit(tensors, bits)
            for route in self.routes:
                found = route.inject(pattern, hit, self)
                if found is not None:
                    self.oracle_runs += route.acceleration is None
                    return found
            raise AssertionError("the last route takes every pattern")
        change = weights.change(pattern, tensors, bits)
        return Injection(self, self.late_start(tensors), change)

    def late_start(self, tensors: Indices) -> LateStart:
        """The start of a run whose faults are in ``tensors``, int64 (n,)."""
        if self.partial_runs is None or not len(tensors):
            return WHOLE
        first, last = self._reads.first[tensors].min(), self._reads.last[tensors].max()
        return self.partial_runs.late_start(int(first), int(last))

    def change(self, pattern: FaultPattern, hit: Hit) -> WeightChange:
        """The part of ``pattern`` that live weights can hold.

        Args:
            pattern: the upsets.
            hit: the bits that they hit.
        """
        return self.weights.change(pattern, hit.tensors, hit.bits)

    def write(self, change: WeightChange) -> None:
        """Put ``change`` in force: in the live weights first, which the followers copy."""
        change.write(self._weight_memory)
        if self.followers:
            touched = change.touched(self._weight_memory)
            for follower in self.followers:
                follower.wrote(touched)

    def restore(self, change: WeightChange) -> None:
        """Put golden back where ``change`` wrote, in the live weights first.

        Raises:
            NotRestored: a touched weight, or a copy of it, is not golden.
        """
        change.restore(self._weight_memory, self.weights.stored)
        if self.followers:
            touched = change.touched(self._weight_memory)
            for follower in self.followers:
                follower.restored(touched)

    def run_under(self, start: LateStart, change: WeightChange, feeds: Feeds) -> Result:
        """Run while ``change`` is in force.

        Golden values that the run can begin from, and that are not known yet, are taken first:
        after that it is a short run.

        Args:
            start: where the run begins; no fault is read before.
            change: what is in force.
            feeds: one batch.
        """
        if start is not WHOLE:
            self.golden_under(change, feeds)
        found = self.partial_runs.run_from(start, feeds) if self.partial_runs else None
        return self._session.run(feeds) if found is None else found

    def golden_under(self, change: WeightChange, feeds: Feeds) -> GoldenRun[Any] | None:
        """The golden run of ``feeds``, if any are kept, while ``change`` is in force.

        If it is not known yet, golden weights are put back for as long as it takes.

        Args:
            change: what is in force.
            feeds: one batch.
        """
        runs = self.partial_runs
        if runs is None:
            return None
        if runs.known(feeds) is None:
            self.restore(change)
            try:
                runs.golden(feeds)
            finally:
                self.write(change)
        return runs.known(feeds)

    def release(self) -> None:
        """Give back all memory that runs need; the layout stays.

        For a process that has others run its trials. Nothing can be run afterwards.
        """
        kept = {"layout": self.layout, "routes": (), "followers": (), "_fixed": self.accelerations}
        self.__dict__.clear()
        self.__dict__.update(kept)

    def check_golden(self) -> None:
        """Compare every live weight, and every copy, with golden, bit for bit.

        Raises:
            NotRestored: one differs.
        """
        self._weight_memory.check()
        for follower in self.followers:
            follower.check()
        for route in self.routes:
            route.check()
