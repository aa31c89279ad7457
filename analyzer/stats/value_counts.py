"""Counts of many numbers in bins of equal relative width: quantiles from bounded memory.

The bin of a number is the front of its own bits: sign, exponent and the first `KEPT` bits of the
mantissa. So a bin [a, b) away from 0 has b - a <= a / 2**KEPT, and its middle is within
a / 2**(KEPT + 1) of each number in it. A quantile is the middle of the bin that holds it, cut to
the exact minimum and maximum: it is off by at most `RELATIVE_ERROR` of itself, whatever the
numbers are. Below the smallest normal number bins are of equal width: there it is off by at most
2**-(KEPT + 1) of that number.

All that is kept are whole numbers, minimum and maximum, so that counts add exactly, in any order
and from any partition. The mean is exact, too: mantissas are summed as integers, exponent by
exponent.

What a sketch like DDSketch (Masson, Rim & Lee 2019) makes of logarithms, the floating-point format
has already done; a histogram needs two shifts for each number, and no merging of bins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.stats.binary_form import BinaryForm, form_of

KEPT = 9
"""Bits of the mantissa that tell bins apart."""

RELATIVE_ERROR = 2.0 ** -(KEPT + 1)
"""Most by which a quantile misses the number that it stands for, as a share of that number."""

PIECE = 2**18
"""Numbers that are counted at once, which bounds the memory that counting takes."""

FEW = 2**12
"""So few numbers are cheaper to add one by one than by a table of all bins."""

Values = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]


class ValueCounts:
    """Counts of the numbers in each bin.

    >>> counts = ValueCounts()
    >>> counts.add(np.float32([3.0, 1.0, 0.0, 2.0, np.nan]))
    >>> counts.numbers, counts.nan, counts.mean, counts.maximum
    (4, 1, 1.5, 3.0)
    >>> abs(counts.quantile(Fraction(3, 4)) - 2.0) <= 2.0 * RELATIVE_ERROR
    True
    """

    def __init__(self, dtype: npt.DTypeLike = np.float32) -> None:
        """Nothing was counted yet.

        Args:
            dtype: of the numbers that will be counted: float32 holds float16 and bfloat16 as well.
        """
        self.form: BinaryForm = form_of(dtype, KEPT)
        self.bins: Integers = np.zeros(self.form.bins, np.int64)
        self.sums: Integers = np.zeros((self.form.limbs, self.form.exponents), np.int64)
        self.zeros = self.nan = self.plus_infinity = self.minus_infinity = 0
        self.minimum, self.maximum = np.inf, -np.inf
        self._finite = 0

    @property
    def numbers(self) -> int:
        """Numbers that were counted, infinities among them and NaN not."""
        return self._finite + self.infinite

    @property
    def infinite(self) -> int:
        """Infinite ones among them."""
        return self.plus_infinity + self.minus_infinity

    def add(self, values: Values) -> None:
        """Count numbers.

        Args:
            values: floats (...,) of a type that the type of these counts holds.
        """
        flat = np.ascontiguousarray(values, self.form.dtype).reshape(-1)
        for start in range(0, flat.size, PIECE):
            self._add(flat[start : start + PIECE])

    def _add(self, values: Values) -> None:
        low, high = values.min(), values.max()
        if not (np.isfinite(low) and np.isfinite(high)):  # NaN passes through both
            values = self._set_apart(values)
            if not values.size:
                return
            low, high = values.min(), values.max()
        self.minimum, self.maximum = min(self.minimum, float(low)), max(self.maximum, float(high))
        self._finite += values.size
        nonzero = values[values != 0]
        self.zeros += values.size - nonzero.size
        bits = nonzero.view(self.form.unsigned)
        keys = (bits >> self.form.shift).astype(np.intp)
        if keys.size < FEW:
            np.add.at(self.bins, keys, 1)
        else:
            first = keys.min()  # bins that hold nothing stay untouched memory
            found = np.bincount(keys - first)
            self.bins[first : first + found.size] += found
        exponents = keys >> KEPT
        for row, limb in zip(self.sums, self.form.mantissas(bits), strict=True):
            # Below 2**53, where float64 is exact: PIECE numbers of 27 bits at most.
            sums = np.bincount(exponents, limb, self.form.exponents)
            row += sums.astype(np.int64)

    def _set_apart(self, values: Values) -> Values:
        """Count what is no finite number; the others."""
        self.nan += int(np.isnan(values).sum())
        above, below = int(np.isposinf(values).sum()), int(np.isneginf(values).sum())
        self.plus_infinity += above
        self.minus_infinity += below
        if above:
            self.maximum = np.inf
        if below:
            self.minimum = -np.inf
        finite: Values = values[np.isfinite(values)]
        return finite

    def __iadd__(self, other: "ValueCounts") -> "ValueCounts":
        """Add the counts of other numbers of the same type, exactly."""
        assert self.form == other.form, "bins of one type of numbers"
        self.bins += other.bins
        self.sums += other.sums
        for name in ("zeros", "nan", "plus_infinity", "minus_infinity", "_finite"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        return self

    @property
    def mean(self) -> float:
        """The mean of the finite numbers, rounded once; NaN if there is none."""
        if not self._finite:
            return float("nan")
        total = sum(
            (self._term(int(n)) for n in np.flatnonzero(self.sums.any(axis=0))), Fraction(0)
        )
        return float(total / self._finite)

    def _term(self, exponent: int) -> Fraction:
        """The sum of the numbers of one sign and exponent."""
        limbs = [int(row[exponent]) for row in self.sums]
        whole = sum(limb << (self.form.limb_bits * place) for place, limb in enumerate(limbs))
        return whole * self.form.unit(exponent)

    def quantile(self, share: Fraction) -> float:
        """The smallest number that at least this share of all numbers does not exceed.

        Args:
            share: above 0, up to 1.

        Returns:
            A number within `RELATIVE_ERROR` of it, relatively; NaN if nothing was counted.
        """
        return quantile([(Fraction(1), self)], share)

    def ascending(self) -> "Ascending":
        """The bins that hold numbers, from the lowest to the highest."""
        used = np.flatnonzero(self.bins)
        middles = self.form.middles(used)
        counts = self.bins[used]
        more = [(-np.inf, self.minus_infinity), (0.0, self.zeros), (np.inf, self.plus_infinity)]
        values = np.concatenate((middles, [value for value, count in more if count]))
        sizes = np.concatenate((counts, [count for _, count in more if count])).astype(np.int64)
        values = np.clip(values, self.minimum, self.maximum)
        order = np.argsort(values, kind="stable")
        return Ascending(values[order], np.cumsum(sizes[order]))


@dataclass(frozen=True)
class Ascending:
    """Bins in ascending order.

    Attributes:
        values: float64 (n,), the number that stands for each bin.
        ends: int64 (n,), numbers up to and with each bin.
    """

    values: npt.NDArray[np.float64]
    ends: Integers


Weighted = list[tuple[Fraction, ValueCounts]]
"""Parts of a mixture: the weight of all numbers of a part together, and the numbers."""


def quantile(parts: Weighted, share: Fraction) -> float:
    """A quantile of a mixture of counted numbers, with the error of a single part's.

    Args:
        parts: weights above 0, and numbers; parts without any are left out.
        share: above 0, up to 1.

    Returns:
        The smallest number that at least this share of the mixture does not exceed, within
        `RELATIVE_ERROR`; NaN if nothing was counted.

    >>> one, two = ValueCounts(), ValueCounts()
    >>> one.add(np.zeros(3)); two.add(np.ones(1))
    >>> quantile([(Fraction(1, 4), one), (Fraction(3, 4), two)], Fraction(1, 2))
    1.0
    """
    filled = [(weight, counts.ascending()) for weight, counts in parts if counts.numbers]
    if not filled:
        return float("nan")
    values = np.unique(np.concatenate([found.values for _, found in filled]))
    wanted = share * sum((weight for weight, _ in filled), Fraction(0))
    low, high = 0, len(values) - 1
    while low < high:  # bisection with exact numbers: a sum of floats could miss a share by an ulp
        middle = (low + high) // 2
        if _mass(filled, values[middle]) >= wanted:
            high = middle
        else:
            low = middle + 1
    return float(values[low])


def _mass(parts: list[tuple[Fraction, Ascending]], value: float) -> Fraction:
    """The weight of all numbers up to ``value``."""
    return sum(_masses(parts, value), Fraction(0))


def _masses(parts: list[tuple[Fraction, Ascending]], value: float) -> Iterator[Fraction]:
    for weight, found in parts:
        place = int(np.searchsorted(found.values, value, side="right"))
        if place:
            yield weight * Fraction(int(found.ends[place - 1]), int(found.ends[-1]))
