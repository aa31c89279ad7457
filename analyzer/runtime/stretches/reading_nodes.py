"""The nodes of the optimized graph that read each tensor at risk."""

from dataclasses import dataclass

import numpy as np
import onnx

from analyzer.faults.space import FaultSpace, Indices
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.stretches.cuts import initializer_reads


@dataclass(frozen=True, slots=True)
class Reads:
    """The nodes that read each tensor at risk.

    Attributes:
        first: int64 (tensors,), the first one; the number of nodes if none does. By the indices of
            `FaultSpace.every`.
        last: int64 (tensors,), the last one; -1 if none does.
    """

    first: Indices
    last: Indices

    def in_place(self, space: FaultSpace) -> "ReadingNodes":
        """The tensors that some node reads, and their bits at risk."""
        direct = np.flatnonzero(self.last >= 0)
        bits = np.array([t.bits for t in space.every], np.int64)
        return ReadingNodes(self.first[direct], self.last[direct], bits[direct])


@dataclass(frozen=True, slots=True)
class ReadingNodes:
    """The tensors that are faulted in place.

    Attributes:
        first: int64 (tensors,), the first node that reads each.
        last: int64 (tensors,), the last one.
        bits: int64 (tensors,), its bits at risk.
    """

    first: Indices
    last: Indices
    bits: Indices


def find_reads(graph: onnx.GraphProto, space: FaultSpace, layout: Layout) -> Reads:
    """The first and the last node that reads each tensor of ``space``.

    Args:
        graph: the optimized graph.
        space: the bits at risk.
        layout: where each tensor stands in the graph.
    """
    reads = initializer_reads(graph)
    first = np.full(len(space.every), len(graph.node), np.int64)
    last = np.full(len(space.every), -1, np.int64)
    for i, tensor in enumerate(space.every):
        spans = [reads[slot] for slot in layout.slots_of(tensor.name) if slot in reads]
        if spans:
            first[i], last[i] = min(a for a, _ in spans), max(b for _, b in spans)
    return Reads(first, last)
