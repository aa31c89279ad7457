"""Faults in tensors that the optimized graph holds in another form than the file: by value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.bits import Values
from analyzer.faults import FaultModel
from analyzer.runtime.arena import Arena
from analyzer.runtime.layout import Place
from analyzer.space import ElementMasks, Indices, TensorSite


@dataclass(frozen=True, slots=True)
class Write:
    """A mutation of one buffer: which flat positions get which values."""

    slot: str
    positions: npt.NDArray[Any]
    values: Values


def writes_of(
    golden: Values,
    site: TensorSite,
    hit: ElementMasks,
    fault: FaultModel,
    places: Sequence[Place],
) -> Iterator[Write]:
    """What a fault in one tensor changes.

    Args:
        golden: its values.
        site: the tensor.
        hit: its elements, and which of their bits.
        fault: what happens to these.
        places: where its elements stand.
    """
    codes = site.codec.encode(flat(golden)[hit.elements])
    values = site.codec.decode(fault.apply(codes, hit.codes(codes.dtype)))
    for place in places:
        positions, present = _positions(place, hit.elements)
        moved = place.conversion(values if present is None else values[present])
        yield Write(place.slot, positions, moved)


def touched_bytes(addresses: Indices, writes: Sequence[Write], arena: Arena) -> Indices:
    """The bytes of the arena at ``addresses``, and those that ``writes`` change."""
    parts = [addresses]
    for write in writes:
        size = arena.views[write.slot].itemsize
        first = arena.starts[write.slot] + write.positions.astype(np.int64) * size
        parts.append((first[:, None] + np.arange(size)).reshape(-1))
    return np.concatenate(parts) if writes else addresses


def _positions(
    place: Place, elements: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Flat positions of ``elements``, and which of them are present (None: all)."""
    if place.positions is None:
        return elements, None
    positions = place.positions[elements]
    present = positions >= 0
    if present.all():
        return positions, None
    return positions[present], present


def flat(values: Values) -> Values:
    """``values`` as one row; the same memory."""
    return values.reshape(-1)
