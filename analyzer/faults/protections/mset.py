"""MSET: the most significant exponent bit three times, twice in the lowest bits of the mantissa.

As FaultForge does it (github.com/rezzubs/faultforge, DATE 2026): the bit below the sign is copied
into bits 0 and 1 and read as the majority of the three; the copies are read as they are held.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import ELEMENT_TYPES, Codec, Codes, ElementType, StoredCodec
from analyzer.faults.protections.in_place import InPlaceCodec, InPlaceGuard
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.protections.scheme import Guard
from analyzer.faults.space import TensorSite


@dataclass(frozen=True)
class Mset:
    """The top exponent bit tripled."""

    name = "mset"
    about = (
        "MSET: the top exponent bit of each float is copied into its two lowest mantissa bits and "
        "read as the majority of the three; no memory is added, two mantissa bits are lost."
    )

    def __str__(self) -> str:
        return "mset"

    def refusal(self, tensor: TensorSite) -> str:
        """Floats as serialized alone."""
        return float_refusal(tensor)

    def codec(self, tensor: TensorSite) -> Codec:
        """The serialized representation, two bits of it overwritten."""
        return InPlaceCodec(ELEMENT_TYPES[tensor.dtype], self)

    def covered(self, tensor: TensorSite, chosen: Bools) -> Bools:
        """The tripled bit; see `Scheme.covered`."""
        return np.asarray(chosen & (np.arange(len(chosen)) == tensor.codec.bits - 2))

    def guard(self, part: Part) -> Guard:
        """Put it to work."""
        return InPlaceGuard(self, part)

    def encode(self, codes: Codes, element: ElementType) -> Codes:
        """Copy the top exponent bit; see `InPlaceCode.encode`."""
        one = codes.dtype.type(1)
        top = codes >> codes.dtype.type(element.bits - 2) & one
        return np.asarray(codes & ~codes.dtype.type(3) | top | top << one)

    def decode(self, codes: Codes, element: ElementType) -> Codes:
        """Take the majority; see `InPlaceCode.decode`."""
        one, place = codes.dtype.type(1), codes.dtype.type(element.bits - 2)
        a, b, c = codes & one, codes >> one & one, codes >> place & one
        majority = a & b | a & c | b & c
        return codes & ~(one << place) | majority << place

    def words(self, element: ElementType) -> list[int]:
        """A word is an element."""
        return [(1 << element.bits) - 1]

    def wrong(self, codes: Codes, word: int) -> Bools:
        """Never: a majority can always be found; see `InPlaceCode.wrong`."""
        return np.zeros(len(codes), np.bool_)

    def examples(self) -> Sequence[ProtectionExample]:
        """The tripled bit hit once and twice, a copy hit, an unprotected bit hit."""
        half = 0x3F000000
        vote = "0.5 has top exponent bit 0, copies 0: one flip is outvoted."
        lost = "Bit 30 and its copy in bit 0 flip: two of three say 1."
        copy = "A copy flips: the exponent bit is outvoted back, the copy itself reads 1."
        sign = "The sign is not protected."
        return (
            ProtectionExample("float32", (half,), "flip", (30,), (half,), 1, 0, vote, "mset"),
            ProtectionExample(
                "float32", (half,), "flip", (0, 30), (half | 1 << 30 | 1,), 0, 0, lost, "mset"
            ),
            ProtectionExample("float32", (half,), "flip", (0,), (half | 1,), 0, 0, copy, "mset"),
            ProtectionExample(
                "float32", (half,), "flip", (31,), (half | 1 << 31,), 0, 0, sign, "mset"
            ),
        )


def float_refusal(tensor: TensorSite) -> str:
    """The reason for which no code fits into the mantissas of a tensor; or empty."""
    if not ELEMENT_TYPES[tensor.dtype].is_float:
        return f"it holds {tensor.dtype}, and the code takes bits of a mantissa"
    if type(tensor.codec) is not StoredCodec:
        return f"it is held as {tensor.codec.name}, and the code takes bits of a mantissa"
    return ""
