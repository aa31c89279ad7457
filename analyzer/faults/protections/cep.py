"""CEP: parity of chunks of an element, in its own lowest bits; a chunk with an error reads 0.

As FaultForge does it (github.com/rezzubs/faultforge; arXiv 2605.07417): with D data bits per parity
bit an element of w bits has k = w / (D + 1) chunks. Chunk i has the D bits from bit ``k + D i`` on,
and bit i makes the number of ones in chunk i and in itself even. A chunk whose parity is wrong
reads 0, and parity bits are always read as 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import ELEMENT_TYPES, Codec, Codes, ElementType
from analyzer.faults.protections.in_place import InPlaceCodec, InPlaceGuard
from analyzer.faults.protections.mset import float_refusal
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.protections.scheme import Guard
from analyzer.faults.space import TensorSite


@dataclass(frozen=True)
class Cep:
    """Chunked embedded parity.

    Attributes:
        data: Data bits per parity bit.
    """

    data: int = 3

    def __str__(self) -> str:
        return f"cep:{self.data}"

    @property
    def name(self) -> str:
        """Name of the codec in reports."""
        return str(self)

    @property
    def about(self) -> str:
        """One sentence."""
        return (
            f"CEP: each float keeps one parity bit per {self.data} of its bits in its lowest bits; "
            "a chunk with wrong parity reads 0; no memory is added, the lowest mantissa bits are "
            "lost."
        )

    def refusal(self, tensor: TensorSite) -> str:
        """Floats as serialized, whose width is a multiple of a chunk with its parity bit."""
        width = ELEMENT_TYPES[tensor.dtype].bits
        if not (reason := float_refusal(tensor)) and width % (self.data + 1):
            return f"its {width} bits are no multiple of {self.data + 1}"
        return reason

    def codec(self, tensor: TensorSite) -> Codec:
        """The serialized representation, its lowest bits cleared."""
        return InPlaceCodec(ELEMENT_TYPES[tensor.dtype], self)

    def covered(self, tensor: TensorSite, chosen: Bools) -> Bools:
        """All: no single upset sets a bit that was 0; see `Scheme.covered`."""
        return chosen

    def guard(self, part: Part) -> Guard:
        """Put it to work."""
        return InPlaceGuard(self, part)

    def encode(self, codes: Codes, element: ElementType) -> Codes:
        """Write parity bits; see `InPlaceCode.encode`."""
        kind = codes.dtype.type
        count = element.bits // (self.data + 1)
        found = codes & ~kind((1 << count) - 1)
        for place, word in enumerate(self.words(element)):
            ones = np.bitwise_count(found & kind(word)).astype(codes.dtype)
            found |= (ones & kind(1)) << kind(place)
        return found

    def decode(self, codes: Codes, element: ElementType) -> Codes:
        """Clear chunks with wrong parity, and all parity bits; see `InPlaceCode.decode`."""
        kind = codes.dtype.type
        count = element.bits // (self.data + 1)
        found = codes
        for word in self.words(element):
            found = np.where(self.wrong(codes, word), found & ~kind(word), found)
        return found & ~kind((1 << count) - 1)

    def words(self, element: ElementType) -> list[int]:
        """Each chunk with its parity bit."""
        count, chunk = element.bits // (self.data + 1), (1 << self.data) - 1
        return [chunk << count + self.data * i | 1 << i for i in range(count)]

    def wrong(self, codes: Codes, word: int) -> Bools:
        """True where the number of ones is odd; see `InPlaceCode.wrong`."""
        ones = np.bitwise_count(codes & codes.dtype.type(word))
        return np.asarray(ones & 1, np.bool_)

    def examples(self) -> Sequence[ProtectionExample]:
        """A chunk hit once, twice, its parity bit alone, a chunk of zeros."""
        half = 0x3F000000
        chunk = "0.5 is 0x3F000000; bits 26..28 are chunk 6, all 1: one flip, the chunk reads 0."
        two = "Bits 29 and 30 of chunk 7 (001) flip: the parity stays odd and is not found wrong."
        parity = "The parity bit of chunk 6 flips: its three ones read 0."
        empty = "Chunk 0 is all 0, and reads 0 once its parity is wrong: as written."
        left = half & ~(7 << 26)
        return (
            ProtectionExample("float32", (half,), "flip", (27,), (left,), 0, 1, chunk, "cep:3"),
            ProtectionExample(
                "float32", (half,), "flip", (29, 30), (half ^ 3 << 29,), 0, 0, two, "cep:3"
            ),
            ProtectionExample("float32", (half,), "flip", (6,), (left,), 0, 1, parity, "cep:3"),
            ProtectionExample("float32", (half,), "flip", (8,), (half,), 1, 0, empty, "cep:3"),
        )
