"""Parity: one check bit makes the number of ones in a word even."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.faults.protections.linear import LinearCode, LinearGuard
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.protections.scheme import Action, Guard, PlainCodecs


@dataclass(frozen=True)
class Parity(PlainCodecs):
    """One parity bit per word.

    Attributes:
        data: Data bits of a word.
        action: What is done about a word whose parity is wrong.
    """

    data: int = 32
    action: Action = Action.RELOAD

    def __str__(self) -> str:
        return f"parity:{self.data}{behind(self.action, Action.RELOAD)}"

    @property
    def about(self) -> str:
        """One sentence."""
        return (
            f"One parity bit per {self.data} data bits finds every odd number of flipped bits in a "
            f"word; such a word {DONE[self.action]}."
        )

    def guard(self, part: Part) -> Guard:
        """Every column is 1: an odd number of flips is found and an even one is not."""
        code = LinearCode(self.data, np.ones(self.data, np.uint64), 1, corrects=False)
        return LinearGuard(code, part.words(self.data), self.action, "parity")

    def examples(self) -> Sequence[ProtectionExample]:
        """One flip, two, one in the check bit; each action."""
        here = str(Parity(8, self.action))
        first = "Word 0 (5) has two ones, and parity bit 0."
        if self.action is not Action.RELOAD:
            after, found = ((0, 1), 1) if self.action is Action.ZERO else ((7, 1), 1)
            working = f"{first} Bit 1 makes three ones: found."
            return (
                ProtectionExample("uint8", (5, 1), "flip", (1,), after, 0, found, working, here),
            )
        two, check = f"{first} Two flips keep it even: not found.", f"{first} The parity bit flips."
        return (
            ProtectionExample("uint8", (5, 1), "flip", (1,), (5, 1), 1, 0, first, here),
            ProtectionExample("uint8", (5, 1), "flip", (1, 3), (15, 1), 0, 0, two, here),
            ProtectionExample("uint8", (5, 1), "flip", (16,), (5, 1), 1, 0, check, here),
            ProtectionExample("uint8", (5, 1), "stuck0", (0, 8), (5, 1), 2, 0, first, here),
        )


DONE = {
    Action.STOP: "ends the run as a detected error",
    Action.RELOAD: "is written anew from a copy that is taken to be right",
    Action.ZERO: "reads 0",
}
"""Action -> what becomes of a word with an error that was found, as the end of a sentence."""


def behind(action: Action, default: Action) -> str:
    """The text of an action behind a scheme; nothing if it is the default.

    Args:
        action: of the scheme.
        default: what the scheme does if nothing is said.
    """
    return "" if action is default else f":{action.value}"
