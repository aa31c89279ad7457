"""Philox 4x64-10 and numpy's use of it, written anew from their descriptions.

Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011; Lemire, *Fast random integer
generation in an interval*, 2019; binomial inversion after Kachitvichyanukul & Schmeiser, 1988.
"""

import hashlib
import math
from collections.abc import Iterator
from itertools import accumulate

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
        """For p above 1/2 and few misses: count the misses, term by term."""
        q = 1.0 - p
        first = math.exp(n * math.log(p))
        bound = min(n, n * q + 10.0 * math.sqrt(n * q * p + 1))
        misses, term, left = 0, first, self.uniform()
        while left > term:
            misses += 1
            if misses > bound:
                misses, term, left = 0, first, self.uniform()
            else:
                left -= term
                term = (n - misses + 1) * q * term / (misses * p)
        return n - misses

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


def count(stream: Stream, bits: int, rate: float) -> int:
    """Upsets of one trial, at least one."""
    if rate > 0.5:
        while True:
            found = stream.binomial(bits, rate)
            if found:
                return found
    any_upset = 1 - (1 - rate) ** bits
    share = stream.uniform() * any_upset
    terms = (math.comb(bits, k) * rate**k * (1 - rate) ** (bits - k) for k in range(1, 200))
    return next(k for k, below in enumerate(accumulate(terms), 1) if share < below)


def places(stream: Stream, bits: int, wanted: int) -> list[int]:
    """Distinct places, ascending."""
    if wanted > bits // 2:
        return sorted(stream.shuffled(bits)[:wanted])
    kept: set[int] = set()
    while len(kept) < wanted:
        kept |= {stream.below(bits) for _ in range(wanted - len(kept))}
    return sorted(kept)


def trial_draw(
    plan_id: str, name: str, trial: int, ends: tuple[int, ...], bits: int, rate: float
) -> tuple[int, list[int]]:
    """Batch and sites of one transient trial."""
    stream = Stream(plan_id, name, trial)
    image = stream.below(ends[-1])
    batch = next(i for i, end in enumerate(ends) if image < end)
    return batch, places(stream, bits, count(stream, bits, rate))
