"""CRC: 32 check bits per block find nearly every error; the block is then written anew.

The generator is that of IEEE 802.3 (CRC-32, 0x04C11DB7), whose codes find every burst of 32 bits or
less (Koopman, "32-bit cyclic redundancy codes for Internet applications", DSN 2002). The first bit
of a block, bit 0 of its first byte, is the highest power; where a starting value or an inversion of
the result is added in practice, neither changes which errors are found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.faults.protections.linear import LinearCode, LinearGuard, Syndromes
from analyzer.faults.protections.parity import DONE, behind
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.protections.scheme import Action, Guard, PlainCodecs

GENERATOR, CHECKS = 0x04C11DB7, 32


def crc_columns(data: int) -> Syndromes:
    """Remainders of the powers that the data bits stand for: uint64 (data,).

    Args:
        data: bits of a block; bit i is the power ``data - 1 - i + 32``.
    """
    found = np.zeros(data, np.uint64)
    power = GENERATOR
    for i in range(data - 1, -1, -1):
        found[i] = power
        power = (power << 1) ^ (GENERATOR | 1 << CHECKS if power >> CHECKS - 1 else 0)
    return found


@dataclass(frozen=True)
class Crc(PlainCodecs):
    """A CRC-32 per block.

    Attributes:
        data: Data bits of a block.
        action: What is done about a block whose CRC is wrong.
    """

    data: int = 4096
    action: Action = Action.RELOAD

    def __str__(self) -> str:
        return f"crc:{self.data}{behind(self.action, Action.RELOAD)}"

    @property
    def about(self) -> str:
        """One sentence."""
        return (
            f"A CRC-32 per block of {self.data} data bits finds every burst of 32 bits or less and "
            f"nearly all else; a block with an error {DONE[self.action]}."
        )

    def guard(self, part: Part) -> Guard:
        """Put it to work."""
        code = LinearCode(self.data, crc_columns(self.data), CHECKS, corrects=False)
        return LinearGuard(code, part.words(self.data), self.action, "crc")

    def examples(self) -> Sequence[ProtectionExample]:
        """Errors that are found, and the generator itself, which is not."""
        here = str(Crc(64, self.action))
        found = "A burst of 6 bits is found."
        if self.action is not Action.RELOAD:
            after = (0, 0) if self.action is Action.ZERO else (5 ^ 0x3F, 6)
            return (ProtectionExample("int32", (5, 6), "burst:6", (0,), after, 0, 1, found, here),)
        whole = [i for i in range(CHECKS + 1) if (GENERATOR | 1 << CHECKS) >> i & 1]
        sites = tuple(sorted(CHECKS - i for i in whole))
        last = "The generator's own 1s, highest first, give remainder 0: not found."
        read = (sum(1 << site for site in sites[:-1]), 1)
        return (
            ProtectionExample("int32", (5, 6), "burst:6", (0,), (5, 6), 1, 0, found, here),
            ProtectionExample("int32", (5, 6), "flip", (64,), (5, 6), 1, 0, "A check bit.", here),
            ProtectionExample("int32", (0, 0), "flip", sites, read, 0, 0, last, here),
        )
