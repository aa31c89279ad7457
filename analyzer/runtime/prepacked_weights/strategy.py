"""A graph in pieces that run on packed weights where these follow the pattern in force."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analyzer.answers import Failure
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import Handles
from analyzer.runtime.prepacked_weights.copies import PackedWeights
from analyzer.runtime.prepacked_weights.sessions import MemorySearch, PackingCandidate, open_packed
from analyzer.runtime.prepacked_weights.symmetric_conv import find_symmetric_convs
from analyzer.runtime.stretches.cuts import Cut, Floats, part_between
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.plain import returned_between
from analyzer.runtime.stretches.profile import Profile
from analyzer.runtime.stretches.sessions import (
    Chain,
    Link,
    SessionPart,
    element_types,
    session_part,
)
from analyzer.runtime.stretches.strategy import LiveModel, Offer, Use
from analyzer.runtime.weights.followers import Follower


@dataclass(frozen=True, slots=True)
class PackedPiece:
    """A stretch of the graph on packed weights, and on plain ones.

    Attributes:
        number: Which part it is to ``weights``.
        plain: Reads the live weights.
        packed: Reads packed copies of them; None: there is no such session.
        weights: These copies.
    """

    number: int
    plain: SessionPart
    packed: SessionPart | None
    weights: PackedWeights

    def run(self, values: Handles) -> Handles | Failure:
        """Run with the present weights."""
        if self.packed is None or self.number in self.weights.lost:
            return self.plain.run_handles(values)
        return self.packed.run_handles(values)


class PrepackedStretches:
    """One graph in pieces on prepacked weights, one between each two kept cuts."""

    whole = True

    def __init__(
        self,
        model: LiveModel,
        stations: Sequence[Cut],
        sample: Arrays,
        search: MemorySearch | None = None,
    ) -> None:
        """Open all pieces.

        Args:
            model: the optimized graph and its live weights, golden at present.
            stations: the cuts between pieces, the trivial one first.
            sample: one batch, on which prepacked and plain weights must give the same.
            search: how copies are found, and tried out; None: in this process's memory.

        Raises:
            ValueError: the model fails on the sample.
        """
        self._stations = [*stations, model.end]
        plain, parts = [], []
        values = dict(sample)
        for cut, end in pairwise(self._stations):
            types = element_types(values, list(cut.values))
            outputs = returned_between(model, cut, end)
            stretch = part_between(model.stripped, cut, end.position, outputs, types)
            part = session_part(stretch, model.ort_values)
            made = part.run(values)
            if isinstance(made, Failure):
                raise ValueError("the model fails on the sample")
            feeds = {name: values[name] for name in part.inputs}
            plain.append(part)
            parts.append(PackingCandidate(stretch, part.session, feeds))
            values |= made
        sessions, self.weights = open_packed(
            parts, model.ort_values, model.weight_memory, model.stored, search
        )
        self.pieces = [
            PackedPiece(i, p, SessionPart(s, p.inputs, p.outputs) if s else None, self.weights)
            for i, (p, s) in enumerate(zip(plain, sessions, strict=True))
        ]

    def between(self, begin: Cut, end: Cut, golden: Arrays, outputs: tuple[str, ...]) -> Chain:
        """As in `Stretches`; both cuts are stations."""
        places = [cut.position for cut in self._stations]
        first, last = places.index(begin.position), places.index(end.position)
        return Chain(tuple(self.pieces[first:last]), begin.values, outputs)

    def links(self) -> Mapping[int, tuple[int, Link]]:
        """Every piece."""
        ends = pairwise(cut.position for cut in self._stations)
        return {begin: (end, p) for (begin, end), p in zip(ends, self.pieces, strict=True)}

    @property
    def followers(self) -> Sequence[Follower]:
        """The packed copies."""
        return (self.weights,)

    @property
    def description(self) -> str:
        """As in `Stretches`."""
        packed = sum(piece.packed is not None for piece in self.pieces)
        copies = len(self.weights.names())
        return f"{packed} of {len(self.pieces)} stretches read {copies} packed copies of weights"


class PrepackedWeights:
    """The strategy: sessions whose weights ONNX Runtime packed, and copies that are kept equal."""

    name = "prepacked_weights"

    def __init__(self, search: MemorySearch | None = None) -> None:
        """Remember how copies are found; None: in this process's memory."""
        self._search = search

    def offer(
        self, model: LiveModel, profile: Callable[[], Profile], use: Use
    ) -> Offer | NotApplied:
        """As in `Strategy`."""
        if not find_symmetric_convs(model.stripped.graph, model.stored):
            return NotApplied("the graph has no integer convolution whose packing is known")

        def opened(cuts: Sequence[Cut], sample: Arrays) -> PrepackedStretches | NotApplied:
            found = PrepackedStretches(model, cuts, sample, self._search)
            if any(piece.packed for piece in found.pieces):
                return found
            return NotApplied("no packed copy was found in this process's memory")

        seconds = packed_seconds(model, profile())
        return Offer(seconds, opened, per_cut=PACKED_PIECE_SECONDS, overhead=FOLLOW_SECONDS)


GAIN = 0.4
"""Share of a quantized convolution's time that packing saves (measured: 0.4 to 0.7)."""

PACKED_PIECE_SECONDS = 60e-6
"""What one more piece costs outside of its nodes (measured: 40 to 110 microseconds)."""

FOLLOW_SECONDS = 50e-6
"""What writing the packed weights as well takes, and undoing it, for few faults."""


def packed_seconds(model: LiveModel, profile: Profile) -> Floats:
    """Seconds of each node on packed weights, float64 (nodes,).

    Args:
        model: the optimized graph.
        profile: of its nodes, on plain weights.
    """
    graph = model.stripped.graph
    packed = {conv.weights for conv in find_symmetric_convs(graph, model.stored)}
    share = [1.0 if packed.isdisjoint(node.input) else 1 - GAIN for node in graph.node]
    return np.asarray(profile.seconds * np.array(share))
