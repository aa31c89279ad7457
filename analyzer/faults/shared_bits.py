"""Tensors on the same bytes: in which of them a bit is told, and which others hold it."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from analyzer.faults.space import Alias, ElementMasks, FaultSpace

ALL = np.uint64(2**64 - 1)
"""A mask of every bit."""


class SharedBits:
    """The tensors of a space that share bytes, group by group."""

    def __init__(self, space: FaultSpace) -> None:
        """Sort the aliases by their owners.

        Args:
            space: the bits at risk.
        """
        self._space = space
        self._of_owner: dict[int, list[Alias]] = {}
        for alias in space.aliases:
            self._of_owner.setdefault(alias.owner, []).append(alias)

    def told(self, hit: ElementMasks) -> npt.NDArray[np.uint64]:
        """The bits that are told of a tensor, and not of one before it.

        Bits are told of the tensor that they are counted in. Where only the bytes as such hold all
        of them, they are told of the first of the parts.

        Args:
            hit: the hits of a pattern in the tensor.

        Returns:
            uint64 (m,), masks of the elements; 0 where no bit is told of it.
        """
        own = hit.tensor - len(self._space.tensors)
        if own < 0:
            return hit.masks
        alias = self._space.aliases[own]
        parts = {part.name for part in self._space.tensors[alias.owner].parts}
        if alias.site.name not in parts:
            return np.zeros_like(hit.masks)
        masks, width = hit.masks, alias.site.codec.bits
        for before in self._of_owner[alias.owner]:
            if before is alias:
                break
            if before.site.name in parts:
                first = before.shift - alias.shift - hit.elements * width
                masks = masks & ~_between(first, first + before.site.bits, width)
        return masks

    def others(self, tensor: int, element: int, bits: Sequence[int]) -> tuple[str, ...]:
        """Names of the other tensors that hold some bits of an element.

        Args:
            tensor: index among `FaultSpace.every`.
            element: flat index.
            bits: positions in the element.
        """
        space = self._space
        owner, own = space.counted_in(tensor), tensor - len(space.tensors)
        if owner not in self._of_owner:
            return ()
        shift = space.aliases[own].shift if own >= 0 else 0
        first = shift + element * space.every[tensor].codec.bits
        name = space.every[tensor].name
        return tuple(
            other
            for other, start, stop in self._holders(owner)
            if other != name and any(start <= first + bit < stop for bit in bits)
        )

    def _holders(self, owner: int) -> Iterator[tuple[str, int, int]]:
        """Each tensor of a group, with its bits among those of the owner."""
        site = self._space.tensors[owner]
        if not site.parts:
            yield site.name, 0, site.bits
        for alias in self._of_owner[owner]:
            yield alias.site.name, alias.shift, alias.shift + alias.site.bits


def _between(
    first: npt.NDArray[np.int64], stop: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.uint64]:
    """Masks of the bits from one position up to another, as far as an element has them.

    Args:
        first: int64 (m,), of any size.
        stop: int64 (m,), behind the last.
        width: bits of an element, 1 to 64.

    Returns:
        uint64 (m,).

    >>> [bin(mask) for mask in _between(np.array([-3, 2, 9]), np.array([2, 12, 12]), 8).tolist()]
    ['0b11', '0b11111100', '0b0']
    """
    low, high = (_below(np.clip(end, 0, width)) for end in (first, stop))
    found: npt.NDArray[np.uint64] = high & ~low
    return found


def _below(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Masks of so many of the lowest bits, 0 to 64 of them."""
    shifts = np.minimum(64 - counts, 63).astype(np.uint64)
    return np.where(counts > 0, ALL >> shifts, np.uint64(0))
