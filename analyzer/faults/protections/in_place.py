"""Codes that lie within the stored elements: no memory is added, low bits of mantissas are lost.

Readers meet decoded elements: their codec rounds golden values as encoding and decoding do, so that
the golden run shows what the code alone costs. Upsets hit encoded elements.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import (
    ELEMENT_TYPES,
    Codes,
    ElementType,
    StoredCodec,
    Values,
    to_codes,
)
from analyzer.faults.models import FLIP, FaultPattern, SiteIndex
from analyzer.faults.protections.contents import sites_of_masks
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.scheme import NO_SITES, Decoded
from analyzer.faults.space import TensorSite


class InPlaceCode(Protocol):
    """Encoding and decoding of whole elements, as pure functions of their stored bits."""

    @property
    def name(self) -> str:
        """Name of the scheme."""

    def encode(self, codes: Codes, element: ElementType) -> Codes:
        """The bits that the memory holds.

        Args:
            codes: unsigned (n,), stored bits of the values, encoded before or not.
            element: their type.
        """

    def decode(self, codes: Codes, element: ElementType) -> Codes:
        """The bits that are read.

        Args:
            codes: unsigned (n,), bits of the memory.
            element: their type.
        """

    def words(self, element: ElementType) -> list[int]:
        """The code words of an element, each as a mask of its bits."""

    def wrong(self, codes: Codes, word: int) -> Bools:
        """True where the decoder finds an error in a word that it cannot correct.

        Args:
            codes: unsigned (n,), bits of the memory.
            word: one of `words`.
        """


@dataclass(frozen=True, slots=True)
class InPlaceCodec(StoredCodec):
    """The serialized representation, of values that went through a code once.

    Decoded bits are bits of the file's number format, so that live weights hold them as they are.
    """

    code: InPlaceCode

    @property
    def name(self) -> str:
        """Name in reports."""
        return self.code.name

    def encode(self, values: Values) -> Codes:
        """Codes of ``values`` after encoding and decoding."""
        stored = to_codes(values, self.element)
        return self.code.decode(self.code.encode(stored, self.element), self.element)


@dataclass(frozen=True)
class InPlaceGuard:
    """A code within the elements of a part.

    Attributes:
        code: The code.
        part: Whole elements.
    """

    code: InPlaceCode
    part: Part

    checks: tuple[TensorSite, ...] = ()

    def decode(self, data: SiteIndex, checks: SiteIndex) -> Decoded:
        """Decode the elements that were hit; see `Guard.decode`.

        Args:
            data: int64 (n,), flipped bits.
            checks: none.
        """
        space, left = self.part.data, [NO_SITES]
        corrections = detections = 0
        for hit in space.masks(FaultPattern(FLIP, data)):
            element = ELEMENT_TYPES[space.tensors[hit.tensor].dtype]
            golden = self.part.contents.codes(hit.tensor, hit.elements)
            masks = hit.codes(golden.dtype)
            held = self.code.encode(golden, element) ^ masks
            read = self.code.decode(held, element)
            left.append(sites_of_masks(space, hit.tensor, hit.elements, read ^ golden))
            for word in self.code.words(element):
                bits = golden.dtype.type(word)
                reached, same = masks & bits != 0, (read ^ golden) & bits == 0
                corrections += int(np.count_nonzero(reached & same))
                found = reached & ~same & self.code.wrong(held, word)
                detections += int(np.count_nonzero(found))
        return Decoded(np.concatenate(left), corrections, detections)

    def data_ones(self, sites: SiteIndex) -> Bools:
        """As the encoded memory holds them."""
        space = self.part.data
        tensors = space.offsets.searchsorted(sites, side="right") - 1
        elements, bits = np.divmod(sites - space.offsets[tensors], space.widths[tensors])
        found = np.zeros(len(sites), np.bool_)
        for tensor in np.unique(tensors).tolist():
            mine = tensors == tensor
            element = ELEMENT_TYPES[space.tensors[tensor].dtype]
            golden = self.part.contents.codes(tensor, elements[mine])
            held = self.code.encode(golden, element).astype(np.uint64)
            found[mine] = held >> bits[mine].astype(np.uint64) & np.uint64(1)
        return found

    def check_ones(self, sites: SiteIndex) -> Bools:
        """There are no check bits."""
        return np.zeros(len(sites), np.bool_)
