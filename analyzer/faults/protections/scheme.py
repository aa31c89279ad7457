"""The protocol of a scheme: it guards the bits of a part, and acts upon errors that it finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import Codec
from analyzer.faults.models import SiteIndex
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.space import TensorSite


class Action(StrEnum):
    """The reaction of a memory to a word with an error that it found and cannot correct."""

    STOP = "stop"
    """It reports the error, and no answer is used: a DUE on every image."""

    RELOAD = "reload"
    """The word is written anew from a copy that is taken to be right, such as flash."""

    ZERO = "zero"
    """The data bits of the word read 0, and nothing is reported."""


NO_SITES = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The upsets of a part that decoding leaves; attributes as in `Residual`.

    Attributes:
        sites: int64 (n,), data bits that read otherwise than written, in any order, distinct.
        corrections: Code words that upsets hit and that read as written.
        detections: Code words with an error that was found and not corrected.
        announced: Whether detections are reported.
    """

    sites: SiteIndex
    corrections: int = 0
    detections: int = 0
    announced: bool = False


class Guard(Protocol):
    """A scheme at work on the bits of a part.

    It takes flips: bits that hold the other value than the one that was written.
    """

    @property
    def checks(self) -> tuple[TensorSite, ...]:
        """Tensors of check bits; empty if the data bits alone hold the code."""

    def decode(self, data: SiteIndex, checks: SiteIndex) -> Decoded:
        """Read the memory.

        Args:
            data: int64 (n,), flipped bits of the part, ascending.
            checks: int64 (m,), flipped check bits, counted within ``checks``, ascending.
        """

    def data_ones(self, sites: SiteIndex) -> Bools:
        """True for bits of the part that hold a 1 without faults: int64 (n,) to bool (n,)."""

    def check_ones(self, sites: SiteIndex) -> Bools:
        """True for check bits that hold a 1 without faults; counted within ``checks``."""


class Scheme(Protocol):
    """A way to protect bits; its text in flags is its ``str``."""

    @property
    def about(self) -> str:
        """One sentence for the reader of a report."""

    def refusal(self, tensor: TensorSite) -> str:
        """The reason for which it cannot protect a tensor, as the end of a sentence; or empty."""

    def codec(self, tensor: TensorSite) -> Codec:
        """The codec through which readers meet a tensor: its own, unless the code is in place."""

    def covered(self, tensor: TensorSite, chosen: Bools) -> Bools:
        """Bit positions at which one upset alone is harmless; strata count them as mild.

        Args:
            tensor: a tensor of the part.
            chosen: bool (widest,), its protected positions.
        """

    def guard(self, part: Part) -> Guard:
        """Put the scheme to work."""

    def examples(self) -> Sequence[ProtectionExample]:
        """Examples, at least one for each thing that the decoder can do."""


@dataclass(frozen=True)
class PlainCodecs:
    """Members of schemes that leave the stored bits of the data as they are."""

    def refusal(self, tensor: TensorSite) -> str:
        """Any tensor can be protected."""
        return ""

    def codec(self, tensor: TensorSite) -> Codec:
        """Its own."""
        return tensor.codec

    def covered(self, tensor: TensorSite, chosen: Bools) -> Bools:
        """Every protected position; see `Scheme.covered`.

        Args:
            tensor: a tensor of the part.
            chosen: bool (widest,), its protected positions.
        """
        return chosen
