"""Words, rows and columns in every element type: a table, three questions a line.

The tensor holds one element twice. ``word:2`` hits the word of two bits that its site is in,
``row:1`` the lowest byte of the image, and ``column:2`` one bit alone: the row below is beyond the
tensor.
"""

from typing import NamedTuple

from analyzer.known_answers.stored import Code, StoredFault

ANY = ("stored", "q15.16")
"""Integers are the same under either encoding."""

FIXED = ("q15.16",)


class _Line(NamedTuple):
    """An element, and what becomes of the first of two.

    Attributes:
        element: Its type.
        before: Its bits and their value.
        bit: The even bit at which the word of two bits, and the column, begin.
        word: After bits ``bit`` and ``bit + 1`` are inverted.
        row: Both elements after the lowest byte of the image is inverted.
        column: After bit ``bit`` is inverted.
        encodings: Under which this holds.
        file: Its bits in the file, where the encoding holds others.
    """

    element: str
    before: Code
    bit: int
    word: Code
    row: tuple[Code, Code]
    column: Code
    encodings: tuple[str, ...] = ("stored",)
    file: tuple[int, ...] = ()


def _float(element: str, bits: int, row: float) -> _Line:
    """2.0 as stored: of all exponent bits the highest alone is 1."""
    two = 1 << bits - 2
    rows = ((two | 0xFF, row), (two, 2.0))
    return _Line(element, (two, 2.0), bits - 2, (two << 1, -0.0), rows, (0, 0.0))


def _fixed(element: str, file: int, row: float) -> _Line:
    """1.0 held as 0x00010000."""
    one = (1 << 16, 1.0)
    rows = (((1 << 16) + 255, row), one)
    return _Line(element, one, 16, (2 << 16, 2.0), rows, (0, 0.0), FIXED, (file, file))


_TABLE = (
    _float("float64", 64, 2.0 + 255 / 2**51),
    _float("float32", 32, 2.0 + 255 / 2**22),
    _float("float16", 16, 2.0 + 255 / 2**9),
    _float("bfloat16", 16, 7.96875),
    _Line("int32", (2, 2), 0, (1, 1), ((0xFD, 253), (2, 2)), (3, 3), ANY),
    _Line("int8", (2, 2), 0, (1, 1), ((0xFD, -3), (2, 2)), (3, 3), ANY),
    _Line("uint8", (2, 2), 0, (1, 1), ((0xFD, 253), (2, 2)), (3, 3), ANY),
    _Line("int4", (2, 2), 0, (1, 1), ((0xD, -3), (0xD, -3)), (3, 3), ANY),
    _Line("uint4", (2, 2), 0, (1, 1), ((0xD, 13), (0xD, 13)), (3, 3), ANY),
    _fixed("float64", 0x3FF0 << 48, 1.0 + 255 / 65536),
    _fixed("float32", 0x3F800000, 1.0 + 255 / 65536),
    _fixed("float16", 0x3C00, 1.0 + 4 / 1024),
    _fixed("bfloat16", 0x3F80, 1.0),
)


def _questions(number: int, line: _Line) -> tuple[StoredFault, ...]:
    """The three questions of a line, the first of which has this number."""
    low = line.bit
    found = (
        ("word:2", low + 1, (line.word, line.before), f"Bits {low} and {low + 1} are a word."),
        ("row:1", 5 % (low + 2), line.row, "The lowest byte of the image is a row."),
        ("column:2", low, (line.column, line.before), f"Bit {low}; the row below has none."),
    )
    return tuple(
        StoredFault(
            f"KA-{number + place}",
            "R-4",
            f"{working} They are inverted." if fault != "column:2" else working,
            line.element,
            (fault, (0, bit)),
            (line.before, line.before),
            after,
            file=line.file,
            encodings=line.encodings,
        )
        for place, (fault, bit, after, working) in enumerate(found)
    )


FIRST = 601
"""Number of the first question."""

ANSWERS = tuple(
    question
    for place, line in enumerate(_TABLE)
    for question in _questions(FIRST + 3 * place, line)
)
