"""The table of fault kinds: what one upset does to a bit that it hits, and how people write it.

One entry of `FAULT_KINDS` is all that a kind consists of. From it derive: `--fault` and its help
texts, what live weights do (`analyzer.faults.operations`), what the oracle does, the strata, the
sentences in reports, and requirement R-4 of the known answers.

Loads no numpy: help texts are made from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.faults.footprints import AdjacentBits, Footprint


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
    """

    letter: str
    least: int
    most: int


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
        letter, least, most = self.parameter
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

FAULT_KINDS: tuple[FaultKind, ...] = (FLIP, BURST, STUCK0, STUCK1)
"""Every kind; the first is the default."""


def offered_faults(*, default: bool = False) -> str:
    """The kinds as one help text.

    Args:
        default: whether the first is marked as the default.

    >>> offered_faults()
    'flip, burst:K, stuck0 or stuck1'
    """
    first, *others = (kind.form for kind in FAULT_KINDS)
    return listed_choices([first + " (default)" * default, *others])


def listed_choices(words: Sequence[str]) -> str:
    """Words as a choice in a sentence.

    >>> listed_choices(["a", "b", "c"]), listed_choices(["a"])
    ('a, b or c', 'a')
    """
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def fault_rules() -> str:
    """One sentence about every kind, without its full stop."""
    return "; ".join(f"{kind.form} {kind.rule}" for kind in FAULT_KINDS)
