"""The bits of floating-point numbers as places of a histogram."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

LIMB_BITS = 27
"""Mantissas are summed in parts of so many bits, which float64 adds up exactly."""


@dataclass(frozen=True)
class BinaryForm:
    """A type of floating-point numbers, and the bits by which bins are told apart.

    Attributes:
        dtype: Type of the numbers.
        unsigned: Unsigned integers of the same size.
        exponent_bits: Bits of the exponent.
        mantissa_bits: Bits of the mantissa that are stored.
        kept: Bits of the mantissa that tell bins apart.
    """

    dtype: np.dtype[Any]
    unsigned: np.dtype[Any]
    exponent_bits: int
    mantissa_bits: int
    kept: int

    @property
    def limb_bits(self) -> int:
        """Bits of each part of a mantissa."""
        return LIMB_BITS

    @property
    def limbs(self) -> int:
        """Parts of a mantissa."""
        return -(-(self.mantissa_bits + 1) // LIMB_BITS)

    @property
    def shift(self) -> Any:
        """Bits of a number behind those that tell its bin."""
        return self.unsigned.type(self.mantissa_bits - self.kept)

    @property
    def exponents(self) -> int:
        """Pairs of a sign and an exponent."""
        return 1 << (self.exponent_bits + 1)

    @property
    def bins(self) -> int:
        """Bins of all numbers."""
        return self.exponents << self.kept

    def mantissas(self, bits: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.float64]]:
        """Mantissas with their hidden bit, in parts, the lowest first.

        Args:
            bits: unsigned (n,), of finite numbers other than 0.

        Yields:
            float64 (n,), whole numbers.
        """
        one = self.unsigned.type(1)
        width = self.unsigned.type(self.mantissa_bits)
        stored = bits & ((one << width) - one)
        biased = (bits >> width) & self.unsigned.type((1 << self.exponent_bits) - 1)
        whole = stored | ((biased != 0).astype(self.unsigned) << width)
        for place in range(self.limbs):
            part = whole >> self.unsigned.type(LIMB_BITS * place)
            yield (part & self.unsigned.type((1 << LIMB_BITS) - 1)).astype(np.float64)

    def unit(self, exponent: int) -> Fraction:
        """The number that a mantissa of 1 stands for, with its sign.

        Args:
            exponent: sign and exponent as they are stored.
        """
        negative, biased = divmod(exponent, 1 << self.exponent_bits)
        bias = (1 << (self.exponent_bits - 1)) - 1
        power = max(biased, 1) - bias - self.mantissa_bits
        size = Fraction(1 << power) if power >= 0 else Fraction(1, 1 << -power)
        return -size if negative else size

    def middles(self, keys: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """The middle of each bin.

        Args:
            keys: int (n,), of bins that hold finite numbers.

        Returns:
            float64 (n,), half the width of the bin away from either end.
        """
        half = self.unsigned.type(1 << (int(self.shift) - 1))
        middle = (keys.astype(self.unsigned) << self.shift) | half
        return np.asarray(middle.view(self.dtype), np.float64)


def form_of(dtype: npt.DTypeLike, kept: int) -> BinaryForm:
    """The form in which numbers of a type are counted: float64, or float32 for all narrower types.

    Args:
        dtype: of the numbers.
        kept: bits of the mantissa that tell bins apart.

    >>> form_of(np.float16, 9).bins, form_of(np.float64, 9).limbs
    (262144, 2)
    """
    if np.dtype(dtype) == np.float64:
        return BinaryForm(np.dtype(np.float64), np.dtype(np.uint64), 11, 52, kept)
    return BinaryForm(np.dtype(np.float32), np.dtype(np.uint32), 8, 23, kept)
