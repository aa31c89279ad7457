"""One block of memory that holds every live weight, and the address of every bit in it.

All buffers that ONNX Runtime reads are views of one byte array, so that a whole pattern - many
bits in many tensors - is one vectorized write.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import NotRestored
from analyzer.faults.elements import Values
from analyzer.faults.kinds import FaultKind
from analyzer.faults.operations import BITWISE
from analyzer.faults.space import Indices
from analyzer.memory.array_file import ALIGNMENT, ArrayFile, Bytes, Span, first_difference, spans_of


@dataclass(frozen=True)
class WeightMemory:
    """The live weights and their golden copy.

    Attributes:
        live: uint8 (n,), what ONNX Runtime reads.
        golden: uint8 (n,), what it must be between trials.
        starts: First byte of each slot.
        views: Each slot of ``live`` in its own dtype and shape.
    """

    live: Bytes
    golden: Bytes
    starts: dict[str, int]
    views: dict[str, Values]

    def check(self) -> None:
        """Compare every live byte with golden.

        Raises:
            NotRestored: one differs.
        """
        first = first_difference(self.live, self.golden)
        if first is not None:
            slot = max((s for s in self.starts if self.starts[s] <= first), key=self.starts.get)  # type: ignore[arg-type]  # every key is in the dict
            raise NotRestored(f"live weights in {slot!r} differ from golden")


def build_weight_memory(slots: dict[str, Values]) -> WeightMemory:
    """Copy ``slots`` into one aligned block."""
    spans, size = spans_of(slots)
    block = np.zeros(size + ALIGNMENT, np.uint8)
    shift = -block.ctypes.data % ALIGNMENT
    live = block[shift : shift + size]
    for name, values in slots.items():
        spans[name].of(live)[...] = values
    return _weight_memory(live, live.copy(), spans)


def map_weight_memory(file: ArrayFile) -> WeightMemory:
    """The slots in ``file``; what is written to them stays in this process."""
    return _weight_memory(file.private(), file.block, file.spans)


def _weight_memory(live: Bytes, golden: Bytes, spans: dict[str, Span]) -> WeightMemory:
    starts = {name: span.start for name, span in spans.items()}
    return WeightMemory(live, golden, starts, {name: span.of(live) for name, span in spans.items()})


def write_upsets(live: Bytes, kind: FaultKind, addresses: Indices, masks: Bytes) -> None:
    """Apply upsets, each to bits of one byte.

    Args:
        live: uint8 (bytes,), changed in place.
        kind: what happens to each bit that is hit.
        addresses: int64 (n,), which bytes; one may occur several times.
        masks: uint8 (n,), the bits hit in each.
    """
    BITWISE[kind.becomes].apply_at(live, addresses, masks)


def restore(weight_memory: WeightMemory, addresses: npt.NDArray[Any]) -> None:
    """Put golden bytes back.

    Args:
        weight_memory: the live weights.
        addresses: int64 (n,), the bytes that were written.

    Raises:
        NotRestored: they did not arrive.
    """
    clean = weight_memory.golden[addresses]
    weight_memory.live[addresses] = clean
    if not np.array_equal(weight_memory.live[addresses], clean):
        raise NotRestored("live weights differ from golden after a trial")
