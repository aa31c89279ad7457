"""A graph in pieces that run on packed weights where these follow the pattern in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import onnx

from analyzer.answers import Failure
from analyzer.faults.elements import Values
from analyzer.runtime.ort.session import Handles
from analyzer.runtime.ort.shared_initializers import Borrowed
from analyzer.runtime.prepacked_weights.copies import PackedWeights
from analyzer.runtime.prepacked_weights.sessions import Part, open_packed
from analyzer.runtime.prepacked_weights.symmetric_conv import find_symmetric
from analyzer.runtime.stretches.cuts import Cut, Floats, made_between, part_between
from analyzer.runtime.stretches.golden_run import Arrays
from analyzer.runtime.stretches.profile import Profile
from analyzer.runtime.stretches.sessions import Chain, SessionPart, element_types, session_part
from analyzer.runtime.weights.memory import Arena


@dataclass(frozen=True, slots=True)
class Packable:
    """What packed sessions need to know of the weights.

    Attributes:
        arena: The live ones.
        stored: Golden values of all initializers of the optimized graph.
    """

    arena: Arena
    stored: Mapping[str, Values]


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


class PackedPieces:
    """One graph in pieces."""

    def __init__(
        self,
        shell: onnx.ModelProto,
        lent: Borrowed,
        packable: Packable,
        stations: Sequence[Cut],
        sample: Arrays,
    ) -> None:
        """Open all pieces.

        Args:
            shell: the optimized model, hollow.
            lent: its live weights, golden at present.
            packable: the same as arrays.
            stations: the cuts between pieces, the trivial one first.
            sample: one batch, on which packed and plain weights must give the same.

        Raises:
            ValueError: the model fails on the sample.
        """
        self._stations = [*stations, Cut(len(shell.graph.node), ())]
        self._outputs = [o.name for o in shell.graph.output]
        plain, parts = [], []
        values = dict(sample)
        for cut, end in pairwise(self._stations):
            model = self._stretch(shell, cut, end, values)
            part = session_part(model, lent)
            made = part.run(values)
            if isinstance(made, Failure):
                raise ValueError("the model fails on the sample")
            feeds = {name: values[name] for name in part.inputs}
            plain.append(part)
            parts.append(Part(model, part.session, feeds))
            values |= made
        sessions, self.weights = open_packed(parts, lent, packable.arena, packable.stored)
        self.pieces = [
            PackedPiece(i, p, SessionPart(s, p.inputs, p.outputs) if s else None, self.weights)
            for i, (p, s) in enumerate(zip(plain, sessions, strict=True))
        ]

    def _stretch(
        self, shell: onnx.ModelProto, cut: Cut, end: Cut, values: Arrays
    ) -> onnx.ModelProto:
        made = made_between(shell.graph, cut.position, end.position)
        outputs = tuple(dict.fromkeys(n for n in (*end.values, *self._outputs) if n in made))
        types = element_types(values, cut.values)
        return part_between(shell, cut, end.position, outputs, types)

    def between(
        self, begin: Cut, end: Cut | None, golden: Arrays, outputs: tuple[str, ...]
    ) -> Chain:
        """As `Speculation.between`; both cuts are stations."""
        places = [cut.position for cut in self._stations]
        first = places.index(begin.position)
        last = len(self.pieces) if end is None else places.index(end.position)
        return Chain(tuple(self.pieces[first:last]), begin.values, outputs)


def pack_pieces(
    shell: onnx.ModelProto,
    lent: Borrowed,
    packable: Packable,
    stations: Sequence[Cut],
    sample: Arrays,
) -> PackedPieces | None:
    """The graph in pieces; None if none of them can be packed. Args: those of `PackedPieces`."""
    found = PackedPieces(shell, lent, packable, stations, sample)
    return found if any(piece.packed for piece in found.pieces) else None


GAIN = 0.4
"""Share of a quantized convolution's time that packing saves (measured: 0.4 to 0.7)."""

PIECE_SECONDS = 60e-6
"""What one more piece costs outside of its nodes (measured: 40 to 110 microseconds)."""

FOLLOW_SECONDS = 50e-6
"""What writing the packed weights as well takes, and undoing it, for few faults."""


def packed_seconds(graph: onnx.GraphProto, packable: Packable, profile: Profile) -> Floats:
    """By node, float64 (nodes,): what it takes on packed weights."""
    packed = {conv.weights for conv in find_symmetric(graph, packable.stored)}
    share = [1.0 if packed.isdisjoint(node.input) else 1 - GAIN for node in graph.node]
    return np.asarray(profile.seconds * np.array(share))


def packing_pays(plain: float, packed: float) -> bool:
    """Whether runs on packed weights are faster, from the mean seconds of both plans."""
    return packed + FOLLOW_SECONDS < plain
