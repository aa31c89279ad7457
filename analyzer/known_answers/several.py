"""Several upsets at once, and bursts that meet an end, a neighbor or each other."""

from analyzer.known_answers.stored import StoredFault

SEVERAL = (
    StoredFault(
        "KA-401",
        "R-4",
        "1 is 0 01111111 000..0. Two upsets in one element: 1 01111111 100..0 = -1.5.",
        "float32",
        ("flip", (0, 22), (0, 31)),
        ((0x3F800000, 1.0), (0x40000000, 2.0)),
        ((0xBFC00000, -1.5), (0x40000000, 2.0)),
    ),
    StoredFault(
        "KA-402",
        "R-4",
        "The burst crosses from the sign of element 0 into bits 0 and 1 of element 1: -1 and "
        "1 + 3 * 2^-10.",
        "float16",
        ("burst:3", (0, 15)),
        ((0x3C00, 1.0), (0x3C00, 1.0)),
        ((0xBC00, -1.0), (0x3C03, 1.0029296875)),
    ),
    StoredFault(
        "KA-403",
        "R-4",
        "The burst ends with its tensor: bits 6 and 7 only, 1 + 64 - 128 = -63; the tensor "
        "after it is untouched.",
        "int8",
        ("burst:4", (1, 6)),
        ((0x01, 1), (0x01, 1)),
        ((0x01, 1), (0xC1, -63)),
    ),
    StoredFault(
        "KA-404",
        "R-4",
        "Bits 0, 1, 2 and bits 1, 2, 3: what both hit is inverted twice. Bits 0 and 3 remain: "
        "1 + 8 = 9.",
        "uint8",
        ("burst:3", (0, 0), (0, 1)),
        ((0x00, 0), (0xFF, 255)),
        ((0x09, 9), (0xFF, 255)),
    ),
    StoredFault(
        "KA-405",
        "R-4",
        "200 = 11001000b without bits 7 and 6: 8; 15 without bit 0: 14.",
        "uint8",
        ("stuck0", (0, 7), (0, 6), (1, 0)),
        ((0xC8, 200), (0x0F, 15)),
        ((0x08, 8), (0x0E, 14)),
    ),
    StoredFault(
        "KA-406",
        "R-4",
        "1 with the sign: -1; 2 with the top mantissa bit: 1.1b * 2 = 3.",
        "bfloat16",
        ("stuck1", (0, 15), (1, 6)),
        ((0x3F80, 1.0), (0x4000, 2.0)),
        ((0xBF80, -1.0), (0x4040, 3.0)),
    ),
    StoredFault(
        "KA-407",
        "R-4",
        "-2 is 1 10000000000 000..0. All 64 bits inverted: 0 01111111111 111..1 = 2 - 2^-52.",
        "float64",
        ("burst:64", (0, 0)),
        ((0xC000000000000000, -2.0), (0x4000000000000000, 2.0)),
        (
            (0x3FFFFFFFFFFFFFFF, 1.9999999999999997779553950749686919152736663818359375),
            (0x4000000000000000, 2.0),
        ),
    ),
    StoredFault(
        "KA-408",
        "R-4",
        "5 = 101b and bit 1: 7; -1 = 11111111b without bit 7: 127.",
        "int8",
        ("flip", (0, 1), (1, 7)),
        ((0x05, 5), (0xFF, -1)),
        ((0x07, 7), (0x7F, 127)),
    ),
)
