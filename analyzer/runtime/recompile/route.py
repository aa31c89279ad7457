"""The route of patterns that decide which operators run: only the subgraphs they hit are reloaded.

A pattern whose subgraphs cannot be loaded, or fail, is left to the oracle.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from analyzer.answers import Failure, Feeds, Result, Run
from analyzer.faults.models import FaultPattern
from analyzer.runtime.executor import Hit, LiveRuns
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.acceleration import Acceleration, NotApplied
from analyzer.runtime.recompile.subgraph_plan import SubgraphPlan
from analyzer.runtime.recompile.subgraphs import RecompiledSubgraphs
from analyzer.runtime.stretches.golden_run import GoldenRun
from analyzer.runtime.stretches.reading_nodes import Reads
from analyzer.runtime.stretches.sessions import Link
from analyzer.runtime.weights.address_book import Reach
from analyzer.runtime.weights.change import WeightChange
from analyzer.runtime.weights.open_weights import OpenWeights

NAME = "recompiled_subgraphs"

LATER = "opened after some patterns that change which operators run"

LOADS_FIRST = 32
"""Patterns that the oracle loads as a whole before subgraphs are looked for, which takes as long as
some tens of loads: models that need few of them are done before."""

BEHIND_ALL_NODES = 2**40


class RecompileRoute:
    """A `SlowRoute` over the subgraphs of one model, which it opens when they begin to pay."""

    def __init__(
        self,
        find: Callable[[], RecompiledSubgraphs | NotApplied],
        oracle: Callable[[], RewriteExecutor],
        weights: OpenWeights,
        reads: Reads,
        loads_first: int = LOADS_FIRST,
    ) -> None:
        """Open nothing yet.

        Args:
            find: finds the subgraphs, or says why there are none; the weights must be golden.
            oracle: gives the oracle, which runs a pattern whose subgraphs fail.
            weights: the live weights.
            reads: the nodes that read each tensor.
            loads_first: patterns left to the oracle before anything is opened.
        """
        self._find, self._oracle = find, oracle
        self._weights, self._reads = weights, reads
        self._left = loads_first
        self.subgraphs: RecompiledSubgraphs | NotApplied | None = None

    @property
    def acceleration(self) -> Acceleration:
        """In force once subgraphs are open."""
        match self.subgraphs:
            case None:
                return Acceleration(NAME, False, f"{LATER} ({self._left} more)")
            case NotApplied(reason):
                return Acceleration(NAME, False, reason)
            case found:
                count = len(found.open)
                return Acceleration(NAME, True, f"{count} subgraphs are loaded by themselves")

    def inject(
        self, pattern: FaultPattern, hit: Hit, live: LiveRuns
    ) -> AbstractContextManager[Run] | None:
        """As in `SlowRoute`.

        Args:
            pattern: the upsets.
            hit: the bits that they hit.
            live: the live weights.
        """
        if self._left > 0:
            self._left -= 1
            return None
        self.open()
        if isinstance(self.subgraphs, NotApplied) or self.subgraphs is None:
            return None
        plan = self._planned(self.subgraphs, pattern, hit)
        if plan is None:
            return None
        change = live.change(pattern, hit)
        return RecompiledInjection(self, self.subgraphs, plan, live, change)

    def open(self) -> None:
        """Find the subgraphs, unless that was done. The weights must be golden."""
        if self.subgraphs is None:
            self.subgraphs = self._find()

    def _planned(
        self, subgraphs: RecompiledSubgraphs, pattern: FaultPattern, hit: Hit
    ) -> SubgraphPlan | None:
        """The plan by which ``pattern`` is run; None: the oracle runs it."""
        reach = self._weights.book.reach[hit.tensors]
        again = np.unique(hit.tensors[reach == Reach.RELOAD]).tolist()
        others = hit.tensors[reach != Reach.RELOAD]
        first = int(self._reads.first[others].min(initial=BEHIND_ALL_NODES))
        last = int(self._reads.last[others].max(initial=-1))
        return subgraphs.plan(pattern, again, first, last)

    def run(
        self,
        plan: SubgraphPlan,
        loaded: Sequence[Link] | None,
        feeds: Feeds,
        golden: GoldenRun[Any] | None,
    ) -> Result:
        """Run with the present weights; by the oracle where the subgraphs fail.

        Args:
            plan: the subgraphs and the live stretches between them.
            loaded: the subgraphs with their faulty contents; None: they could not be loaded.
            feeds: one batch.
            golden: its golden run, if that is known.
        """
        if loaded is not None and isinstance(self.subgraphs, RecompiledSubgraphs):
            values = golden.values if golden else feeds
            found = self.subgraphs.run(plan, loaded, values, golden)
            if not isinstance(found, Failure):
                return found
        with self._oracle().inject(plan.pattern) as run:
            return run(feeds)

    def check(self) -> None:
        """Compare the contents that subgraphs read with golden.

        Raises:
            NotRestored: one differs.
        """
        if isinstance(self.subgraphs, RecompiledSubgraphs):
            self.subgraphs.overridable.check()


@dataclass(frozen=True, slots=True)
class RecompiledInjection:
    """A pattern of which a part decides which operators run.

    Attributes:
        route: Runs it.
        subgraphs: Loads them on entry, and forgets them on exit.
        plan: Which ones.
        live: The live weights.
        change: The part of the pattern that they hold.
    """

    route: RecompileRoute
    subgraphs: RecompiledSubgraphs
    plan: SubgraphPlan
    live: LiveRuns
    change: WeightChange

    def __enter__(self) -> Run:
        # Subgraphs are created while the live weights are golden: kernels look at them then.
        loaded = self._load()
        self.live.write(self.change)
        return partial(self._run, loaded)

    def _load(self) -> list[Link] | None:
        """The subgraphs with their faulty contents; None: they cannot be loaded."""
        try:
            return self.subgraphs.load(self.plan)
        except Exception:  # ONNX Runtime's exceptions share no narrower base class
            return None  # the oracle runs the pattern, and finds the same

    def _run(self, loaded: Sequence[Link] | None, feeds: Feeds) -> Result:
        golden = self.live.golden_under(self.change, feeds)
        return self.route.run(self.plan, loaded, feeds, golden)

    def __exit__(self, *_: object) -> None:
        try:
            self.subgraphs.restore()
        finally:
            self.live.restore(self.change)
