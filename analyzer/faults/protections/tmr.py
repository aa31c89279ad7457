"""Triple modular redundancy: every bit is stored three times, and the majority is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.models import SiteIndex
from analyzer.faults.protections.part import CheckCodec, Part, Words
from analyzer.faults.protections.protection import ProtectionExample
from analyzer.faults.protections.scheme import Decoded, Guard, PlainCodecs
from analyzer.faults.space import Target, TensorSite


@dataclass(frozen=True)
class TmrGuard:
    """Two copies beside the bits of a part.

    Attributes:
        words: The protected bits one by one: a code word is a bit and its two copies.
    """

    words: Words

    @cached_property
    def checks(self) -> tuple[TensorSite, ...]:
        """The second copy of every protected tensor, then the third of every one."""
        return (*self._copies(2), *self._copies(3))

    def _copies(self, number: int) -> list[TensorSite]:
        part, found = self.words.part, []
        for index in np.flatnonzero(part.sizes).tolist():
            tensor, bits = part.data.tensors[index], int(part.counts[index])
            name = f"{tensor.name} ({part.rule}, copy {number})"
            codec, target = CheckCodec("tmr", bits), Target.CHECK
            found.append(TensorSite(name, tensor.kind, tensor.shape, codec, "uint8", target))
        return found

    def decode(self, data: SiteIndex, checks: SiteIndex) -> Decoded:
        """Take the majority; see `Guard.decode`.

        Args:
            data: int64 (n,), flipped data bits.
            checks: int64 (m,), flipped bits of copies.
        """
        first, _ = self.words.locate(data)
        flipped = np.concatenate([first, checks % self.words.count])
        bits, counts = np.unique(flipped, return_counts=True)
        lost = bits[counts > 1]
        sites, _ = self.words.sites(lost, np.zeros(len(lost), np.int64))
        return Decoded(sites, len(bits) - len(lost))

    def data_ones(self, sites: SiteIndex) -> Bools:
        """As the memory holds them."""
        return self.words.part.contents.ones(sites)

    def check_ones(self, sites: SiteIndex) -> Bools:
        """As the bits that they are copies of."""
        bits = sites % self.words.count
        found, _ = self.words.sites(bits, np.zeros(len(bits), np.int64))
        return self.data_ones(found)


@dataclass(frozen=True)
class Tmr(PlainCodecs):
    """Every bit three times."""

    about = "Every protected bit is stored three times; the majority of the three is read."

    def __str__(self) -> str:
        return "tmr"

    def guard(self, part: Part) -> Guard:
        """Put it to work."""
        return TmrGuard(part.words(1))

    def examples(self) -> Sequence[ProtectionExample]:
        """One flip, two of the same bit, two of different bits."""
        one = "One of three copies of bit 1 flips: two outvote it."
        two = "Bit 0 and its second copy (site 16) flip: the third is outvoted."
        copies = "The second and third copy (sites 17 and 33) of bit 1 flip."
        apart = "Bit 0 and the second copy of bit 1: each is outvoted."
        return (
            ProtectionExample("uint8", (5, 7), "flip", (1,), (5, 7), 1, 0, one, "tmr"),
            ProtectionExample("uint8", (5, 7), "flip", (0, 16), (4, 7), 0, 0, two, "tmr"),
            ProtectionExample("uint8", (5, 7), "flip", (17, 33), (7, 7), 0, 0, copies, "tmr"),
            ProtectionExample("uint8", (5, 7), "flip", (0, 17), (5, 7), 2, 0, apart, "tmr"),
        )
