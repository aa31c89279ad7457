"""Patterns that decide which operators run: only the subgraphs that they hit are loaded anew.

A flipped scale changes what ONNX Runtime makes of the operators around it. So the subgraph of the
file's graph between the nearest integers is loaded with its faulty contents, as the oracle loads
the whole file, and is run in place of the live nodes there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import onnx
import onnxruntime as ort

from analyzer.answers import Answer, Failure, Result, same_bytes
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace
from analyzer.runtime.oracle.faulty_bytes import FaultyBytes
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import Handles, new_session, session_options
from analyzer.runtime.ort.shared_initializers import SharedSession
from analyzer.runtime.recompile.file_graph import FileGraph
from analyzer.runtime.recompile.overridable import OverridableInitializers
from analyzer.runtime.recompile.precompiled import PrecompiledSubgraphs, run_subgraph
from analyzer.runtime.recompile.subgraph_plan import CutGrid, SubgraphPlan, SubgraphRange
from analyzer.runtime.recompile.subgraph_writer import FileSubgraph, SubgraphWriter
from analyzer.runtime.recompile.unsigned_zero_points import with_aliases
from analyzer.runtime.stretches.golden_run import Arrays, GoldenRun
from analyzer.runtime.stretches.sessions import Link, handles_of
from analyzer.runtime.weights.file_weights import FileWeights

MOST_WRITTEN = 256
"""Subgraphs that are kept written, without weights."""


@dataclass(frozen=True, slots=True)
class ReloadedSubgraph:
    """A subgraph that was loaded with faulty contents.

    Attributes:
        session: The session.
        file_subgraph: Its inputs and outputs.
    """

    session: SharedSession
    file_subgraph: FileSubgraph

    def run(self, values: Handles) -> Handles | Failure:
        """Run the session; see `Link.run`."""
        return run_subgraph(self.session, self.file_subgraph, values)


class RecompiledSubgraphs:
    """The subgraphs of one model between neighbouring aligned cuts, numbered in order.

    Attributes:
        open: Numbers of the subgraphs that may be loaded by themselves.
        overridable: Contents of the tensors that no live session reads.
    """

    def __init__(
        self,
        file_graph: FileGraph,
        writer: SubgraphWriter,
        grid: CutGrid,
        space: FaultSpace,
        faulty: FaultyBytes,
        file_weights: FileWeights,
    ) -> None:
        """Find out which subgraphs read which tensors.

        Args:
            file_graph: the file's graph.
            writer: writes subgraphs of it.
            grid: the cuts at which a run may leave and enter the optimized graph.
            space: the bits at risk.
            faulty: gives the bytes of its tensors under a pattern.
            file_weights: live weights that have the bytes of the file's tensors.
        """
        self._grid, self._faulty, self._writer = grid, faulty, writer
        self._file_graph, self._file_weights = file_graph, file_weights
        self._outputs = tuple(o.name for o in file_graph.proto.graph.output)
        self._write = lru_cache(MOST_WRITTEN)(self._written)
        spans = [(a.position, b.position) for a, b in pairwise(grid.aligned_cuts)]
        self.open = {i for i, span in enumerate(spans) if file_graph.is_local(*span)}
        self._reads = [file_graph.needs(file_graph.nodes[begin:end]) for begin, end in spans]
        stored = set().union(*self._reads) & file_graph.stored.keys()
        self.overridable = OverridableInitializers(
            writer.initializers(stored - file_weights.views.keys())
        )
        self._precompiled = [self._precompiled_of(number) for number in range(len(spans))]
        self._index_tensors(space)

    def _index_tensors(self, space: FaultSpace) -> None:
        """Index which subgraph reads which tensors at risk, in both directions."""
        numbers = {tensor.name: i for i, tensor in enumerate(space.every)}
        self._at_risk = [{numbers[n] for n in names & numbers.keys()} for names in self._reads]
        self._decisive = {numbers[n] for n in self.overridable.live.keys() & numbers.keys()}
        self._readers: dict[int, list[int]] = {}
        # A tensor that is an output as well has a reader that is in no subgraph: it stays out.
        for name in numbers.keys() - set(self._outputs):
            read = [i for i, names in enumerate(self._reads) if name in names]
            if read:
                self._readers[numbers[name]] = read

    @property
    def loaded_each_time(self) -> dict[int, NotApplied]:
        """Open subgraphs that have no precompiled form at present, by number, with the reason.

        The weights must be golden, because a session may be opened.
        """
        found = {number: self._precompiled[number].current() for number in sorted(self.open)}
        return {number: why for number, why in found.items() if isinstance(why, NotApplied)}

    def subgraphs_reading(self, tensors: Iterable[int]) -> set[int] | None:
        """Numbers of the subgraphs that read tensors; None if one of them is not open.

        Args:
            tensors: indices of tensors at risk.
        """
        found: set[int] = set()
        for tensor in tensors:
            read = self._readers.get(tensor)
            if read is None or not self.open.issuperset(read):
                return None
            found.update(read)
        return found

    def plan(
        self, pattern: FaultPattern, tensors: Iterable[int], first: int, last: int
    ) -> SubgraphPlan | None:
        """Plan a run; None if the whole file must be loaded. The weights must be golden.

        Args:
            pattern: the upsets.
            tensors: indices of the tensors hit that must be loaded anew.
            first: position of the first node of the optimized graph that reads another tensor hit.
            last: position of the last such node.
        """
        found = self.subgraphs_reading(tensors)
        if not found:
            return None
        ranges = _joined(sorted(found), self._precompiled)
        return self._grid.plan(pattern, ranges, first, last)

    def load(self, plan: SubgraphPlan) -> list[Link]:
        """Load the subgraphs of a plan; their faulty contents are in force until `restore`.

        The weights must be golden, because kernels may look at them when a session is created.
        Raises whatever ONNX Runtime raises if it cannot load a subgraph.
        """
        hit = {i for _, (left, right) in plan.steps for i in self._tensors(left, right)}
        # Written first: which precompiled form a subgraph has depends on the contents in force.
        self.overridable.write(self._raw(plan.pattern, hit & self._decisive))
        return [self._link(left, right, plan.pattern) for _, (left, right) in plan.steps]

    def restore(self) -> None:
        """Put golden contents back where `load` put faulty ones.

        Raises:
            NotRestored: they did not arrive.
        """
        self.overridable.restore()

    def _link(self, left: int, right: int, pattern: FaultPattern) -> Link:
        """The subgraph between two aligned cuts under a pattern."""
        one = right == left + 1
        found = self._precompiled[left].current() if one else NotApplied("several are joined")
        if not isinstance(found, NotApplied) and not found.runs_left:
            return found
        raw = self._raw(pattern, self._tensors(left, right))
        loaded = self._loaded(self._write(left, right), raw)
        return loaded if isinstance(found, NotApplied) else found.compared_with(loaded)

    def _raw(self, pattern: FaultPattern, among: Collection[int]) -> dict[str, bytes]:
        return with_aliases(self._faulty.of(pattern, among), self.overridable.live)

    def _nodes(self, left: int, right: int) -> list[onnx.NodeProto]:
        begin, end = self._grid.aligned_cuts[left], self._grid.aligned_cuts[right]
        return self._file_graph.nodes[begin.position : end.position]

    def _precompiled_of(self, number: int) -> PrecompiledSubgraphs:
        nodes = self._file_graph.with_inlined(self._nodes(number, number + 1))
        written = self._write(number, number + 1)
        return PrecompiledSubgraphs(
            written, nodes, self._writer, self.overridable, self._file_weights
        )

    def _tensors(self, left: int, right: int) -> set[int]:
        """Indices of the tensors at risk that the subgraph between two aligned cuts reads."""
        return set().union(*self._at_risk[left:right])

    def _written(self, left: int, right: int) -> FileSubgraph:
        begin, end = self._grid.aligned_cuts[left], self._grid.aligned_cuts[right]
        made = {name for node in self._nodes(left, right) for name in node.output}
        return self._writer.subgraph(begin, end, [name for name in self._outputs if name in made])

    def _loaded(self, written: FileSubgraph, raw: Mapping[str, bytes]) -> ReloadedSubgraph:
        stored = (self._writer.initializer(name, raw.get(name)) for name in written.stored)
        session = new_session(b"".join([written.head, *stored]), session_options(pack=True))
        return ReloadedSubgraph(SharedSession(session, ()), written)

    def run(
        self,
        plan: SubgraphPlan,
        loaded: Sequence[Link],
        values: Arrays,
        golden: GoldenRun[Any] | None,
    ) -> Result:
        """Run a plan with the present weights.

        Args:
            plan: the plan.
            loaded: its subgraphs, of `load`.
            values: the values that pass the cut at which it begins.
            golden: the golden run of the same batch, if that is known.
        """
        known = handles_of({n: values[n] for n in self._grid.kept[plan.first].values})
        links: list[Link] = []
        for (live, _), link in zip(plan.steps, loaded, strict=True):
            links += [*live, link]
        failure = _through([*links, *plan.rest], known)
        if failure is None and plan.check is not None:
            if golden is not None and self._is_masked(known, plan.check, golden):
                return golden.answer
            failure = _through(plan.tail, known)
        if failure is not None:
            return failure
        return Answer(tuple(known[n].numpy() if n in known else values[n] for n in self._outputs))

    def _is_masked(self, known: Handles, check: int, golden: GoldenRun[Any]) -> bool:
        """True if every computed value that is returned, or read behind the check, is golden."""
        kept = {n: golden.values[n] for n in self._grid.kept[check].values}
        kept |= dict(zip(self._outputs, golden.answer.outputs, strict=True))
        return all(same_bytes(known[n].numpy(), kept[n]) for n in kept if n in known)


def _through(links: Iterable[Link], known: dict[str, ort.OrtValue]) -> Failure | None:
    """Run links one after the other, and add what they return to the values ``known``."""
    for link in links:
        made = link.run(known)
        if isinstance(made, Failure):
            return made
        known.update(made)
    return None


def _joined(
    numbers: Sequence[int], precompiled: Sequence[PrecompiledSubgraphs]
) -> list[SubgraphRange]:
    """Neighbouring subgraphs as one, which costs one session less, unless one is precompiled."""
    found: list[SubgraphRange] = []
    for number in numbers:
        plain = not (precompiled[number].possible or precompiled[number - 1].possible)
        if found and found[-1][1] == number and plain:
            found[-1] = found[-1][0], number + 1
        else:
            found.append((number, number + 1))
    return found
