"""SEC-DED: single errors are corrected, double errors are detected.

The code is that of Hsiao (M. Y. Hsiao, "A Class of Optimal Minimum Odd-weight-column SEC-DED
Codes", IBM J. Res. Develop. 14(4), 1970): the columns of data bits are distinct, of odd weight 3 or
more, as light as there are; check bits have weight 1. Two errors give a syndrome of even weight,
which is no column: they are detected. Three give one of odd weight, which may be a column: the
decoder then "corrects" a fourth bit, as hardware does.

Of the columns of the heaviest weight only some are needed. Hsiao asks that rows be equally heavy,
which decides how deep circuits are, and which triple errors are mistaken for single ones; nothing
else. Here the lightest rows are filled first, the smallest column of those that fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from analyzer.faults.protections.linear import LinearCode, LinearGuard
from analyzer.faults.protections.parity import DONE, behind
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.protections.scheme import Action, Guard, PlainCodecs


def check_bits(data: int) -> int:
    """Check bits of so many data bits: r with 2^(r-1) - r odd-weight columns of weight 3 or more.

    >>> [check_bits(n) for n in (1, 4, 8, 16, 32, 57, 58, 64, 120, 128)]
    [3, 4, 5, 6, 7, 7, 8, 8, 8, 9]
    """
    checks = 3
    while (1 << checks - 1) - checks < data:
        checks += 1
    return checks


@lru_cache(maxsize=32)
def hsiao_columns(data: int) -> tuple[int, ...]:
    """The columns of the data bits, lightest first.

    >>> [f"{column:04b}" for column in hsiao_columns(4)]
    ['0111', '1011', '1101', '1110']
    """
    checks = check_bits(data)
    loads = [0] * checks
    found: list[int] = []
    for weight in range(3, checks + 1, 2):
        rows = list(combinations(range(checks), weight))
        rows.sort(key=lambda places: sum(1 << place for place in places))
        while rows and len(found) < data:
            chosen = min(rows, key=lambda places: sorted((loads[p] for p in places), reverse=True))
            rows.remove(chosen)
            for place in chosen:
                loads[place] += 1
            found.append(sum(1 << place for place in chosen))
    return tuple(found)


@dataclass(frozen=True)
class Secded(PlainCodecs):
    """Hsiao's code over words.

    Attributes:
        data: Data bits of a word.
        action: What is done about a word with two errors, or more that are found.
    """

    data: int = 64
    action: Action = Action.STOP

    def __str__(self) -> str:
        return f"secded:{self.data}{behind(self.action, Action.STOP)}"

    @property
    def about(self) -> str:
        """One sentence."""
        return (
            f"SEC-DED (Hsiao 1970), {check_bits(self.data)} check bits per {self.data} data bits, "
            "corrects one flipped bit of a word and detects two; a word with a detected error "
            f"{DONE[self.action]}."
        )

    def guard(self, part: Part) -> Guard:
        """Put it to work."""
        columns = np.array(hsiao_columns(self.data), np.uint64)
        code = LinearCode(self.data, columns, check_bits(self.data), corrects=True)
        return LinearGuard(code, part.words(self.data), self.action, "secded")

    def examples(self) -> Sequence[ProtectionExample]:
        """One flip, two, three that look like one, a check bit; each action."""
        here = str(Secded(4, self.action))
        columns = (
            "The columns of the 4 data bits are 7, 11, 13 and 14, those of the check bits 1 2 4 8."
        )
        two = f"{columns} Bits 0 and 1: syndrome 7 ^ 11 = 12, no column."
        if self.action is not Action.STOP:
            after = (0, 6) if self.action is Action.ZERO else (5, 6)
            counts = (0, 1) if self.action is Action.ZERO else (1, 0)
            return (ProtectionExample("uint4", (5, 6), "flip", (0, 1), after, *counts, two, here),)
        three = f"{columns} Bits 0, 1, 2: 7 ^ 11 ^ 13 = 1: check bit 0 is 'corrected'."
        check = f"{columns} Check bit 3 of word 1 flips: syndrome 8."
        return (
            ProtectionExample("uint4", (5, 6), "flip", (2,), (5, 6), 1, 0, columns, here),
            ProtectionExample("uint4", (5, 6), "flip", (0, 1), (6, 6), 0, 1, two, here),
            ProtectionExample("uint4", (5, 6), "flip", (0, 1, 2), (2, 6), 0, 0, three, here),
            ProtectionExample("uint4", (5, 6), "flip", (15,), (5, 6), 1, 0, check, here),
            ProtectionExample("uint4", (5, 6), "stuck1", (0,), (5, 6), 0, 0, "It holds 1.", here),
        )
