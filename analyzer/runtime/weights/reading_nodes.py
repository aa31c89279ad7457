"""Which nodes of the optimized graph read each tensor at risk."""

from dataclasses import dataclass

import numpy as np
import onnx

from analyzer.faults.space import FaultSpace, Indices
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.stretches.cuts import initializer_reads


@dataclass(frozen=True, slots=True)
class Readers:
    """By tensor that is faulted in place: the first and the last node that reads it, its bits.

    Attributes:
        first: int64 (tensors,).
        last: int64 (tensors,).
        bits: int64 (tensors,).
    """

    first: Indices
    last: Indices
    bits: Indices


def find_readers(
    graph: onnx.GraphProto, space: FaultSpace, layout: Layout
) -> tuple[Indices, Indices]:
    """The first and the last node that reads each tensor of ``space`` in the optimized graph.

    Returns:
        int64 (tensors,) twice; for a tensor that no node reads: after the last node, and -1.
    """
    reads = initializer_reads(graph)
    first = np.full(len(space.tensors), len(graph.node), np.int64)
    last = np.full(len(space.tensors), -1, np.int64)
    for i, tensor in enumerate(space.tensors):
        slots = {place.slot for place in layout.places.get(tensor.name, ())}
        spans = [reads[slot] for slot in slots if slot in reads]
        if spans:
            first[i], last[i] = min(a for a, _ in spans), max(b for _, b in spans)
    return first, last
