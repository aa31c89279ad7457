"""Stretches that were optimized before, and need not be again: only their contents changed.

A stretch in one form (`forms.py`) is optimized once. After that, faulty contents are written where
it reads them. A form is used only if the optimizer leaves the file's tensors as they are in it,
whatever they hold, and its first runs give what the stretch gives that is loaded anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from analyzer.answers import Failure
from analyzer.faults.elements import Values
from analyzer.runtime.ort.optimized_graph import OptimizedModel, optimize, same_values
from analyzer.runtime.ort.session import Handles, run_handles
from analyzer.runtime.ort.shared_initializers import (
    SharedSession,
    as_ort_values,
    open_shared_session,
    strip_initializers,
)
from analyzer.runtime.recompile.file_graph import FileSubgraph, SubgraphWriter
from analyzer.runtime.recompile.fusion_condition import (
    FusionCase,
    contents_of_case,
    fusion_conditions,
)
from analyzer.runtime.recompile.overridable import OverridableInitializers
from analyzer.runtime.stretches.sessions import Link
from analyzer.runtime.weights.file_weights import FileWeights

CONTENTS_TRIED = 4
"""OverridableInitializers under which a form must be what it was."""

MOST_CASES = 8
"""Forms of one stretch that are kept."""

PROBATION = 2
"""Runs of a new form that are compared with those of the stretch loaded anew."""


@dataclass(slots=True)
class PrecompiledSubgraph:
    """A stretch in one form; it reads contents that may change.

    Attributes:
        session: Of that form.
        stretch: What passes its ends.
        runs_left: Runs that are still to be compared.
        wrong: Whether one of them differed.
    """

    session: SharedSession
    stretch: FileSubgraph
    runs_left: int = PROBATION
    wrong: bool = False

    def run(self, values: Handles) -> Handles | Failure:
        """As in `Link`."""
        return run_subgraph(self.session, self.stretch, values)

    def compared_with(self, loaded: Link) -> "ProbationRun":
        """The same, compared with what ``loaded`` gives."""
        return ProbationRun(self, loaded)


def run_subgraph(
    session: SharedSession, stretch: FileSubgraph, values: Handles
) -> Handles | Failure:
    """Run a session of a stretch on what passes its begin; returns what passes its end."""
    feeds = {name: values[live] for name, live in stretch.inputs.items()}
    made = run_handles(session.session, feeds, list(stretch.outputs))
    if isinstance(made, Failure):
        return made
    return {live: made[name] for name, live in stretch.outputs.items()}


@dataclass(frozen=True, slots=True)
class ProbationRun:
    """A subgraph on probation: what the stretch gives that was loaded anew is what counts."""

    subgraph: PrecompiledSubgraph
    loaded: Link

    def run(self, values: Handles) -> Handles | Failure:
        """As in `Link`."""
        expected, found = self.loaded.run(values), self.subgraph.run(values)
        if isinstance(expected, Failure):
            return expected
        same = not isinstance(found, Failure) and all(
            np.array_equal(_bytes(found[name].numpy()), _bytes(expected[name].numpy()))
            for name in expected
        )
        self.subgraph.runs_left = max(0, self.subgraph.runs_left - 1)
        self.subgraph.wrong |= not same
        return expected


def _bytes(values: Values) -> Values:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


class PrecompiledSubgraphs:
    """The forms of one stretch."""

    def __init__(
        self,
        stretch: FileSubgraph,
        nodes: Sequence[onnx.NodeProto],
        writer: SubgraphWriter,
        contents: OverridableInitializers,
        fixed: FileWeights,
    ) -> None:
        """Nothing is opened yet.

        Args:
            stretch: the stretch.
            nodes: its nodes.
            writer: who wrote it.
            contents: of tensors that no live session reads.
            fixed: the others.
        """
        self._stretch, self._writer, self._contents, self._fixed = stretch, writer, contents, fixed
        self._scales = fusion_conditions(nodes)
        self._by_case: dict[FusionCase, PrecompiledSubgraph | None] = {}
        self._own = {n: contents.golden[n] for n in stretch.stored if n in contents.golden}
        self._ort_values = {n: fixed.views[n] for n in stretch.stored if n in fixed.views}
        known = self._own.keys() | self._ort_values.keys()
        deciding = {n for scale in self._scales or () for n in scale.names}
        if not (known.issuperset(stretch.stored) and self._own.keys() >= deciding):
            self._scales = None

    @property
    def exist(self) -> bool:
        """Whether there can be a form at all."""
        return self._scales is not None

    def now(self) -> PrecompiledSubgraph | None:
        """The form for the present contents; None: load the stretch anew.

        Live weights must be golden: a form may be opened.
        """
        if self._scales is None:
            return None
        found = [scale.holds(self._contents.live) for scale in self._scales]
        form = tuple(bool(right) for right in found)
        if None in found or (form not in self._by_case and len(self._by_case) >= MOST_CASES):
            return None
        if form not in self._by_case:
            self._by_case[form] = self._opened(form)
        subgraph = self._by_case[form]
        return None if subgraph is None or subgraph.wrong else subgraph

    def _opened(self, form: FusionCase) -> PrecompiledSubgraph | None:
        """The stretch in ``form``; None if contents change more than they should."""
        assert self._scales is not None
        first: OptimizedModel | None = None
        for number in range(CONTENTS_TRIED):
            values = contents_of_case(form, self._scales, self._own, number)
            if [scale.holds(values) for scale in self._scales] != list(form):
                continue
            try:
                made = self._optimized(values)
            except Exception:  # ONNX Runtime's exceptions share no narrower base class
                return None
            first = first or made
            if made.structure != first.structure or made.hidden != first.hidden:
                return None
            if not self._is_direct(made, values, first):
                return None
        return PrecompiledSubgraph(self._session(first), self._stretch) if first else None

    def _is_direct(
        self, made: OptimizedModel, values: Mapping[str, Values], first: OptimizedModel
    ) -> bool:
        """Whether the initializers are the file's tensors, and the others never change."""
        expected = {**first.slots, **self._ort_values, **values}
        present = made.slots.keys() >= self._ort_values.keys()
        return present and all(same_values(s, expected[n]) for n, s in made.slots.items())

    def _optimized(self, values: Mapping[str, Values]) -> OptimizedModel:
        raw = {name: content.tobytes() for name, content in values.items()}
        stored = (self._writer.initializer(name, raw.get(name)) for name in self._stretch.stored)
        return optimize(b"".join([self._stretch.head, *stored]))

    def _session(self, optimized: OptimizedModel) -> SharedSession:
        own = {n: self._contents.live[n] for n in self._own if n in optimized.slots}
        ort_values = {
            **as_ort_values(own),
            **{n: self._fixed.ort_values[n] for n in self._ort_values},
        }
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
