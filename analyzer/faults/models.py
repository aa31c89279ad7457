"""Fault models: a kind of upset with its number, and the upsets of one trial."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from analyzer.faults import kinds
from analyzer.faults.elements import Codes
from analyzer.faults.footprints import AnyFootprint, Footprint
from analyzer.faults.kinds import INVERT, Example, FaultKind, listed_choices
from analyzer.faults.operations import BITWISE


@dataclass(frozen=True, slots=True)
class FaultModel:
    """A fault: a kind of upset, and its number.

    Attributes:
        kind: What happens to each bit that is hit.
        length: The number behind the kind's colon (of a burst: bits per upset); else 1.
        parts: Of a mixture: the share of each kind of upset, in (0, 1), and the kind; else empty.
    """

    kind: FaultKind
    length: int = 1
    parts: tuple[tuple[float, "FaultModel"], ...] = ()

    def __str__(self) -> str:
        """The form in which flags and reports write it."""
        if self.parts:
            shares = ",".join(f"{fault}={share!r}" for share, fault in self.parts)
            return f"{self.kind.name}:{shares}"
        return f"{self.kind.name}:{self.length}" if self.kind.parameter else self.kind.name

    @property
    def footprint(self) -> Footprint:
        """The bits that an upset hits, given its site; of a mixture: those that it may hit."""
        if self.parts:
            return AnyFootprint(tuple(fault.footprint for _, fault in self.parts))
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
    """Read a fault as users write it: ``flip``, ``burst:K``, ``word``, ``mix:flip=0.9,word=0.1``.

    Raises:
        BadOption: anything else, a number out of range, or shares that do not sum to 1.

    >>> str(parse_fault("burst:3")), str(parse_fault("word")), str(parse_fault("mbu:2"))
    ('burst:3', 'word:32', 'burst:2')
    >>> str(parse_fault("mix:seu=0.7,mbu2=0.2,word=0.1"))
    'mix:flip=0.7,burst:2=0.2,word:32=0.1'
    """
    plain = text.strip().lower()
    if plain.startswith(f"{kinds.MIXTURE.name}:"):
        return _mixture(plain)
    found = _single(plain)
    if found is None:
        names = [*kinds.ALIASES, *(kind.name for kind in kinds.FAULT_KINDS)]
        name = plain.partition(":")[0]
        guess = "" if name in names else meant(name, names)
        offers = listed_choices([*(kind.offer for kind in kinds.FAULT_KINDS), kinds.MIX_FORM])
        raise BadOption(f"--fault {text!r} is not a fault model{guess}; use {offers}")
    return found


def _single(text: str) -> FaultModel | None:
    """A fault of one kind; None if the text is none."""
    name, colon, number = text.partition(":")
    name = kinds.ALIASES.get(name, name)
    for kind in kinds.FAULT_KINDS:
        if name != kind.name:
            continue
        if kind.parameter is None:
            return None if colon else FaultModel(kind)
        _, least, most, default = kind.parameter
        if not colon:
            return FaultModel(kind, default) if default else None
        if number.isdecimal() and len(number) < 10 and least <= int(number) <= most:
            return FaultModel(kind, int(number))
    return None


_PART = re.compile(r"(stuck[01]|[a-z]+)(?::?([0-9]{1,9}))?=([0-9.eE+-]+)")

CLOSE = 1e-9
"""Distance of a sum of shares from 1 that rounding in decimals may leave."""


def _mixture(text: str) -> FaultModel:
    """A mixture of kinds of upsets.

    Raises:
        BadOption: a part is none, cannot be mixed, or shares do not sum to 1.
    """
    parts = [_part(part, text) for part in text.partition(":")[2].split(",")]
    total = math.fsum(share for share, _ in parts)
    if abs(total - 1.0) > CLOSE:
        raise BadOption(f"--fault {text!r}: the shares sum to {total:g}, not to 1")
    if len({fault for _, fault in parts}) < len(parts):
        raise BadOption(f"--fault {text!r}: a kind of upset is there twice; add its shares up")
    return parts[0][1] if len(parts) == 1 else FaultModel(kinds.MIXTURE, parts=tuple(parts))


def _part(part: str, text: str) -> tuple[float, FaultModel]:
    match = _PART.fullmatch(part.strip())
    fault = _single(":".join(filter(None, (match[1], match[2])))) if match else None
    try:
        share = float(match[3]) if match else 0.0
    except ValueError:
        share = 0.0
    if fault is None or not 0.0 < share <= 1.0:
        raise BadOption(
            f"--fault {text!r}: {part!r} is no kind of upset with its share; write parts like "
            "seu=0.7, mbu2=0.2 or row:64=0.1"
        )
    if fault.kind.becomes != INVERT:
        raise BadOption(f"--fault {text!r}: {fault} cannot be mixed: only upsets that invert can")
    return share, fault


SiteIndex = npt.NDArray[np.int64]
"""Positions of upsets in a `FaultSpace`: int64 (n,), each in 0..bits-1, ascending, distinct."""


@dataclass(frozen=True, slots=True)
class FaultPattern:
    """The upsets of one trial.

    Attributes:
        fault: What each upset does.
        sites: int64 (n,), where each upset begins.
        chosen: int64 (n,), under a mixture which of its parts each upset is; else None.
    """

    fault: FaultModel
    sites: SiteIndex
    chosen: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Number of upsets."""
        return len(self.sites)

    def by_kind(self) -> Iterator["FaultPattern"]:
        """The same upsets as patterns of one kind each."""
        if self.chosen is None:
            yield self
            return
        for number, (_, fault) in enumerate(self.fault.parts):
            yield FaultPattern(fault, self.sites[self.chosen == number])

    def fault_of(self, upset: int) -> FaultModel:
        """The kind of one upset, by its number in ``sites``."""
        return self.fault if self.chosen is None else self.fault.parts[self.chosen[upset]][1]
