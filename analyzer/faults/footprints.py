"""Footprints: which bits of a tensor one upset hits, given the site where it begins.

A footprint is stated twice. `Footprint.positions` is the definition: one upset, plain integers; the
oracle and the strata use it. `Footprint.spread` gives the same bits for all upsets of a pattern at
once; live weights use it. Tests hold the two together for every footprint.

Loads no numpy: help texts are made from the table of fault kinds, which names footprints.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Indices = npt.NDArray[np.int64]

ENDLESS = 2**40
"""Bits of a tensor that no upset reaches the end of."""


class Footprint(Protocol):
    """The bits that one upset hits, given its site; never a bit of another tensor."""

    @property
    def room(self) -> int:
        """Fewest bits of a tensor in which an upset is whole somewhere, at least 1."""

    @property
    def alone(self) -> bool:
        """True if every upset hits the bit of its site and no other."""

    def positions(self, first: int, width: int, bits: int) -> Iterable[int]:
        """The bits that one upset hits, each once: the definition.

        Args:
            first: bit of the site, counted within its tensor, in 0 .. ``bits - 1``.
            width: bits of one element of the tensor.
            bits: bits of the whole tensor.
        """

    def spread(
        self, first: "Indices", widths: "Indices", bits: "Indices"
    ) -> tuple["Indices", "Indices"]:
        """The bits that each of several upsets hits.

        Args:
            first: int64 (n,), the bit of each site, counted within its tensor.
            widths: int64 (n,), bits of one element of that tensor.
            bits: int64 (n,), bits of that whole tensor.

        Returns:
            int64 (m,) upsets in 0 .. n-1, ascending, and int64 (m,) the bits that these hit.
        """


@dataclass(frozen=True, slots=True)
class AdjacentBits:
    """``length`` neighbouring bits from the site upwards, elements one behind the other.

    What lies beyond the end of the tensor is not hit.

    >>> list(AdjacentBits(3).positions(30, 32, 64)), list(AdjacentBits(3).positions(62, 32, 64))
    ([30, 31, 32], [62, 63])
    """

    length: int

    @property
    def room(self) -> int:
        """Bits of an upset that is not cut short."""
        return self.length

    @property
    def alone(self) -> bool:
        """True for one bit."""
        return self.length == 1

    def positions(self, first: int, width: int, bits: int) -> range:
        """``length`` bits from ``first`` on, or as many as there are; see `Footprint.positions`.

        Args:
            first: bit of the site within its tensor.
            width: bits of one element; of no influence.
            bits: bits of the whole tensor.
        """
        return range(first, min(first + self.length, bits))

    def spread(
        self, first: "Indices", widths: "Indices", bits: "Indices"
    ) -> tuple["Indices", "Indices"]:
        """The same for several upsets; see `Footprint.spread`.

        Args:
            first: int64 (n,), the bit of each site within its tensor.
            widths: int64 (n,), bits of one element; of no influence.
            bits: int64 (n,), bits of each whole tensor.
        """
        import numpy as np

        reached = first[:, None] + np.arange(self.length)
        inside = reached < bits[:, None]
        return np.nonzero(inside)[0], reached[inside]


def element_masks(footprint: Footprint, bit: int, width: int, bits: int = ENDLESS) -> list[int]:
    """The bits that an upset hits, element by element.

    Args:
        footprint: of the upset.
        bit: position of the site in the first element of a tensor, in 0 .. ``width - 1``.
        width: bits of one element.
        bits: bits of the tensor.

    Returns:
        For the first element and those behind, as far as one is hit, the mask of the bits hit.

    >>> [f"{mask:08b}" for mask in element_masks(AdjacentBits(4), 6, 8)]
    ['11000000', '00000011']
    """
    masks: dict[int, int] = {}
    for position in footprint.positions(bit, width, bits):
        element, place = divmod(position, width)
        masks[element] = masks.get(element, 0) | 1 << place
    return [masks.get(element, 0) for element in range(max(masks) + 1)]
