"""Patterns that decide which operators run, without loading the whole model anew.

What cannot be done so, or fails, is left to the oracle.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.faults import FaultPattern
from analyzer.model import Model
from analyzer.runtime.arena import AddressBook, Arena, Reach
from analyzer.runtime.borrowed import Borrowed
from analyzer.runtime.detours import Detour, Detours
from analyzer.runtime.golden_store import GoldenRun
from analyzer.runtime.layout import Layout
from analyzer.runtime.parts import Link
from analyzer.runtime.rewrite import RewriteExecutor
from analyzer.runtime.session import Failure, Feeds, Result
from analyzer.runtime.variants import Fixed
from analyzer.space import FaultSpace, Indices

PATIENCE = 32
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


def fixed_weights(
    space: FaultSpace, book: AddressBook, layout: Layout, arena: Arena, lent: Borrowed
) -> Fixed:
    """The live weights that are as the file has them."""
    found = {}
    for index in np.flatnonzero(book.reach == Reach.DIRECT).tolist():
        name = space.tensors[index].name
        place = layout.places[name][0]
        if place.slot == name and place.positions is None:
            found[name] = arena.views[name]
    return Fixed({name: lent[name] for name in found}, found)


def few(sample: Feeds, model: Model) -> Feeds:
    """The first example of ``sample`` alone, if the model takes any number of them."""
    dims = [d for i in model.proto.graph.input for d in i.type.tensor_type.shape.dim[:1]]
    if any(d.dim_value for d in dims):
        return sample
    return {name: array[:1].copy() for name, array in sample.items()}
