"""A model opened with live weights: optimized once, mutated where its sessions read weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import onnx

from analyzer.answers import Feeds, Result
from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace, Indices, Target
from analyzer.model import Model
from analyzer.runtime.layout.layout import Layout, find_layout
from analyzer.runtime.layout.read_every_run import Runnable
from analyzer.runtime.layout.reordered_sums import ReorderedSums
from analyzer.runtime.layout.restrict import reload_all, reload_also
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.golden_file import golden_file
from analyzer.runtime.ort.golden_model import golden_values, with_nested
from analyzer.runtime.ort.optimized_graph import OptimizedModel, optimize
from analyzer.runtime.ort.session import loading, run_session
from analyzer.runtime.ort.shared_initializers import SharedInitializers
from analyzer.runtime.weights.address_book import AddressBook, Reach
from analyzer.runtime.weights.change import Converter, WeightChange
from analyzer.runtime.weights.default_session import LiveArithmetic, joined
from analyzer.runtime.weights.memory import WeightMemory
from analyzer.runtime.weights.recomputed import FoldedWeights


@dataclass(frozen=True, slots=True)
class OpenedLayout:
    """A layout with its live weights in memory, and the session that reads them.

    Attributes:
        layout: Where each stored bit went.
        weight_memory: The live weights and their golden copy.
        stripped: The optimized model without the data of its live weights.
        ort_values: The same as ONNX Runtime's values; empty where they are inputs of sessions.
        session: Runnable the whole model.
        threaded: True if several threads may use the session at the same time.
    """

    layout: Layout
    weight_memory: WeightMemory
    stripped: onnx.ModelProto
    ort_values: SharedInitializers
    session: Runnable
    threaded: bool


class WeightBackend(Protocol):
    """The memory of live weights: the host's, or a device's."""

    device: Device

    def prove(self, layout: Layout, sample: Feeds, golden: Result) -> Layout:
        """``layout``, but tensors whose mutation a run would not see are reloaded.

        Args:
            layout: where each stored bit went.
            sample: one batch.
            golden: its answer by the loaded file.
        """

    def open(self, layout: Layout) -> OpenedLayout:
        """Put the live weights in memory, and open the session that reads them."""


@dataclass(frozen=True)
class OpenWeights:
    """The live weights of one model.

    Attributes:
        model: The model.
        space: Its bits at risk.
        opened: The layout with its live weights, and the session that reads them.
        book: The address of each bit in the live weights.
    """

    model: Model
    space: FaultSpace
    opened: OpenedLayout
    book: AddressBook

    @cached_property
    def golden(self) -> dict[str, Values]:
        """Golden values of the tensors at risk, by name."""
        return golden_values(self.model, self.space)

    @cached_property
    def folded(self) -> FoldedWeights:
        """The weights that ONNX Runtime folds, with the golden contents of their tensors."""
        folds = self.opened.layout.folds
        names = frozenset[str]().union(*(fold.tensors for fold in folds))
        fixed = self.model.values() if names - self.golden.keys() else {}
        contents = {**fixed, **self.golden}
        return FoldedWeights(folds, {name: contents[name] for name in names})

    @property
    def filed(self) -> bool:
        """True if the live weights are a mapping of a file that processes share."""
        return self.opened.layout.file is not None

    @property
    def stored(self) -> Mapping[str, Values]:
        """Golden values of the initializers of the optimized graph."""
        return self.opened.layout.optimized.slots

    def change(self, pattern: FaultPattern, tensors: Indices, bits: Indices) -> WeightChange:
        """``pattern`` as a change of live weights; the tensors that are reloaded are left out.

        Args:
            pattern: the upsets.
            tensors: int64 (n,), the tensor of each bit that is hit.
            bits: int64 (n,), the place of each bit in its tensor.
        """
        if self.book.worst is Reach.DIRECT:
            return WeightChange(pattern.fault.kind, *self.book.addresses(tensors, bits), [])
        reach = self.book.reach[tensors]
        direct = reach == Reach.DIRECT
        addresses, masks = self.book.addresses(tensors[direct], bits[direct])
        converted = []
        if np.any((reach == Reach.CONVERTED) | (reach == Reach.RECOMPUTED)):
            every = self.book.reach
            converter = Converter(self.space, self.golden, self.opened.layout.places)
            hits = converter.hits(pattern, (every == Reach.CONVERTED) | (every == Reach.RECOMPUTED))
            converted = [*converter.writes(hits), *self.folded.writes(hits)]
        return WeightChange(pattern.fault.kind, addresses, masks, converted)


def open_weights(
    model: Model,
    space: FaultSpace,
    sample: Feeds,
    backend: WeightBackend,
    layout: Layout | None = None,
    others: Sequence[Feeds] = (),
) -> OpenWeights:
    """Optimize the model, find the layout unless it is known, and open the live weights.

    Args:
        model: the model.
        space: its bits at risk.
        sample: one batch; used to check that ONNX Runtime reads every buffer at each run.
        backend: where the live weights are.
        layout: what another executor of this machine found out about this very model and space;
            None: find out.
        others: batches with other numbers of rows that will be run as well.

    Raises:
        UnsupportedModel: ONNX Runtime cannot load the model.
        UnsupportedTarget: the space has bits that are not stored in the model.
    """
    space.check_served({Target.STORED}, "live weights")
    if layout:
        opened = backend.open(layout)
    else:
        opened = _with_new_layout(model, space, [sample, *others], backend)
    return OpenWeights(
        model, space, opened, AddressBook(space, opened.layout, opened.weight_memory)
    )


def _with_new_layout(
    model: Model, space: FaultSpace, samples: Sequence[Feeds], backend: WeightBackend
) -> OpenedLayout:
    values = golden_values(model, space)
    optimized, golden = _load(model, values, samples, backend.device)
    at_risk = [t for t in model.inventory.at_risk if t.at is None]
    nested = [t for t in model.inventory.at_risk if t.at is not None and t.name in values]
    exposed = [replace(t, values=values[t.name]) for t in at_risk if t.name in values]
    others = [t for t in at_risk if t.name not in values]
    proto = with_nested(model, values)
    layout = find_layout(proto, exposed, optimized, others, backend.device)
    layout = reload_also(layout, {t.name: f"stored in {t.place}" for t in nested})
    layout = backend.prove(layout, samples[0], golden[0])
    opened = backend.open(layout)
    live = LiveArithmetic(
        opened.stripped, opened.ort_values, opened.weight_memory, opened.session.run
    )
    match live.difference(samples, joined(golden)):
        case None:
            return opened
        case ReorderedSums() as sums:
            return replace(opened, layout=replace(opened.layout, reordered=sums))
        case reason:
            return backend.open(reload_all(layout, reason))


def _load(
    model: Model, values: dict[str, Values], samples: Sequence[Feeds], device: Device
) -> tuple[OptimizedModel, list[Result]]:
    """The golden file as ONNX Runtime optimizes it, and its answers in a default session."""
    content = golden_file(model, values)
    answers: list[Result] = []
    with loading():
        golden = optimize(
            content,
            device,
            use=lambda s: answers.extend(run_session(s, sample) for sample in samples),
            pack=True,
        )
    return golden, answers
