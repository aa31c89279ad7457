"""4-bit integers, two to a byte, the first in the low half; int4 in two's complement."""

from analyzer.known_answers.stored import StoredFault

ANY = ("stored", "q15.16")
"""Integers are the same under either encoding."""

INT4 = (
    StoredFault(
        "KA-231",
        "R-2",
        "7 = 0111b in the high half of byte 0. Bit 3 weighs -8: 7 - 8 = -1. Bytes 75 0F "
        "become F5 0F.",
        "int4",
        ("flip", (1, 3)),
        ((0x5, 5), (0x7, 7), (0xF, -1)),
        ((0x5, 5), (0xF, -1), (0xF, -1)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-232",
        "R-2",
        "-1 = 1111b in the low half of byte 1. Bit 0 cleared: 1110b = -2; the unused half "
        "byte stays 0.",
        "int4",
        ("flip", (2, 0)),
        ((0x5, 5), (0x7, 7), (0xF, -1)),
        ((0x5, 5), (0x7, 7), (0xE, -2)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-233",
        "R-2",
        "0 in the low half of byte 0. Bit 3 weighs -8.",
        "int4",
        ("flip", (0, 3)),
        ((0x0, 0), (0x7, 7), (0xF, -1)),
        ((0x8, -8), (0x7, 7), (0xF, -1)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-234",
        "R-4",
        "5 = 0101b. Bits 1 and 2 inverted: 0011b = 3.",
        "int4",
        ("burst:2", (0, 1)),
        ((0x5, 5), (0x7, 7), (0xF, -1)),
        ((0x3, 3), (0x7, 7), (0xF, -1)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-235",
        "R-4",
        "-1 = 1111b. Bit 3 reads 0: 0111b = 7.",
        "int4",
        ("stuck0", (2, 3)),
        ((0x5, 5), (0x7, 7), (0xF, -1)),
        ((0x5, 5), (0x7, 7), (0x7, 7)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-236",
        "R-4",
        "7 = 0111b. Bit 3 reads 1: 1111b = -1.",
        "int4",
        ("stuck1", (1, 3)),
        ((0x5, 5), (0x7, 7), (0xF, -1)),
        ((0x5, 5), (0xF, -1), (0xF, -1)),
        encodings=ANY,
    ),
)

UINT4 = (
    StoredFault(
        "KA-241",
        "R-2",
        "0 without sign, in the low half of byte 0. Bit 3 weighs 8.",
        "uint4",
        ("flip", (0, 3)),
        ((0x0, 0), (0xF, 15), (0xC, 12)),
        ((0x8, 8), (0xF, 15), (0xC, 12)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-242",
        "R-2",
        "15 = 1111b in the high half of byte 0. Bit 0 cleared: 14.",
        "uint4",
        ("flip", (1, 0)),
        ((0x0, 0), (0xF, 15), (0xC, 12)),
        ((0x0, 0), (0xE, 14), (0xC, 12)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-243",
        "R-4",
        "Bit 3 of element 0 and bit 0 of element 1, its neighbor in the byte: 0 + 8 and 15 - 1.",
        "uint4",
        ("burst:2", (0, 3)),
        ((0x0, 0), (0xF, 15), (0xC, 12)),
        ((0x8, 8), (0xE, 14), (0xC, 12)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-244",
        "R-4",
        "12 = 1100b. Bit 2 reads 0: 1000b = 8.",
        "uint4",
        ("stuck0", (2, 2)),
        ((0x0, 0), (0xF, 15), (0xC, 12)),
        ((0x0, 0), (0xF, 15), (0x8, 8)),
        encodings=ANY,
    ),
    StoredFault(
        "KA-245",
        "R-4",
        "12 = 1100b. Bit 0 reads 1: 1101b = 13.",
        "uint4",
        ("stuck1", (2, 0)),
        ((0x0, 0), (0xF, 15), (0xC, 12)),
        ((0x0, 0), (0xF, 15), (0xD, 13)),
        encodings=ANY,
    ),
)
