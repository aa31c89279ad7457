"""Another way to run stretches of the graph: the protocol, and what it is given and gives.

A strategy looks at the optimized graph and its profile, and offers a cost per node or says why it
does not apply. `partial/plan.py` compares the offers and opens the cheapest. A strategy knows no
other strategy, and only `open.py` knows all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import onnx

from analyzer.faults.elements import Values
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.shared_initializers import SharedInitializers
from analyzer.runtime.stretches.cuts import Cut, Floats, find_cuts
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.profile import Profile
from analyzer.runtime.stretches.sessions import Link, Stretch
from analyzer.runtime.weights.followers import Follower
from analyzer.runtime.weights.memory import WeightMemory


class Use(Enum):
    """The models on which accelerations are used.

    Contract suites use them `EVERYWHERE`, so that even the smallest model goes through all of them.
    """

    WHERE_IT_PAYS = "where it pays"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The optimized graph, and the live weights that sessions of its stretches read.

    Attributes:
        stripped: The optimized model without the data of its live weights.
        ort_values: The live weights as ONNX Runtime's values; golden while sessions are opened.
        weight_memory: The same memory as bytes.
        stored: Golden values of all initializers of the graph.
    """

    stripped: onnx.ModelProto
    ort_values: SharedInitializers
    weight_memory: WeightMemory
    stored: Mapping[str, Values]

    @property
    def start(self) -> Cut:
        """The place before the first node."""
        return find_cuts(self.stripped.graph)[0]

    @property
    def end(self) -> Cut:
        """The place behind the last node."""
        return Cut(len(self.stripped.graph.node), ())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the values that the graph returns."""
        return tuple(value.name for value in self.stripped.graph.output)


class Stretches(Protocol):
    """The graph as stretches between any two kept cuts."""

    whole: bool
    """True if a whole run is faster stretch by stretch than in the live session."""

    @property
    def followers(self) -> Sequence[Follower]:
        """Copies of the live weights that the stretches read."""

    @property
    def description(self) -> str:
        """The stretches in a clause that a report can print."""

    def between(self, begin: Cut, end: Cut, golden: Arrays, outputs: tuple[str, ...]) -> Stretch:
        """The nodes between two cuts, opened.

        Args:
            begin: before the first node.
            end: behind the last one.
            golden: golden values of what passes ``begin``.
            outputs: names of the values that the stretch returns.
        """

    def links(self) -> Mapping[int, tuple[int, Link]]:
        """Stretches that other routes may use as they are.

        Returns:
            by position of the cut at which it begins: where it ends, and the stretch.
        """


Open = Callable[[Sequence[Cut], Arrays], "Stretches | NotApplied"]
"""Opens stretches: the kept cuts, the trivial one first, and one batch, the weights golden."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The cost of runs by one strategy.

    Attributes:
        seconds: float64 (nodes,), one run of each node.
        open: Opens the stretches.
        hidden: Values that no kept cut may pass.
        per_cut: Seconds that a run takes longer for each kept cut that it passes.
        overhead: Seconds that each run takes longer.
    """

    seconds: Floats
    open: Open
    hidden: frozenset[str] = frozenset()
    per_cut: float = 0.0
    overhead: float = 0.0


class Strategy(Protocol):
    """Another way to run stretches."""

    name: str
    """As `open_executor` takes it in ``without``."""

    def offer(
        self, model: LiveModel, profile: Callable[[], Profile], use: Use
    ) -> Offer | NotApplied:
        """The cost of runs of ``model``, or why this is no way to run it.

        Args:
            model: the optimized graph and its live weights, golden at present.
            profile: measures the nodes when it is first called; strategies that do not apply to a
                graph say so without.
            use: where it pays, or everywhere that it can be used at all.
        """
