"""Fault models: a kind of upset with its number, and the upsets of one trial."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadOption
from analyzer.faults import kinds
from analyzer.faults.elements import Codes
from analyzer.faults.footprints import Footprint
from analyzer.faults.kinds import Example, FaultKind, listed_choices
from analyzer.faults.operations import BITWISE


@dataclass(frozen=True, slots=True)
class FaultModel:
    """A fault: a kind of upset, and its number.

    Attributes:
        kind: What happens to each bit that is hit.
        length: The number behind the kind's colon (of a burst: bits per upset); else 1.
    """

    kind: FaultKind
    length: int = 1

    def __str__(self) -> str:
        """The form in which flags and reports write it."""
        return f"{self.kind.name}:{self.length}" if self.kind.parameter else self.kind.name

    @property
    def footprint(self) -> Footprint:
        """The bits that an upset hits, given its site."""
        return self.kind.footprint(self.length)

    def apply(self, codes: Codes, masks: Codes) -> Codes:
        """Codes after the upset.

        Args:
            codes: unsigned (n,), the stored bits.
            masks: same dtype and shape, 1 where a bit is hit.

        >>> parse_fault("stuck1").apply(np.array([5], np.uint8), np.array([2], np.uint8))
        array([7], dtype=uint8)
        """
        return BITWISE[self.kind.becomes].apply(codes, masks)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """One example per kind, executed by a test."""
        return tuple(kind.example for kind in kinds.FAULT_KINDS)


FLIP = FaultModel(kinds.FLIP)
"""One inverted bit per upset."""


def parse_fault(text: str) -> FaultModel:
    """Read a fault as users write it: ``flip``, ``burst:K``, ``stuck0`` or ``stuck1``.

    Raises:
        BadOption: anything else, or K outside 2..64.

    >>> str(parse_fault("burst:3"))
    'burst:3'
    """
    name, colon, number = text.partition(":")
    for kind in kinds.FAULT_KINDS:
        if name != kind.name or bool(colon) != bool(kind.parameter):
            continue
        if kind.parameter is None:
            return FaultModel(kind)
        _, least, most = kind.parameter
        if number.isdecimal() and len(number) < 10 and least <= int(number) <= most:
            return FaultModel(kind, int(number))
    offers = listed_choices([kind.offer for kind in kinds.FAULT_KINDS])
    raise BadOption(f"--fault {text!r} is not a fault model; use {offers}")


SiteIndex = npt.NDArray[np.int64]
"""Positions of upsets in a `FaultSpace`: int64 (n,), each in 0..bits-1, ascending, distinct."""


@dataclass(frozen=True, slots=True)
class FaultPattern:
    """The upsets of one trial.

    Attributes:
        fault: What each upset does.
        sites: int64 (n,), where each upset begins.
    """

    fault: FaultModel
    sites: SiteIndex

    def __len__(self) -> int:
        """Number of upsets."""
        return len(self.sites)
