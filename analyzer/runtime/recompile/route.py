"""Patterns that decide which operators run, without loading the whole model anew.

What cannot be done so, or fails, is left to the oracle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from analyzer.answers import Failure, Feeds, Result
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import Indices
from analyzer.runtime.executor import Run
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.recompile.subgraphs import Detour, Detours
from analyzer.runtime.stretches.golden_run import GoldenRun
from analyzer.runtime.stretches.sessions import Link
from analyzer.runtime.weights.address_book import Reach
from analyzer.runtime.weights.injection import Injection, Owner

LOADS_BEFORE_ROUTE = 32
"""Patterns that are loaded as a whole before it is found out whether they need to be."""


class Bypass:
    """Detours of one live model."""

    def __init__(
        self,
        detours: Detours,
        oracle: RewriteExecutor,
        reach: npt.NDArray[np.int8],
        reads: tuple[Indices, Indices],
    ) -> None:
        """Take them up.

        Args:
            detours: the stretches that can be loaded by themselves.
            oracle: runs what cannot.
            reach: `Reach` by tensor.
            reads: first and last node of the optimized graph that reads each tensor in place.
        """
        self._detours, self._oracle = detours, oracle
        self._reach, (self._first, self._last) = reach, reads

    def detour(self, pattern: FaultPattern, tensors: Indices) -> Detour | None:
        """How ``pattern``, which hits ``tensors``, is run; None: by the oracle."""
        reach = self._reach[tensors]
        again = np.unique(tensors[reach == Reach.RELOAD]).tolist()
        others = tensors[reach != Reach.RELOAD]
        first = int(self._first[others].min(initial=NEVER))
        last = int(self._last[others].max(initial=-1))
        return self._detours.detour(pattern, again, first, last)

    def load(self, detour: Detour) -> list[Link] | None:
        """The stretches of ``detour`` with their faulty contents; None: they cannot be loaded."""
        try:
            return self._detours.load(detour)
        except Exception:  # ONNX Runtime's exceptions share no narrower base class
            return None

    def leave(self) -> None:
        """Put golden contents back where `load` put faulty ones.

        Raises:
            NotRestored: they did not arrive.
        """
        self._detours.leave()

    def run(
        self, detour: Detour, loaded: Sequence[Link] | None, feeds: Feeds, golden: GoldenRun | None
    ) -> Result:
        """Run with the present weights.

        Args:
            detour: how.
            loaded: its stretches, or None.
            feeds: one batch.
            golden: its golden run, if that is known.
        """
        if loaded is not None:
            values = golden.values if golden else feeds
            found = self._detours.run(detour, loaded, values, golden)
            if not isinstance(found, Failure):
                return found
        with self._oracle.inject(detour.pattern) as run:
            return run(feeds)

    def check(self) -> None:
        """Compare contents with golden.

        Raises:
            NotRestored: one differs.
        """
        self._detours.contents.check()


NEVER = 2**40
"""Behind the last node."""


@dataclass(frozen=True, slots=True)
class DetourInjection:
    """A pattern of which a part decides which operators run.

    Attributes:
        executor: Whose weights it changes.
        live: What it changes in them.
        bypass: Loads stretches anew.
        detour: Which: on entry, and forgotten on exit.
    """

    executor: Owner
    live: Injection
    bypass: Bypass
    detour: Detour

    def __enter__(self) -> Run:
        loaded = self.bypass.load(self.detour)
        self.executor.write(self.live)
        return partial(self._run, loaded)

    def _run(self, loaded: Sequence[Link] | None, feeds: Feeds) -> Result:
        golden = self.executor.golden_under(self.live, feeds)
        return self.bypass.run(self.detour, loaded, feeds, golden)

    def __exit__(self, *_: object) -> None:
        try:
            self.bypass.leave()
        finally:
            self.executor.restore(self.live)
