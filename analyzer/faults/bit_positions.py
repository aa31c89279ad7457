"""Bit positions of all elements of one type, and the fields of a number to which they belong."""

from dataclasses import dataclass

from analyzer.faults.elements import ELEMENT_TYPES
from analyzer.faults.protections.part import CHECK_BITS


@dataclass(frozen=True, slots=True, order=True)
class BitPosition:
    """A bit position of all elements of one type and encoding."""

    dtype: str
    codec: str
    bit: int


def field_of(position: BitPosition) -> str:
    """The field of the number to which a bit belongs, e.g. ``sign`` or ``fraction``.

    >>> field_of(BitPosition("float32", "stored", 30))
    'exponent'
    """
    if position.codec.startswith(CHECK_BITS):
        return "check"
    if not position.codec.startswith("q"):
        return ELEMENT_TYPES[position.dtype].field(position.bit)
    integer, _, fraction = position.codec.removeprefix("q").partition(".")
    if position.bit < int(fraction):
        return "fraction"
    return "integer" if position.bit < int(integer) + int(fraction) else "sign"
