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


@dataclass(frozen=True, slots=True)
class AlignedBits:
    """All bits of a block of ``length`` bits: blocks are counted from the begin of the tensor.

    The last block of a tensor may be shorter.

    >>> list(AlignedBits(4).positions(6, 8, 64)), list(AlignedBits(4).positions(9, 8, 10))
    ([4, 5, 6, 7], [8, 9])
    """

    length: int

    @property
    def room(self) -> int:
        """Any tensor is made of blocks."""
        return 1

    @property
    def alone(self) -> bool:
        """True for blocks of one bit."""
        return self.length == 1

    def positions(self, first: int, width: int, bits: int) -> range:
        """The block that the site is in; see `Footprint.positions`.

        Args:
            first: bit of the site within its tensor.
            width: bits of one element; of no influence.
            bits: bits of the whole tensor.
        """
        start = first - first % self.length
        return range(start, min(start + self.length, bits))

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

        start = first - first % self.length
        return _runs(start, np.minimum(self.length, bits - start), 1)


@dataclass(frozen=True, slots=True)
class StridedBits:
    """``count`` bits ``step`` apart from the site upwards, as far as the tensor reaches.

    >>> list(StridedBits(3, 8).positions(2, 8, 64)), list(StridedBits(3, 8).positions(2, 8, 16))
    ([2, 10, 18], [2, 10])
    """

    count: int
    step: int

    @property
    def room(self) -> int:
        """Columns are cut short where tensors are small."""
        return 1

    @property
    def alone(self) -> bool:
        """True for one bit."""
        return self.count == 1

    def positions(self, first: int, width: int, bits: int) -> range:
        """The bits of the column; see `Footprint.positions`.

        Args:
            first: bit of the site within its tensor.
            width: bits of one element; of no influence.
            bits: bits of the whole tensor.
        """
        return range(first, min(first + self.count * self.step, bits), self.step)

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

        return _runs(first, np.minimum(self.count, -(-(bits - first) // self.step)), self.step)


def _runs(starts: "Indices", counts: "Indices", step: int) -> tuple["Indices", "Indices"]:
    """Positions of runs: which run each is in, and the position."""
    import numpy as np

    runs = np.repeat(np.arange(len(starts)), counts)
    within = np.arange(len(runs)) - np.repeat(np.cumsum(counts) - counts, counts)
    return runs, starts[runs] + within * step


@dataclass(frozen=True, slots=True)
class AnyFootprint:
    """The bits that an upset of one of several kinds may hit, for strata: no upset hits them all.

    Attributes:
        parts: Footprints of the kinds.
    """

    parts: tuple[Footprint, ...]

    @property
    def room(self) -> int:
        """Of the largest."""
        return max(part.room for part in self.parts)

    @property
    def alone(self) -> bool:
        """True if every kind hits its site alone."""
        return all(part.alone for part in self.parts)

    def positions(self, first: int, width: int, bits: int) -> list[int]:
        """Every bit that one of the kinds hits; see `Footprint.positions`.

        Args:
            first: bit of the site within its tensor.
            width: bits of one element of the tensor.
            bits: bits of the whole tensor.
        """
        return sorted({p for part in self.parts for p in part.positions(first, width, bits)})

    def spread(
        self, first: "Indices", widths: "Indices", bits: "Indices"
    ) -> tuple["Indices", "Indices"]:
        """Refused: the kind of each upset decides; see `Footprint.spread`.

        Args:
            first: int64 (n,), the bit of each site within its tensor.
            widths: int64 (n,), bits of one element of that tensor.
            bits: int64 (n,), bits of that whole tensor.
        """
        raise NotImplementedError("a pattern of a mixture is spread kind by kind")


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
