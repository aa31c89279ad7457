"""The bits that one rule protects: numbered tensor by tensor, and cut into words of one length.

Within a tensor the protected bits keep their order: element by element, bit 0 first. Word *w* of a
tensor holds N of them, from number ``w N`` on. Every tensor begins a new word, and its last word
may be shorter: what is missing there counts as 0 and cannot be hit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import Codes, Values
from analyzer.faults.models import SiteIndex
from analyzer.faults.protections.contents import Contents
from analyzer.faults.space import FaultSpace, Indices, Target, TensorSite

CHECK_BITS = "check bits of "
"""Begin of the names of codecs that hold check bits."""


@dataclass(frozen=True, slots=True)
class CheckCodec:
    """Check bits: nothing is known of their values before a memory is read.

    Attributes:
        scheme: Name of the scheme that keeps them.
        bits: Check bits of one word.
    """

    scheme: str
    bits: int

    @property
    def name(self) -> str:
        """Name in reports."""
        return f"{CHECK_BITS}{self.scheme}"

    def encode(self, values: Values) -> Codes:
        """Zeros: upsets in check bits move no value, which is all that strata ask."""
        return np.zeros(values.shape, f"uint{smallest_width(self.bits)}")

    def decode(self, codes: Codes) -> Values:
        """Zeros as well."""
        return np.zeros(codes.shape, np.uint8)


def smallest_width(bits: int) -> int:
    """Bits of the smallest unsigned type that holds so many bits.

    >>> smallest_width(1), smallest_width(9), smallest_width(64)
    (8, 16, 64)
    """
    return next(width for width in (8, 16, 32, 64) if bits <= width)


@dataclass(frozen=True)
class Part:
    """The bits under one rule.

    Attributes:
        contents: What the memory holds without faults.
        chosen: bool (tensors, widest), the protected bit positions of each tensor.
        rule: The rule, as users write it.
    """

    contents: Contents
    chosen: Bools
    rule: str

    @property
    def data(self) -> FaultSpace:
        """The bits that readers meet."""
        return self.contents.data

    @cached_property
    def counts(self) -> Indices:
        """Protected bits of one element of each tensor: int64 (tensors,)."""
        return np.asarray(self.chosen.sum(axis=1, dtype=np.int64))

    @cached_property
    def sizes(self) -> Indices:
        """Protected bits of each tensor: int64 (tensors,)."""
        elements = np.array([t.elements for t in self.data.tensors], np.int64)
        return elements * self.counts

    @property
    def bits(self) -> int:
        """Number of protected bits."""
        return int(self.sizes.sum())

    @cached_property
    def _ranks(self) -> Indices:
        """Of each position, how many protected ones lie below: int64 (tensors, widest)."""
        return np.asarray(np.cumsum(self.chosen, axis=1, dtype=np.int64) - self.chosen)

    @cached_property
    def _positions(self) -> Indices:
        """Protected positions of each tensor, ascending, in the first columns."""
        return np.argsort(~self.chosen, axis=1, kind="stable")

    def words(self, length: int) -> "Words":
        """The protected bits in words.

        Args:
            length: data bits of a word, 1 or more.
        """
        counts = -(-self.sizes // length)
        return Words(self, length, np.concatenate(([0], np.cumsum(counts, dtype=np.int64))))

    def locate(self, sites: SiteIndex) -> tuple[Indices, Indices]:
        """Tensor of each site, and its number among the tensor's protected bits.

        Args:
            sites: int64 (n,), sites of protected bits.
        """
        tensors = self.data.offsets.searchsorted(sites, side="right") - 1
        elements, bits = np.divmod(sites - self.data.offsets[tensors], self.data.widths[tensors])
        return tensors, elements * self.counts[tensors] + self._ranks[tensors, bits]

    def sites(self, tensors: Indices, numbers: Indices) -> SiteIndex:
        """Sites of protected bits: the inverse of `locate`.

        Args:
            tensors: int64 (n,), indices of tensors.
            numbers: int64 (n,), numbers among the tensor's protected bits.
        """
        elements, ranks = np.divmod(numbers, self.counts[tensors])
        widths = self.data.widths[tensors]
        bits = self._positions[tensors, ranks]
        return np.asarray(self.data.offsets[tensors] + elements * widths + bits, np.int64)


@dataclass(frozen=True)
class Words:
    """The protected bits of a part in words.

    Attributes:
        part: The protected bits.
        length: Data bits of a word.
        firsts: int64 (tensors + 1,), number of the first word of each tensor, and of all words.
    """

    part: Part
    length: int
    firsts: Indices

    @property
    def count(self) -> int:
        """Number of words."""
        return int(self.firsts[-1])

    def locate(self, sites: SiteIndex) -> tuple[Indices, Indices]:
        """Word of each site, and its place in the word; see `Part.locate`."""
        tensors, numbers = self.part.locate(sites)
        words, places = np.divmod(numbers, self.length)
        return self.firsts[tensors] + words, places

    def sites(self, words: Indices, places: Indices) -> tuple[SiteIndex, npt.NDArray[np.bool_]]:
        """Sites of places in words.

        Args:
            words: int64 (n,), numbers of words.
            places: int64 (n,), each in 0 .. ``length - 1``.

        Returns:
            int64 (m,) sites, and bool (n,), false where a last word is too short for the place.
        """
        tensors = self.firsts.searchsorted(words, side="right") - 1
        numbers = (words - self.firsts[tensors]) * self.length + places
        there = numbers < self.part.sizes[tensors]
        return self.part.sites(tensors[there], numbers[there]), there

    def check_tensors(self, scheme: str, bits: int) -> tuple[TensorSite, ...]:
        """Tensors of the check bits of all words, one for each protected tensor.

        Args:
            scheme: name of the scheme.
            bits: check bits of one word.
        """
        found = []
        for index in np.flatnonzero(self.part.sizes).tolist():
            tensor = self.part.data.tensors[index]
            words = int(self.firsts[index + 1] - self.firsts[index])
            name = f"{tensor.name} ({self.part.rule})"
            codec = CheckCodec(scheme, bits)
            found.append(TensorSite(name, tensor.kind, (words,), codec, "uint8", Target.CHECK))
        return tuple(found)
