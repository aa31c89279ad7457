"""What one upset does to the bits it hits, and how many upsets a bit error rate brings."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadOption
from analyzer.faults.elements import Codes

MAX_BURST = 64


class FaultKind(StrEnum):
    """The closed set of upsets."""

    FLIP = "flip"
    BURST = "burst"
    STUCK0 = "stuck0"
    STUCK1 = "stuck1"


@dataclass(frozen=True, slots=True)
class FaultModel:
    """What one upset does.

    Attributes:
        kind: ``flip`` inverts one bit; ``burst`` inverts ``length`` adjacent bits of the tensor
            from the site upwards (a burst ends with its tensor); ``stuck0`` and ``stuck1`` read
            as that value whatever is stored.
        length: Bits per upset, 1 except for bursts.
    """

    kind: FaultKind
    length: int = 1

    def __str__(self) -> str:
        """The form in which flags and reports write it."""
        return f"burst:{self.length}" if self.kind is FaultKind.BURST else str(self.kind)

    def apply(self, codes: Codes, masks: Codes) -> Codes:
        """Codes after the upset.

        Args:
            codes: unsigned (n,), the stored bits.
            masks: same dtype and shape, 1 where a bit is hit.

        >>> FaultModel(FaultKind.STUCK1).apply(np.array([5], np.uint8), np.array([2], np.uint8))
        array([7], dtype=uint8)
        """
        match self.kind:
            case FaultKind.FLIP | FaultKind.BURST:
                return codes ^ masks
            case FaultKind.STUCK0:
                return codes & ~masks
            case FaultKind.STUCK1:
                return codes | masks
        assert_never(self.kind)

    @staticmethod
    def examples() -> tuple[tuple[str, int, int, int], ...]:
        """(fault, code, mask, code after): one per kind, executed by a test."""
        return (
            ("flip", 0b1010, 0b0110, 0b1100),
            ("burst:2", 0b1010, 0b0110, 0b1100),
            ("stuck0", 0b1010, 0b0110, 0b1000),
            ("stuck1", 0b1010, 0b0110, 0b1110),
        )


def parse_fault(text: str) -> FaultModel:
    """Read ``flip``, ``burst:K``, ``stuck0`` or ``stuck1``.

    Raises:
        BadOption: anything else, or K outside 2..64.

    >>> str(parse_fault("burst:3"))
    'burst:3'
    """
    name, colon, length = text.partition(":")
    if name == FaultKind.BURST and length.isdecimal() and 2 <= int(length) <= MAX_BURST:
        return FaultModel(FaultKind.BURST, int(length))
    if not colon and name in {FaultKind.FLIP, FaultKind.STUCK0, FaultKind.STUCK1}:
        return FaultModel(FaultKind(name))
    raise BadOption(
        f"--fault {text!r} is not a fault model; use flip, burst:K (K from 2 to {MAX_BURST}), "
        "stuck0 or stuck1"
    )


SiteIndex = npt.NDArray[np.int64]
"""Positions of upsets in a `FaultSpace`: int64 (n,), each in 0..bits-1, ascending, distinct."""


@dataclass(frozen=True, slots=True)
class FaultPattern:
    """The upsets of one trial: where they hit, and what each does."""

    fault: FaultModel
    sites: SiteIndex

    def __len__(self) -> int:
        """Number of upsets."""
        return len(self.sites)
