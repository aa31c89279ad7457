"""Subgraphs that are optimized once for each fusion case; only their contents change afterwards.

Faulty contents are written where the optimized subgraph reads them. A precompiled subgraph is used
only if the optimizer leaves the file's tensors as they are in it, whatever they hold, and if its
first runs give what the subgraph gives that is loaded anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx

from analyzer.answers import Failure, same_bytes
from analyzer.faults.elements import Values
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.optimized_graph import OptimizedModel, optimize
from analyzer.runtime.ort.session import Handles, run_handles, short_reason
from analyzer.runtime.ort.shared_initializers import (
    SharedSession,
    as_ort_values,
    open_shared_session,
    strip_initializers,
)
from analyzer.runtime.recompile.fusion_condition import (
    FusionCase,
    FusionCondition,
    contents_of_case,
    fusion_conditions,
)
from analyzer.runtime.recompile.overridable import OverridableInitializers
from analyzer.runtime.recompile.subgraph_writer import FileSubgraph, SubgraphWriter
from analyzer.runtime.stretches.sessions import Link
from analyzer.runtime.weights.file_weights import FileWeights

CONTENTS_TRIED = 4
"""Contents under which the optimizer must make the same of a subgraph."""

MOST_CASES = 8
"""Fusion cases of one subgraph that are kept."""

PROBATION = 2
"""First runs of a precompiled subgraph that are compared with the subgraph loaded anew."""


@dataclass(slots=True)
class PrecompiledSubgraph:
    """A subgraph in one fusion case; it reads contents that may change.

    Attributes:
        session: The session.
        file_subgraph: Its inputs and outputs.
        runs_left: Runs that are still to be compared.
        wrong: True once a compared run differed; it is not used again.
    """

    session: SharedSession
    file_subgraph: FileSubgraph
    runs_left: int = PROBATION
    wrong: bool = False

    def run(self, values: Handles) -> Handles | Failure:
        """Run with the present contents; see `Link.run`."""
        return run_subgraph(self.session, self.file_subgraph, values)

    def compared_with(self, loaded: Link) -> "_ProbationRun":
        """A link that runs ``loaded``, and compares what this subgraph gives."""
        return _ProbationRun(self, loaded)


def run_subgraph(
    session: SharedSession, file_subgraph: FileSubgraph, values: Handles
) -> Handles | Failure:
    """Run a session of a subgraph; returns the values that leave it, by optimized name.

    Args:
        session: the session.
        file_subgraph: its inputs and outputs.
        values: the values that enter it, by name in the optimized graph, and perhaps others.
    """
    feeds = {name: values[live] for name, live in file_subgraph.inputs.items()}
    made = run_handles(session.session, feeds, list(file_subgraph.outputs))
    if isinstance(made, Failure):
        return made
    return {live: made[name] for name, live in file_subgraph.outputs.items()}


@dataclass(frozen=True, slots=True)
class _ProbationRun:
    """Runs both forms of a subgraph, returns what the one loaded anew gives, and compares."""

    precompiled: PrecompiledSubgraph
    loaded: Link

    def run(self, values: Handles) -> Handles | Failure:
        """Run both; see `Link.run`."""
        expected, found = self.loaded.run(values), self.precompiled.run(values)
        if isinstance(expected, Failure):
            return expected
        same = not isinstance(found, Failure) and all(
            same_bytes(found[name].numpy(), expected[name].numpy()) for name in expected
        )
        self.precompiled.runs_left = max(0, self.precompiled.runs_left - 1)
        self.precompiled.wrong |= not same
        return expected


class PrecompiledSubgraphs:
    """The fusion cases of one subgraph."""

    def __init__(
        self,
        file_subgraph: FileSubgraph,
        nodes: Sequence[onnx.NodeProto],
        writer: SubgraphWriter,
        overridable: OverridableInitializers,
        file_weights: FileWeights,
    ) -> None:
        """Find out whether the subgraph has known fusion cases; none is compiled yet.

        Args:
            file_subgraph: the subgraph.
            nodes: its nodes.
            writer: the writer of it.
            overridable: contents of tensors that no live session reads.
            file_weights: the other stored tensors.
        """
        self._file_subgraph, self._writer = file_subgraph, writer
        self._overridable, self._file_weights = overridable, file_weights
        self._by_case: dict[FusionCase, PrecompiledSubgraph | NotApplied] = {}
        stored, views = file_subgraph.stored, file_weights.views
        self._own = {n: overridable.golden[n] for n in stored if n in overridable.golden}
        self._shared = {n: views[n] for n in stored if n in views}
        self._conditions = self._known_conditions(nodes)

    def _known_conditions(
        self, nodes: Sequence[onnx.NodeProto]
    ) -> list[FusionCondition] | NotApplied:
        conditions = fusion_conditions(nodes)
        if conditions is None:
            return NotApplied("an operator in it may be fused on other conditions")
        if not (self._own.keys() | self._shared.keys()).issuperset(self._file_subgraph.stored):
            return NotApplied("a tensor that it reads can be neither shared nor overridden")
        if not self._own.keys() >= {name for c in conditions for name in c.names}:
            return NotApplied("a tensor that decides fusions is read by live sessions as well")
        return conditions

    @property
    def possible(self) -> bool:
        """True if there can be a precompiled subgraph at all."""
        return not isinstance(self._conditions, NotApplied)

    def current(self) -> PrecompiledSubgraph | NotApplied:
        """The subgraph for the present contents; if there is none, it must be loaded anew.

        Live weights must be golden, because a session may be opened.
        """
        if isinstance(self._conditions, NotApplied):
            return self._conditions
        held = [condition.holds(self._overridable.live) for condition in self._conditions]
        if None in held:
            return NotApplied("a bias scale is so near the line that its fusion is not certain")
        case = tuple(bool(right) for right in held)
        if case not in self._by_case:
            if len(self._by_case) >= MOST_CASES:
                return NotApplied(f"more than {MOST_CASES} fusion cases")
            self._by_case[case] = self._compiled(self._conditions, case)
        found = self._by_case[case]
        if isinstance(found, PrecompiledSubgraph) and found.wrong:
            return NotApplied("a run differed from that of the subgraph loaded anew")
        return found

    def _compiled(
        self, conditions: Sequence[FusionCondition], case: FusionCase
    ) -> PrecompiledSubgraph | NotApplied:
        """Compile the subgraph for one case; not if contents change more than they should."""
        first: OptimizedModel | None = None
        for number in range(CONTENTS_TRIED):
            values = contents_of_case(case, conditions, self._own, number)
            if [condition.holds(values) for condition in conditions] != list(case):
                continue  # a random flip of other contents has overshot: no fair trial
            try:
                made = self._optimized(values)
            except Exception as error:  # ONNX Runtime's exceptions share no narrower base class
                return NotApplied(f"ONNX Runtime cannot load it: {short_reason(error)}")
            first = first or made
            if made.structure != first.structure or made.hidden != first.hidden:
                return NotApplied("contents change its optimized graph within one fusion case")
            if not self._is_direct(made, values, first):
                return NotApplied("ONNX Runtime folds its contents into other values")
        if first is None:
            return NotApplied("no contents were found that are one fusion case for certain")
        return PrecompiledSubgraph(self._session(first), self._file_subgraph)

    def _is_direct(
        self, made: OptimizedModel, values: Mapping[str, Values], first: OptimizedModel
    ) -> bool:
        """True if initializers are the file's tensors, and those of other names never change."""
        expected = {**first.slots, **self._shared, **values}
        present = made.slots.keys() >= self._shared.keys()
        return present and all(same_bytes(s, expected[n]) for n, s in made.slots.items())

    def _optimized(self, values: Mapping[str, Values]) -> OptimizedModel:
        raw = {name: content.tobytes() for name, content in values.items()}
        names = self._file_subgraph.stored
        stored = (self._writer.initializer(name, raw.get(name)) for name in names)
        return optimize(b"".join([self._file_subgraph.head, *stored]))

    def _session(self, optimized: OptimizedModel) -> SharedSession:
        own = {n: self._overridable.live[n] for n in self._own if n in optimized.slots}
        shared = {n: self._file_weights.ort_values[n] for n in self._shared}
        ort_values = {**as_ort_values(own), **shared}
        stripped = strip_initializers(optimized, ort_values)
        _make_overridable(stripped)
        return open_shared_session(stripped, ort_values)


def _make_overridable(model: onnx.ModelProto) -> None:
    """List initializers as inputs as well, so that no kernel takes them to be constant."""
    model.ir_version = max(model.ir_version, 4)  # before, initializers had to be inputs
    listed = {value.name for value in model.graph.input}
    for tensor in model.graph.initializer:
        if tensor.name not in listed:
            info = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            model.graph.input.append(info)
