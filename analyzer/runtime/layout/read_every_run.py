"""A test of kernels: do they read a constant at every run, or only when the session is created?

Some kernels copy constants (lookup tables, packed weights). Each set of operators and input
positions is tried out: the buffer is changed under a live session, and the answer must equal that
of a new session, created with the changed contents.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx

from analyzer.answers import Answer, Feeds, Result
from analyzer.faults.elements import Values
from analyzer.graph.index import readers_of
from analyzer.runtime.ort.optimized_graph import OptimizedModel
from analyzer.runtime.ort.shared_initializers import is_bindable


class Runnable(Protocol):
    """A session, or something that stands for one."""

    def run(self, feeds: Feeds) -> Result:
        """Run once."""


SessionOpener = Callable[[OptimizedModel, dict[str, Values]], Runnable]
"""Opens a session of an optimized model that reads given buffers at every run."""

Reader = tuple[str, str, int]
"""Operator, its domain, and the input position at which it reads."""

TENSORS_TRIED = 3
"""Tensors with the same readers tried before the question counts as undecided."""


def unread_slots(
    optimized: OptimizedModel, slots: Iterable[str], sample: Feeds, open_live: SessionOpener
) -> dict[str, str]:
    """Find the slots that cannot be mutated in place, and the reason for each.

    Args:
        optimized: the optimized golden model.
        slots: initializers that are to be mutated.
        sample: one batch of inputs.
        open_live: opens a session that reads given buffers.
    """
    bindable, unread = _bindable(optimized, sorted(slots))
    groups = _by_readers(optimized, bindable, unread)
    tried = [name for names in groups.values() for name in names[:TENSORS_TRIED]]
    buffers = {name: optimized.slots[name] for name in bindable}
    # Copies of those that are changed: golden contents may be a mapped file, which is read-only.
    buffers |= {name: buffers[name].copy() for name in tried}
    session = open_live(optimized, buffers)
    golden = session.run(sample)
    for (kernels, _), names in groups.items():
        trial = _Trial(optimized, session, golden, buffers, sample, open_live)
        verdict = trial.is_read(names[:TENSORS_TRIED])
        if verdict is not True:
            why = "does not read" if verdict is False else "may not read"
            shown = " or ".join(f"{name} (input {at})" for name, _, at in sorted(kernels))
            unread |= dict.fromkeys(names, f"{shown} {why} it anew at each run")
    return unread


def _by_readers(
    optimized: OptimizedModel, slots: list[str], unread: dict[str, str]
) -> dict[tuple[frozenset[Reader], str], list[str]]:
    """Group slots by the kernels that read them, and by dtype: a group shares one verdict.

    The whole set of readers counts: a tensor that is read both by a convolution and by a lookup
    table says nothing about those that only convolutions read. Slots that a sub-graph reads, or
    that are outputs, are in no group and go to ``unread``.
    """
    readers = _readers(optimized.proto.graph)
    nested = readers_of(optimized.proto.graph)
    groups: dict[tuple[frozenset[Reader], str], list[str]] = {}
    for name in slots:
        # ``nested`` counts readers in sub-graphs as well; a slot that no node reads is an output.
        if len(readers.get(name, ())) < len(nested.get(name, ("an output",))):
            unread[name] = "a sub-graph reads it, or it is an output itself"
        else:
            key = (frozenset(readers[name]), optimized.slots[name].dtype.name)
            groups.setdefault(key, []).append(name)
    return groups


def _readers(graph: onnx.GraphProto) -> dict[str, list[Reader]]:
    """The readers of each value outside of sub-graphs, by name."""
    found: dict[str, list[Reader]] = {}
    for node in graph.node:
        for position, name in enumerate(node.input):
            found.setdefault(name, []).append((node.op_type, node.domain, position))
    return found


def _bindable(optimized: OptimizedModel, slots: list[str]) -> tuple[list[str], dict[str, str]]:
    """Slots that ONNX Runtime takes from a numpy buffer; the others, each with the reason."""
    bindable, refused = [], {}
    for name in slots:
        if is_bindable(optimized.slots[name]):
            bindable.append(name)
        else:
            dtype = optimized.slots[name].dtype.name
            refused[name] = f"ONNX Runtime takes no {dtype} buffer from outside"
    return bindable, refused


@dataclass(frozen=True, slots=True)
class _Trial:
    """A live session whose buffers are changed, beside sessions created from changed contents."""

    optimized: OptimizedModel
    session: Runnable
    golden: Result
    buffers: dict[str, Values]
    sample: Feeds
    open_live: SessionOpener

    def is_read(self, names: list[str]) -> bool | None:
        """Try slots of one group: True: read at each run; False: not; None: no change shows."""
        for name in names:
            for changed in _changes(self.optimized.slots[name]):
                found, expected = self._both(name, changed)
                # One difference settles it; equality only if the change shows in the answer.
                if not found.same_as(expected):
                    return False
                if isinstance(found, Answer) and not found.same_as(self.golden):
                    return True
        return None

    def _both(self, name: str, changed: Values) -> tuple[Result, Result]:
        """Answers of the live session and of a new one under a change of one slot."""
        # The new session is opened in a thread of its own: opening takes as long as the live run.
        with ThreadPoolExecutor(1) as beside:
            expected = beside.submit(self._anew, {**self.buffers, name: changed})
            self.buffers[name][...] = changed
            try:
                found = self.session.run(self.sample)
            finally:
                self.buffers[name][...] = self.optimized.slots[name]
            return found, expected.result()

    def _anew(self, buffers: dict[str, Values]) -> Result:
        return self.open_live(self.optimized, buffers).run(self.sample)


def _changes(values: Values) -> Iterator[Values]:
    """Contents that differ from ``values`` in every element, mild ones first."""
    if values.dtype.kind in "iu":
        unsigned = np.dtype(f"uint{8 * values.dtype.itemsize}")
        top = 8 * (unsigned.itemsize - 1)
        masks = (0x15, 0x2A << top, 0xEA << top)
        flipped = (np.asarray(values.view(unsigned) ^ unsigned.type(m)) for m in masks)
        yield from (f.view(values.dtype) for f in flipped)
        return
    for factor, shift in ((1.5, 0), (-1, 3)):
        with np.errstate(over="ignore", invalid="ignore"):  # infinity and NaN are contents, too
            changed = np.asarray(values * factor + shift, values.dtype)
        yield changed
