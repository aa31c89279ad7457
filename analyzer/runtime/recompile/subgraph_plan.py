"""Plans: how one pattern is run through live parts and through subgraphs that are loaded anew."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from analyzer.faults.models import FaultPattern
from analyzer.runtime.recompile.live_subgraphs import LiveSubgraphs
from analyzer.runtime.recompile.subgraph_writer import AlignedCut
from analyzer.runtime.stretches.cuts import Cut
from analyzer.runtime.stretches.sessions import Link

SubgraphRange = tuple[int, int]
"""Indices of two aligned cuts, between which a subgraph lies."""


@dataclass(frozen=True, slots=True)
class SubgraphPlan:
    """The way in which one pattern is run.

    Attributes:
        pattern: The pattern.
        first: Index of the kept cut at which the run begins.
        steps: Live parts, each followed by a subgraph that is loaded anew.
        rest: Live parts behind the last of these, up to ``check`` if there is one, else to the end.
        check: Index of the kept cut behind all faults, at which they may be seen to be masked.
        tail: Live parts behind ``check``.
    """

    pattern: FaultPattern
    first: int
    steps: tuple[tuple[list[Link], SubgraphRange], ...]
    rest: list[Link]
    check: int | None
    tail: list[Link]


@dataclass(frozen=True)
class CutGrid:
    """The cuts at which a run may change between both graphs, and those with golden values.

    Attributes:
        aligned_cuts: In order; the last one is behind the last node.
        kept: The cuts whose golden values are kept, the trivial one first.
        parts: Live parts between stops, which are the aligned and the kept cuts together.
    """

    aligned_cuts: Sequence[AlignedCut]
    kept: Sequence[Cut]
    parts: LiveSubgraphs

    @cached_property
    def _positions(self) -> list[int]:
        return [cut.position for cut in self.parts.stops]

    def _stop(self, position: int) -> int:
        """Index of the stop before node ``position`` of the optimized graph."""
        return bisect_left(self._positions, position)

    def plan(
        self, pattern: FaultPattern, ranges: Sequence[SubgraphRange], first: int, last: int
    ) -> SubgraphPlan:
        """Plan a run; the live parts that it needs are opened. The weights must be golden.

        Args:
            pattern: the pattern.
            ranges: the subgraphs to load anew, in order.
            first: position of the first node of the optimized graph that reads a faulty weight in
                place.
            last: position of the last such node.
        """
        begin = min(first, self.aligned_cuts[ranges[0][0]].cut)
        behind = max(last + 1, self.aligned_cuts[ranges[-1][1]].cut)
        kept = [cut.position for cut in self.kept]
        start = bisect_right(kept, begin) - 1
        at = self._stop(kept[start])
        steps = []
        for left, right in ranges:
            begins, ends = (self._stop(self.aligned_cuts[i].cut) for i in (left, right))
            steps.append((self.parts.open(at, begins), (left, right)))
            at = ends
        end = len(self.parts.stops) - 1
        check = bisect_left(kept, behind)
        if check == len(kept):
            return SubgraphPlan(pattern, start, tuple(steps), self.parts.open(at, end), None, [])
        middle = self._stop(kept[check])
        rest, tail = self.parts.open(at, middle), self.parts.open(middle, end)
        return SubgraphPlan(pattern, start, tuple(steps), rest, check, tail)
