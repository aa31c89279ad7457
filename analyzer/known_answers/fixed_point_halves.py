"""float16 and bfloat16 values held as q15.16: what is read is rounded to their own types."""

from analyzer.known_answers.stored import StoredFault

Q15_16 = ("q15.16",)

FLOAT16 = (
    StoredFault(
        "KA-331",
        "R-3",
        "1 * 65536 = 0x00010000. Bit 30 weighs 16384: 16385, which float16, in steps of 16 "
        "there, rounds to 16384.",
        "float16",
        ("flip", (0, 30)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x40010000, 16384.0), (0x00020000, 2.0)),
        file=(0x3C00, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-332",
        "R-3",
        "1 * 65536 = 0x00010000. Bit 31 weighs -32768: -32767, which float16, in steps of 16 "
        "there, rounds to -32768.",
        "float16",
        ("flip", (0, 31)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x80010000, -32768.0), (0x00020000, 2.0)),
        file=(0x3C00, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-333",
        "R-4",
        "1 * 65536 = 0x00010000. Bits 15 and 16 inverted: 0x00008000, 0.5.",
        "float16",
        ("burst:2", (0, 15)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00008000, 0.5), (0x00020000, 2.0)),
        file=(0x3C00, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-334",
        "R-4",
        "1 * 65536 = 0x00010000. Bit 16 reads 0: 0.",
        "float16",
        ("stuck0", (0, 16)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00000000, 0.0), (0x00020000, 2.0)),
        file=(0x3C00, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-335",
        "R-4",
        "1 * 65536 = 0x00010000. Bit 17 weighs 2: 3.",
        "float16",
        ("stuck1", (0, 17)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00030000, 3.0), (0x00020000, 2.0)),
        file=(0x3C00, 0x4000),
        encodings=Q15_16,
    ),
)

BFLOAT16 = (
    StoredFault(
        "KA-341",
        "R-3",
        "1 * 65536 = 0x00010000. Bit 10 weighs 2^-6 = 0.015625, two steps of bfloat16 above 1.",
        "bfloat16",
        ("flip", (0, 10)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00010400, 1.015625), (0x00020000, 2.0)),
        file=(0x3F80, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-342",
        "R-3",
        "1 * 65536 = 0x00010000. Bit 8 weighs 2^-8, half a step of bfloat16 above 1: the tie "
        "goes to the even mantissa, 1; the upset is lost in the rounding.",
        "bfloat16",
        ("flip", (0, 8)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00010100, 1.0), (0x00020000, 2.0)),
        file=(0x3F80, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-343",
        "R-4",
        "1 * 65536 = 0x00010000. Bits 15 and 16 inverted: 0x00008000, 0.5.",
        "bfloat16",
        ("burst:2", (0, 15)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00008000, 0.5), (0x00020000, 2.0)),
        file=(0x3F80, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-344",
        "R-4",
        "1 * 65536 = 0x00010000. Bit 16 reads 0: 0.",
        "bfloat16",
        ("stuck0", (0, 16)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00000000, 0.0), (0x00020000, 2.0)),
        file=(0x3F80, 0x4000),
        encodings=Q15_16,
    ),
    StoredFault(
        "KA-345",
        "R-4",
        "1 * 65536 = 0x00010000. Bit 17 weighs 2: 3.",
        "bfloat16",
        ("stuck1", (0, 17)),
        ((0x00010000, 1.0), (0x00020000, 2.0)),
        ((0x00030000, 3.0), (0x00020000, 2.0)),
        file=(0x3F80, 0x4000),
        encodings=Q15_16,
    ),
)
