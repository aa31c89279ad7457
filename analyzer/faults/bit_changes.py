"""The stored bits that a pattern changes, with the values before and after.

A pattern may change a million elements: they are kept in arrays, and only those that somebody asks
for become records.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern
from analyzer.faults.shared_bits import SharedBits
from analyzer.faults.space import ElementMasks, FaultSpace, Indices, Target


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One stored element under a pattern.

    Attributes:
        tensor: Name of the tensor.
        element: Flat index, in C order.
        bits: Positions whose value differs, ascending from 0, the least significant.
        before: Its golden value, in the tensor's dtype; None: nothing is known of it.
        after: Its value under the pattern; None likewise.
        also: Names of the other tensors that hold some of these bits, as they share bytes.
    """

    tensor: str
    element: int
    bits: tuple[int, ...]
    before: Values | None
    after: Values | None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TensorChanges:
    """The elements of one tensor that a pattern changes.

    Attributes:
        tensor: Index of the tensor among `FaultSpace.every`.
        elements: int64 (m,), flat indices, ascending and distinct.
        masks: uint64 (m,), the bits whose value differs; never 0.
        before: (m,), golden values in the tensor's dtype; None: nothing is known of them.
        after: (m,), values under the pattern; None likewise.
    """

    tensor: int
    elements: Indices
    masks: npt.NDArray[np.uint64]
    before: Values | None
    after: Values | None

    @property
    def moves(self) -> npt.NDArray[np.float64]:
        """The distance between the values: infinite for what is no number, 0 where unknown.

        Returns:
            float64 (m,).
        """
        if self.before is None or self.after is None:
            return np.zeros(len(self.elements))
        with np.errstate(over="ignore", invalid="ignore"):
            distances = np.abs(self.after.astype(np.float64) - self.before.astype(np.float64))
        return np.where(np.isnan(distances), np.inf, distances)


@dataclass(frozen=True, slots=True)
class PatternChanges:
    """All elements that a pattern changes, in the order of the memory; its length is their number.

    Attributes:
        space: The bits at risk.
        tensors: Changes tensor by tensor.
    """

    space: FaultSpace
    tensors: Sequence[TensorChanges]

    def __len__(self) -> int:
        """Number of elements."""
        return sum(len(part.elements) for part in self.tensors)

    def farthest(self, most: int) -> list[ElementChange]:
        """The changes that move values farthest, the farthest first; of equals the first.

        Args:
            most: how many.
        """
        if not self.tensors:
            return []
        moves = np.concatenate([part.moves for part in self.tensors])
        ends = np.cumsum([len(part.elements) for part in self.tensors])
        shared = SharedBits(self.space)
        found = []
        for place in _largest(moves, most).tolist():
            number = int(ends.searchsorted(place, side="right"))
            part = self.tensors[number]
            found.append(self._change(part, place - int(ends[number]) + len(part.elements), shared))
        return found

    def sites(self) -> Iterator[tuple[str, int, int]]:
        """Tensor, flat index of the element and bit of every bit that differs."""
        for part in self.tensors:
            name = self.space.every[part.tensor].name
            rows, bits = _ones(part.masks)
            for element, bit in zip(part.elements[rows].tolist(), bits.tolist(), strict=True):
                yield name, element, bit

    def _change(self, part: TensorChanges, row: int, shared: SharedBits) -> ElementChange:
        element, mask = int(part.elements[row]), part.masks[row : row + 1]
        bits = tuple(_ones(mask)[1].tolist())
        return ElementChange(
            tensor=self.space.every[part.tensor].name,
            element=element,
            bits=bits,
            before=None if part.before is None else part.before[row],
            after=None if part.after is None else part.after[row],
            also=shared.others(part.tensor, element, bits),
        )


Lookup = Callable[[str], Values]
"""Golden values of a stored tensor, by its name."""


def element_changes(space: FaultSpace, pattern: FaultPattern, values: Lookup) -> PatternChanges:
    """The elements that a pattern changes.

    An upset that leaves a bit as it is, such as a cell stuck at what it held, changes nothing. Of
    tensors that share bytes, each bit is told once: of the tensor that it is counted in or, where
    none holds all of the bytes, of the first that holds the bit.

    Args:
        space: the bits at risk.
        pattern: the upsets.
        values: golden values of stored tensors.
    """
    shared = SharedBits(space)
    found = (_of_tensor(space, hit, shared, pattern, values) for hit in space.masks(pattern))
    return PatternChanges(space, [part for part in found if part and len(part.elements)])


def _of_tensor(
    space: FaultSpace,
    hit: ElementMasks,
    shared: SharedBits,
    pattern: FaultPattern,
    values: Lookup,
) -> TensorChanges | None:
    site, masks = space.every[hit.tensor], shared.told(hit)
    if not masks.any():
        return None
    if site.target is not Target.STORED:  # check bits: their golden values are the scheme's
        return TensorChanges(hit.tensor, hit.elements, masks, None, None)
    golden = values(site.name).reshape(-1)[hit.elements]
    codes = site.codec.encode(golden)
    faulty = pattern.fault.apply(codes, hit.codes(codes.dtype))
    masks = masks & (codes ^ faulty)
    kept = masks != 0
    before, after = (site.codec.decode(c[kept]) for c in (codes, faulty))
    return TensorChanges(hit.tensor, hit.elements[kept], masks[kept], before, after)


def _largest(values: npt.NDArray[np.float64], most: int) -> Indices:
    """Places of the largest values, the largest first; of equals the first.

    >>> _largest(np.array([1.0, 3.0, 2.0, 3.0]), 3).tolist()
    [1, 3, 2]
    """
    least = np.partition(values, -most)[-most] if most < len(values) else -np.inf
    near = np.flatnonzero(values >= least)
    order = np.argsort(-values[near], kind="stable")[:most]
    found: Indices = near[order]
    return found


def _ones(masks: npt.NDArray[np.uint64]) -> tuple[Indices, Indices]:
    """Row and position of every one of some masks, ascending.

    >>> [column.tolist() for column in _ones(np.array([0b1010, 1 << 63], np.uint64))]
    [[0, 0, 1], [1, 3, 63]]
    """
    raw = masks.astype("<u8").view(np.uint8).reshape(-1, 8)
    rows, bits = np.nonzero(np.unpackbits(raw, axis=1, bitorder="little"))
    return rows, bits
