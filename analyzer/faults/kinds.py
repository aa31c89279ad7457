"""The table of fault kinds: what one upset does to a bit that it hits, and how people write it.

One entry of `FAULT_KINDS` is all that a kind consists of. From it derive: `--fault` and its help
texts, what live weights do (`analyzer.faults.operations`), what the oracle does, the strata, the
sentences in reports, and requirement R-4 of the known answers.

Loads no numpy: help texts are made from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.faults.footprints import AdjacentBits, AlignedBits, Footprint, StridedBits


class TruthTable(NamedTuple):
    """The bit that is read where one was hit, by the bit that was held: the definition of a fault.

    Attributes:
        zero: 0 or 1, where it held 0.
        one: 0 or 1, where it held 1.
    """

    zero: int
    one: int


INVERT, CLEAR, SET = TruthTable(1, 0), TruthTable(0, 0), TruthTable(1, 1)

OPERATIONS = frozenset({INVERT, CLEAR, SET})
"""Everything that can happen to a bit; that nothing happens (0, 1) is no fault."""


class Example(NamedTuple):
    """One upset on one code, worked out by hand; a test executes it.

    Attributes:
        fault: As flags write it.
        code: Stored bits.
        mask: 1 where a bit is hit.
        after: The bits afterwards.
    """

    fault: str
    code: int
    mask: int
    after: int


class Parameter(NamedTuple):
    """The whole number behind the colon of a fault.

    Attributes:
        letter: What help texts call it.
        least: The smallest one.
        most: The largest one.
        default: What the name alone stands for; 0: a number must be given.
    """

    letter: str
    least: int
    most: int
    default: int = 0


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind of upset.

    Attributes:
        name: In flags, reports and plans.
        becomes: What happens to each bit that is hit.
        rule: What an upset does, as the end of a sentence that begins with `form`.
        example: One upset.
        parameter: What is written behind the name; None: nothing.
        footprint: From that number, or 1, to the bits that an upset hits.
        caveat: A sentence for the reader of a vulnerability map; empty: none is needed.
    """

    name: str
    becomes: TruthTable
    rule: str
    example: Example
    parameter: Parameter | None = None
    footprint: Callable[[int], Footprint] = field(default=AdjacentBits)
    caveat: str = ""

    def __post_init__(self) -> None:
        if self.becomes not in OPERATIONS:
            raise ValueError(f"the fault kind {self.name!r} leaves every bit as it is")

    @property
    def form(self) -> str:
        """The form in which it is written, its number as a letter.

        >>> FLIP.form, BURST.form
        ('flip', 'burst:K')
        """
        return self.name if self.parameter is None else f"{self.name}:{self.parameter.letter}"

    @property
    def offer(self) -> str:
        """The same with the numbers that it takes."""
        if self.parameter is None:
            return self.name
        letter, least, most, _ = self.parameter
        return f"{self.form} ({letter} from {least} to {most})"


_STUCK = (
    "A stuck cell that holds its value already does nothing: it counts as an upset that is masked."
)

FLIP = FaultKind("flip", INVERT, "inverts the bit", Example("flip", 0b1010, 0b0110, 0b1100))

BURST = FaultKind(
    "burst",
    INVERT,
    "inverts K adjacent bits of the tensor from the site upwards, ends with the tensor, and "
    "inverts twice what two bursts share",
    Example("burst:2", 0b1010, 0b0110, 0b1100),
    parameter=Parameter("K", 2, 64),
    caveat="A burst counts where its lowest bit lies. It runs upwards, may reach into "
    "the elements behind, and ends with its tensor: the last ones are shorter.",
)

STUCK0 = FaultKind(
    "stuck0",
    CLEAR,
    "reads 0, and changes nothing where the bit is 0",
    Example("stuck0", 0b1010, 0b0110, 0b1000),
    caveat=_STUCK,
)

STUCK1 = FaultKind(
    "stuck1",
    SET,
    "reads 1, and changes nothing where the bit is 1",
    Example("stuck1", 0b1010, 0b0110, 0b1110),
    caveat=_STUCK,
)

WORD = FaultKind(
    "word",
    INVERT,
    "inverts all bits of the W-bit word of the tensor that the site is in (word: W is 32)",
    Example("word:4", 0b1010, 0b1111, 0b0101),
    parameter=Parameter("W", 2, 4096, 32),
    footprint=AlignedBits,
    caveat="A word counts at each of its bits: an upset placed uniformly hits every word alike.",
)

ROW_BYTES = 64
"""Bytes of a row of the address map, which decides what lies above what (docs/method.md)."""


def _row(size: int) -> Footprint:
    return AlignedBits(8 * size)


def _column(count: int) -> Footprint:
    return StridedBits(count, 8 * ROW_BYTES)


ROW = FaultKind(
    "row",
    INVERT,
    "inverts all bits of the row of B bytes of the tensor that the site is in (row: B is 64)",
    Example("row:1", 0b1010, 0b11111111, 0b11110101),
    parameter=Parameter("B", 1, 65536, ROW_BYTES),
    footprint=_row,
    caveat="A row counts at each of its bits: an upset placed uniformly hits every row alike.",
)

COLUMN = FaultKind(
    "column",
    INVERT,
    "inverts the bit at the same place of K rows of 64 bytes, from the site upwards, and ends with "
    "the tensor",
    Example("column:2", 0b1010, 0b0010, 0b1000),
    parameter=Parameter("K", 2, 4096),
    footprint=_column,
    caveat="A column counts where its lowest bit lies, and ends with its tensor.",
)

FAULT_KINDS: tuple[FaultKind, ...] = (FLIP, BURST, STUCK0, STUCK1, WORD, ROW, COLUMN)
"""Every kind; the first is the default."""

MIXTURE = FaultKind(
    "mix",
    INVERT,
    "is one of several kinds, each with its share",
    Example("mix:flip=0.5,burst:2=0.5", 0b1010, 0b0010, 0b1000),
    caveat="Each upset is of one kind, drawn by the shares. It counts where its site lies.",
)
"""Written ``mix:KIND=SHARE,...``; its parts are kinds that invert."""

MIX_FORM = "mix:KIND=SHARE,.."

ALIASES = {"seu": "flip", "mbu": "burst"}
"""Other names of kinds: single-event upset, adjacent multiple-bit upset."""


def offered_faults(*, default: bool = False) -> str:
    """The kinds as one help text.

    Args:
        default: whether the first is marked as the default.

    >>> offered_faults()
    'flip, burst:K, stuck0, stuck1, word:W, row:B, column:K or mix:KIND=SHARE,..'
    """
    first, *others = (kind.form for kind in FAULT_KINDS)
    return listed_choices([first + " (default)" * default, *others, MIX_FORM])


def listed_choices(words: Sequence[str]) -> str:
    """Words as a choice in a sentence.

    >>> listed_choices(["a", "b", "c"]), listed_choices(["a"])
    ('a, b or c', 'a')
    """
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def fault_rules() -> str:
    """One sentence about every kind, without its full stop."""
    kinds = (f"{kind.form} {kind.rule}" for kind in FAULT_KINDS)
    return "; ".join([*kinds, f"{MIX_FORM} {MIXTURE.rule}"])
