"""Patterns that decide which operators run: only the stretches that they hit are loaded anew.

A flipped scale changes what ONNX Runtime makes of the operators around it. So the stretch of the
file's graph between the nearest integers is loaded with its faulty contents, as the oracle loads
the whole file, and is run in place of the live nodes there.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy.typing as npt
import onnxruntime as ort

from analyzer.answers import Answer, Failure, Result
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace
from analyzer.runtime.oracle.faulty_bytes import FaultyBytes
from analyzer.runtime.ort.session import Handles, new_session, session_options
from analyzer.runtime.ort.shared_initializers import SharedSession
from analyzer.runtime.recompile.file_graph import (
    AlignedCut,
    FileGraph,
    FileSubgraph,
    SubgraphWriter,
)
from analyzer.runtime.recompile.live_subgraphs import LiveSubgraphs
from analyzer.runtime.recompile.overridable import OverridableInitializers
from analyzer.runtime.recompile.precompiled import PrecompiledSubgraphs, run_subgraph
from analyzer.runtime.recompile.unsigned_zero_points import with_aliases
from analyzer.runtime.stretches.cuts import Cut
from analyzer.runtime.stretches.golden_run import Arrays, GoldenRun
from analyzer.runtime.stretches.sessions import Link, handles_of
from analyzer.runtime.weights.file_weights import FileWeights

Range = tuple[int, int]
"""Two aligned_cuts, between which a stretch lies."""

STRETCHES = 256
"""Stretches whose nodes are kept written, without weights."""


@dataclass(frozen=True, slots=True)
class SubgraphPlan:
    """How one pattern is run.

    Attributes:
        pattern: The pattern.
        first: The kept cut at which it begins.
        steps: Live parts, each followed by a stretch that is loaded anew.
        rest: Live parts behind the last stretch, up to ``check`` if there is one.
        check: The kept cut behind all faults, at which they may be seen to be masked.
        tail: Live parts behind it.
    """

    pattern: FaultPattern
    first: int
    steps: tuple[tuple[list[Link], Range], ...]
    rest: list[Link]
    check: int | None
    tail: list[Link]


@dataclass(frozen=True, slots=True)
class ReloadedSubgraph:
    """A stretch with faulty contents.

    Attributes:
        session: It.
        stretch: What passes its ends.
    """

    session: SharedSession
    stretch: FileSubgraph

    def run(self, values: Handles) -> Handles | Failure:
        """As in `Link`."""
        return run_subgraph(self.session, self.stretch, values)


@dataclass(frozen=True)
class CutGrid:
    """Where the optimized graph is runs_left for stretches, and where golden values are kept.

    Attributes:
        aligned_cuts: In order; the last one is behind the last node.
        kept: The cuts whose golden values are kept, the trivial one first.
        parts: Live parts between their stops, which are aligned_cuts and kept cuts together.
    """

    aligned_cuts: Sequence[AlignedCut]
    kept: Sequence[Cut]
    parts: LiveSubgraphs
    places: list[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", [cut.position for cut in self.parts.stops])

    def stop(self, position: int) -> int:
        """The stop before node ``position`` of the optimized graph."""
        return bisect_left(self.places, position)


class RecompiledSubgraphs:
    """The stretches of one model."""

    def __init__(
        self,
        file_graph: FileGraph,
        writer: SubgraphWriter,
        grid: CutGrid,
        space: FaultSpace,
        faulty: FaultyBytes,
        fixed: FileWeights,
    ) -> None:
        """Find out which stretches read which tensors.

        Args:
            file_graph: the file's graph.
            writer: writes stretches of it.
            grid: where it is runs_left and entered.
            space: the bits at risk.
            faulty: what patterns make of them.
            fixed: live weights that are as the file has them.
        """
        self._grid, self._space, self._faulty = grid, space, faulty
        self._outputs = tuple(o.name for o in file_graph.proto.graph.output)
        self._writer, self._file_graph = writer, file_graph
        self._write = lru_cache(STRETCHES)(self._written)
        self.open: set[int] = set()
        self._reads: list[set[str]] = []
        for number, (begin, end) in enumerate(pairwise(grid.aligned_cuts)):
            self._reads.append(file_graph.needs(file_graph.nodes[begin.position : end.position]))
            if file_graph.is_local(begin.position, end.position):
                self.open.add(number)
        self._stretches_of: dict[int, list[int]] = {}
        stored = set().union(*self._reads) & file_graph.stored.keys()
        self.contents = OverridableInitializers(writer.initializers(stored - fixed.views.keys()))
        self._fixed = fixed
        self._precompiled = [self._precompiled_of(number) for number in range(len(self._reads))]
        numbers = {tensor.name: i for i, tensor in enumerate(space.tensors)}
        self._at_risk = [{numbers[n] for n in names & numbers.keys()} for names in self._reads]
        self._decisive = {numbers[n] for n in self.contents.live.keys() & numbers.keys()}
        hidden = set(self._outputs)
        for index, tensor in enumerate(space.tensors):
            read = [i for i, names in enumerate(self._reads) if tensor.name in names]
            if read and tensor.name not in hidden:
                self._stretches_of[index] = read

    def stretches(self, tensors: Iterable[int]) -> set[int] | None:
        """Which stretches read ``tensors``; None: not all of these can be loaded by themselves."""
        found: set[int] = set()
        for tensor in tensors:
            read = self._stretches_of.get(tensor)
            if read is None or not self.open.issuperset(read):
                return None
            found.update(read)
        return found

    def plan(
        self, pattern: FaultPattern, tensors: Iterable[int], first: int, last: int
    ) -> SubgraphPlan | None:
        """How ``pattern`` is run; None: as a whole. The weights must be golden.

        Args:
            pattern: the upsets.
            tensors: those of the tensors hit that must be loaded anew.
            first: first node of the optimized graph that reads another one.
            last: the last one.
        """
        found = self.stretches(tensors)
        if not found:
            return None
        grid = self._grid
        ranges = _joined(sorted(found), self._precompiled)
        begin = min(first, grid.aligned_cuts[ranges[0][0]].cut)
        behind = max(last + 1, grid.aligned_cuts[ranges[-1][1]].cut)
        kept = [cut.position for cut in grid.kept]
        start = bisect_right(kept, begin) - 1
        at = grid.stop(kept[start])
        steps = []
        for runs_left, right in ranges:
            steps.append(
                (
                    grid.parts.open(at, grid.stop(grid.aligned_cuts[runs_left].cut)),
                    (runs_left, right),
                )
            )
            at = grid.stop(grid.aligned_cuts[right].cut)
        end = len(grid.places) - 1
        check = bisect_left(kept, behind)
        if check == len(kept):
            return SubgraphPlan(pattern, start, tuple(steps), grid.parts.open(at, end), None, [])
        middle = grid.stop(kept[check])
        rest, tail = grid.parts.open(at, middle), grid.parts.open(middle, end)
        return SubgraphPlan(pattern, start, tuple(steps), rest, check, tail)

    def load(self, plan: SubgraphPlan) -> list[Link]:
        """The stretches of ``plan`` with their faulty contents, which are in force until `leave`.

        The weights must be golden. Raises whatever ONNX Runtime raises if it cannot load them.
        """
        hit = {i for _, (runs_left, right) in plan.steps for i in self._tensors(runs_left, right)}
        self.contents.write(self._raw(plan.pattern, hit & self._decisive))
        return [self._link(runs_left, right, plan.pattern) for _, (runs_left, right) in plan.steps]

    def leave(self) -> None:
        """Put golden contents back.

        Raises:
            NotRestored: they did not arrive.
        """
        self.contents.restore()

    def _link(self, runs_left: int, right: int, pattern: FaultPattern) -> Link:
        subgraph = self._precompiled[runs_left].now() if right == runs_left + 1 else None
        if subgraph is not None and not subgraph.runs_left:
            return subgraph
        raw = self._raw(pattern, self._tensors(runs_left, right))
        loaded = self._loaded(self._write(runs_left, right), raw)
        return loaded if subgraph is None else subgraph.compared_with(loaded)

    def _raw(self, pattern: FaultPattern, among: Collection[int]) -> dict[str, bytes]:
        return with_aliases(self._faulty.of(pattern, among), self.contents.live)

    def _precompiled_of(self, number: int) -> PrecompiledSubgraphs:
        begin, end = self._grid.aligned_cuts[number : number + 2]
        nodes = self._file_graph.with_inlined(self._file_graph.nodes[begin.position : end.position])
        stretch = self._write(number, number + 1)
        return PrecompiledSubgraphs(stretch, nodes, self._writer, self.contents, self._fixed)

    def _tensors(self, runs_left: int, right: int) -> set[int]:
        """Indices of the tensors at risk that a range of stretches reads."""
        return set().union(*self._at_risk[runs_left:right])

    def _written(self, runs_left: int, right: int) -> FileSubgraph:
        begin, end = self._grid.aligned_cuts[runs_left], self._grid.aligned_cuts[right]
        nodes = self._file_graph.nodes[begin.position : end.position]
        made = {name for node in nodes for name in node.output}
        return self._writer.stretch(begin, end, [name for name in self._outputs if name in made])

    def _loaded(self, stretch: FileSubgraph, raw: Mapping[str, bytes]) -> ReloadedSubgraph:
        stored = (self._writer.initializer(name, raw.get(name)) for name in stretch.stored)
        content = b"".join([stretch.head, *stored])
        return ReloadedSubgraph(SharedSession(new_session(content, session_options()), ()), stretch)

    def run(
        self,
        plan: SubgraphPlan,
        loaded: Sequence[Link],
        values: Arrays,
        golden: GoldenRun[Any] | None,
    ) -> Result:
        """Run with the present weights.

        Args:
            plan: how.
            loaded: its stretches.
            values: what passes the cut at which it begins.
            golden: the golden run of the same batch, if that is known.
        """
        known = handles_of({n: values[n] for n in self._grid.kept[plan.first].values})
        links: list[Link] = []
        for (live, _), stretch in zip(plan.steps, loaded, strict=True):
            links += [*live, stretch]
        failure = _through([*links, *plan.rest], known)
        if failure is None and plan.check is not None:
            if golden is not None and self._is_masked(known, plan.check, golden):
                return golden.answer
            failure = _through(plan.tail, known)
        if failure is not None:
            return failure
        return Answer(tuple(known[n].numpy() if n in known else values[n] for n in self._outputs))

    def _is_masked(self, known: Handles, check: int, golden: GoldenRun[Any]) -> bool:
        """Whether all that was made so far, and is returned or read later, is golden."""
        kept = {n: golden.values[n] for n in self._grid.kept[check].values}
        kept |= dict(zip(self._outputs, golden.answer.outputs, strict=True))
        return all(_same_bytes(known[n].numpy(), kept[n]) for n in kept if n in known)


def _same_bytes(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def _through(links: Iterable[Link], known: dict[str, ort.OrtValue]) -> Failure | None:
    """Run ``links``, and add what they return to what is ``known``."""
    for link in links:
        made = link.run(known)
        if isinstance(made, Failure):
            return made
        known.update(made)
    return None


def _joined(stretches: Sequence[int], precompiled: Sequence[PrecompiledSubgraphs]) -> list[Range]:
    """Neighbouring stretches as one, unless they have forms."""
    found: list[Range] = []
    for number in stretches:
        plain = not (precompiled[number].exist or precompiled[number - 1].exist)
        if found and found[-1][1] == number and plain:
            found[-1] = found[-1][0], number + 1
        else:
            found.append((number, number + 1))
    return found
