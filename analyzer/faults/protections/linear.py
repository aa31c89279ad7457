"""Linear block codes: a word is some data bits and check bits, and its syndrome tells of errors.

The syndrome of a word is the exclusive or of the columns of all its bits that hold 1; without
errors it is 0. By linearity it is the exclusive or of the columns of the *flipped* bits, whatever
the word holds (Lin and Costello, *Error Control Coding*, ch. 3). So decoding needs flips alone.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.faults.bitmap import Bools
from analyzer.faults.models import SiteIndex
from analyzer.faults.protections.part import Part, Words
from analyzer.faults.protections.scheme import NO_SITES, Action, Decoded
from analyzer.faults.space import Indices, TensorSite

Syndromes = npt.NDArray[np.uint64]

BITS_AT_ONCE = 1 << 22
"""Data bits that are read together where check bits are computed."""


@dataclass(frozen=True)
class LinearCode:
    """A systematic linear code.

    Attributes:
        data: Data bits of a word.
        columns: uint64 (data,), the syndrome of each data bit; that of check bit j is ``1 << j``.
        checks: Check bits of a word, 64 at most.
        corrects: Whether a syndrome that is a column is taken for an error in that bit.
    """

    data: int
    columns: Syndromes
    checks: int
    corrects: bool

    @cached_property
    def all_columns(self) -> Syndromes:
        """Columns of data bits, then of check bits: uint64 (data + checks,)."""
        checks = np.left_shift(np.uint64(1), np.arange(self.checks, dtype=np.uint64))
        return np.concatenate([self.columns, checks])

    @cached_property
    def _sorted(self) -> tuple[Syndromes, Indices]:
        order = np.argsort(self.all_columns, kind="stable")
        return self.all_columns[order], order.astype(np.int64)

    def places(self, syndromes: Syndromes) -> Indices:
        """The bit that is taken to be wrong, by syndrome.

        Args:
            syndromes: uint64 (n,), none of them 0.

        Returns:
            int64 (n,) places in the word, check bits behind the data bits; -1 where the syndrome
            is that of no single error, or the code corrects nothing.
        """
        if not self.corrects:
            return np.full(len(syndromes), -1, np.int64)
        columns, order = self._sorted
        found = np.minimum(columns.searchsorted(syndromes), len(columns) - 1)
        return np.where(columns[found] == syndromes, order[found], -1)


@dataclass(frozen=True)
class LinearGuard:
    """A linear code over the words of a part.

    Attributes:
        code: The code.
        words: The words.
        action: What is done about errors that are found and not corrected.
        scheme: Name of the scheme.
    """

    code: LinearCode
    words: Words
    action: Action
    scheme: str

    @property
    def part(self) -> Part:
        """The protected bits."""
        return self.words.part

    @cached_property
    def checks(self) -> tuple[TensorSite, ...]:
        """One tensor of check bits per protected tensor."""
        return self.words.check_tensors(self.scheme, self.code.checks)

    def decode(self, data: SiteIndex, checks: SiteIndex) -> Decoded:
        """Find, correct and act upon errors; see `Guard.decode`.

        Args:
            data: int64 (n,), flipped data bits.
            checks: int64 (m,), flipped check bits.
        """
        words, places = self.words.locate(data)
        if len(checks):
            check_words, check_places = np.divmod(checks, self.code.checks)
            words = np.concatenate([words, check_words])
            places = np.concatenate([places, check_places + self.code.data])
        if not len(words):
            return Decoded(NO_SITES)
        order = np.argsort(words, kind="stable")
        words, places = words[order], places[order]
        starts = np.flatnonzero(np.diff(words, prepend=-1))
        syndromes = np.bitwise_xor.reduceat(self.code.all_columns[places], starts)
        return self._read(words, places, words[starts], syndromes)

    def _read(self, words: Indices, places: Indices, hit: Indices, syndromes: Syndromes) -> Decoded:
        """Read the words ``hit``, ascending, whose flips are ``places`` in ``words``."""
        wrong = syndromes != 0
        guessed = np.full(len(hit), -1, np.int64)
        guessed[wrong] = self._inside(hit[wrong], self.code.places(syndromes[wrong]))
        detected = wrong & (guessed < 0)
        corrected = guessed >= 0
        # A bit that was flipped and is flipped back by the decoder reads as written.
        # Where the run is stopped, words with errors that were found stay as they are held.
        kept = ~detected[hit.searchsorted(words)] | (self.action is Action.STOP)
        stride = self.code.data + self.code.checks
        keys = np.concatenate(
            [words[kept] * stride + places[kept], hit[corrected] * stride + guessed[corrected]]
        )
        found, counts = np.unique(keys, return_counts=True)
        left_words, left_places = np.divmod(found[counts == 1], stride)
        data = left_places < self.code.data
        sites, _ = self.words.sites(left_words[data], left_places[data])
        faulty = np.isin(hit, left_words[data])
        as_written = int(np.count_nonzero(~detected & ~faulty))
        return self._act(hit[detected], sites, as_written)

    def _inside(self, words: Indices, places: Indices) -> Indices:
        """Places that the words have; -1 for data bits beyond the end of a short last word."""
        data = np.flatnonzero((places >= 0) & (places < self.code.data))
        _, there = self.words.sites(words[data], places[data])
        found = places.copy()
        found[data[~there]] = -1
        return found

    def _act(self, detected: Indices, sites: SiteIndex, corrections: int) -> Decoded:
        """Act upon words with errors that were found.

        Args:
            detected: int64 (n,), these words.
            sites: residual of all other words.
            corrections: number of all other words that read as written.
        """
        if not len(detected) or self.action is Action.RELOAD:
            return Decoded(sites, corrections + len(detected))
        if self.action is Action.STOP:
            return Decoded(sites, corrections, len(detected), announced=True)
        zeroed, _ = self.ones_of(detected)
        # A word of zeros that is set to zero reads as written.
        lost = len(np.unique(self.words.locate(zeroed)[0])) if len(zeroed) else 0
        same = len(detected) - lost
        return Decoded(np.concatenate([sites, zeroed]), corrections + same, lost)

    def ones_of(self, words: Indices) -> tuple[SiteIndex, Indices]:
        """The data bits of words that hold 1 without faults.

        Args:
            words: int64 (n,), numbers of words.

        Returns:
            int64 (m,) sites, and int64 (m,) which of ``words`` each is in.
        """
        length = self.code.data
        rows = np.repeat(np.arange(len(words)), length)
        places = np.tile(np.arange(length), len(words))
        sites, there = self.words.sites(words[rows], places)
        ones = self.part.contents.ones(sites)
        return sites[ones], rows[there][ones]

    def data_ones(self, sites: SiteIndex) -> Bools:
        """As the memory holds them."""
        return self.part.contents.ones(sites)

    def check_ones(self, sites: SiteIndex) -> Bools:
        """Computed from the data bits of the words that are asked for."""
        words, bits = np.divmod(sites, self.code.checks)
        found = np.zeros(len(sites), np.bool_)
        step = max(1, BITS_AT_ONCE // self.code.data)
        for first in range(0, len(sites), step):
            part = slice(first, first + step)
            checks = self.check_words(words[part])
            found[part] = checks >> bits[part].astype(np.uint64) & np.uint64(1)
        return found

    def check_words(self, words: Indices) -> Syndromes:
        """Check bits of words without faults.

        Args:
            words: int64 (n,), numbers of words.

        Returns:
            uint64 (n,).
        """
        ones, rows = self.ones_of(words)
        checks = np.zeros(len(words), np.uint64)
        np.bitwise_xor.at(checks, rows, self.code.columns[self.words.locate(ones)[1]])
        return checks
