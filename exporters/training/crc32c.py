"""CRC-32C (Castagnoli), as TFRecord files mask it."""

from __future__ import annotations

from functools import cache

POLYNOMIAL = 0x82F63B78
"""Reversed, of RFC 3720, section 12.1."""


@cache
def _table() -> tuple[int, ...]:
    entries = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


def crc32c(data: bytes) -> int:
    """The checksum of some bytes, below 2**32.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """The checksum as TFRecord files hold it: rotated by 15 bits, plus a constant.

    The form is that of TensorFlow's ``lib/hash/crc32c.h``: a checksum of bytes that hold checksums
    would be weak.
    """
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
