"""Philox 4x64-10 and numpy's use of it, written anew from their descriptions.

Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011; Lemire, *Fast random integer
generation in an interval*, 2019; binomial inversion after Kachitvichyanukul & Schmeiser, 1988.
"""

import hashlib
import math
from collections.abc import Iterator
from itertools import accumulate, count, islice

M0, M1 = 0xD2E7470EE14C6C93, 0xCA5A826395121157
W0, W1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
LOW = 2**64 - 1

Block = tuple[int, int, int, int]


def philox(counter: Block, key: tuple[int, int]) -> Block:
    """One block: ten rounds."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = M0 * c0, M1 * c2
        c0, c1, c2, c3 = p1 >> 64 ^ c1 ^ k0, p1 & LOW, p0 >> 64 ^ c3 ^ k1, p0 & LOW
        k0, k1 = k0 + W0 & LOW, k1 + W1 & LOW
    return c0, c1, c2, c3


class Stream:
    """The numbers of one trial, as numpy takes them from the words."""

    def __init__(self, plan_id: str, stream: str, trial: int) -> None:
        digest = hashlib.sha256(f"{plan_id}\n{stream}".encode()).digest()
        self._key = (
            int.from_bytes(digest[:8], "little"),
            int.from_bytes(digest[8:16], "little"),
        )
        self._words = self._all(trial)
        self._half: int | None = None

    def _all(self, trial: int) -> Iterator[int]:
        block = 0
        while True:
            block += 1  # numpy counts before it computes
            yield from philox((block, 0, trial, 0), self._key)

    def word(self) -> int:
        """The next 64 bits."""
        return next(self._words)

    def half_word(self) -> int:
        """The next 32 bits: the low half of a word, then its high half."""
        if self._half is not None:
            half, self._half = self._half, None
            return half
        word = self.word()
        self._half = word >> 32
        return word & 0xFFFFFFFF

    def uniform(self) -> float:
        """In [0, 1): the top 53 bits of a word."""
        return (self.word() >> 11) * 2.0**-53

    def below(self, bound: int) -> int:
        """In 0 .. bound - 1: the integer part of bound * fraction, biased fractions rejected."""
        if bound == 1:
            return 0
        width = 32 if bound <= 2**32 else 64
        while True:
            product = (self.half_word() if width == 32 else self.word()) * bound
            if product % 2**width >= (2**width - bound) % bound:
                return product >> width

    def binomial(self, n: int, p: float) -> int:
        """Term by term, for few hits; above 1/2 what is not hit is counted."""
        if p > 0.5:
            return n - self.binomial(n, 1.0 - p)
        q = 1.0 - p
        first = math.exp(n * math.log(q))
        bound = min(n, n * p + 10.0 * math.sqrt(n * p * q + 1))
        hits, term, left = 0, first, self.uniform()
        while left > term:
            hits += 1
            if hits > bound:
                hits, term, left = 0, first, self.uniform()
            else:
                left -= term
                term = (n - hits + 1) * p * term / (hits * q)
        return hits

    def up_to(self, most: int) -> int:
        """In 0 .. most: the low bits of half a word, those that are too many rejected."""
        while True:
            found = self.half_word() & (1 << most.bit_length()) - 1
            if found <= most:
                return found

    def shuffled(self, n: int) -> list[int]:
        """Fisher-Yates, from the end."""
        items = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.up_to(i)
            items[i], items[j] = items[j], items[i]
        return items


def at_least(stream: Stream, bits: int, rate: float, least: int) -> int:
    """Upsets of one trial, ``least`` or more."""
    if least == 1 and rate > 0.5:
        while True:
            found = stream.binomial(bits, rate)
            if found:
                return found
    chances = (math.comb(bits, k) * rate**k * (1 - rate) ** (bits - k) for k in count())
    terms = list(islice(chances, 24))
    share = stream.uniform() * (1 - sum(terms[:least]))
    return next(k for k, below in enumerate(accumulate(terms[least:]), least) if share < below)


def places(stream: Stream, bits: int, wanted: int) -> list[int]:
    """Distinct places, ascending."""
    if wanted > bits // 2:
        return sorted(stream.shuffled(bits)[:wanted])
    return others(stream, bits, wanted, set())


def others(stream: Stream, bits: int, wanted: int, taboo: set[int]) -> list[int]:
    """Distinct places without those of ``taboo``, ascending."""
    kept: set[int] = set()
    while len(kept) < wanted:
        kept |= {stream.below(bits) for _ in range(wanted - len(kept))} - taboo
    return sorted(kept)


def batch_of(stream: Stream, ends: tuple[int, ...]) -> int:
    """The batch of a uniformly drawn image."""
    image = stream.below(ends[-1])
    return next(i for i, end in enumerate(ends) if image < end)


def trial_draw(
    plan_id: str, name: str, trial: int, ends: tuple[int, ...], bits: int, rate: float
) -> tuple[int, list[int]]:
    """Batch and sites of one trial whose patterns are not told apart."""
    stream = Stream(plan_id, name, trial)
    batch = batch_of(stream, ends)
    return batch, places(stream, bits, at_least(stream, bits, rate, 1))


def stratum_draw(
    plan_id: str, name: str, trial: int, bits: int, rate: float, severe: list[int], counts: str
) -> tuple[int, list[int]]:
    """Batch and sites of one trial with a number of severe sites: ``0``, ``1`` or ``2+``."""
    stream = Stream(plan_id, name, trial)
    batch = batch_of(stream, (1,))
    mild = bits - len(severe)
    if counts == "0":
        struck, rest = 0, at_least(stream, mild, rate, 1)
    else:
        struck = 1 if counts == "1" else at_least(stream, len(severe), rate, 2)
        rest = stream.binomial(mild, rate)
    chosen = [severe[i] for i in places(stream, len(severe), struck)]
    return batch, sorted(chosen + others(stream, bits, rest, set(severe)))
