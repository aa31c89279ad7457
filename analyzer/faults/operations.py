"""The operations of faults on whole codes, and on many bytes at once.

Live weights and codes change by these three operations and by no other. The oracle
(`analyzer.runtime.oracle.faulty_bytes`) does not use them: it goes bit by bit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.faults.elements import Codes
from analyzer.faults.kinds import CLEAR, INVERT, SET, TruthTable


@dataclass(frozen=True, slots=True)
class BitwiseOperation:
    """A bitwise function of stored bits and a mask of the bits that are hit.

    Attributes:
        ufunc: The function.
        complement: Whether it takes the mask with every bit inverted.
    """

    ufunc: np.ufunc
    complement: bool

    def apply(self, codes: Codes, masks: Codes) -> Codes:
        """Codes after upsets.

        Args:
            codes: unsigned (n,), the stored bits.
            masks: same dtype and shape, or one for all; 1 where a bit is hit.

        >>> BITWISE[SET].apply(np.array([5], np.uint8), np.array([2], np.uint8))
        array([7], dtype=uint8)
        """
        changed: Codes = self.ufunc(codes, ~masks if self.complement else masks)
        return changed

    def apply_at(
        self,
        memory: npt.NDArray[np.uint8],
        addresses: npt.NDArray[np.int64],
        masks: npt.NDArray[np.uint8],
    ) -> None:
        """Change bytes in place, one upset after the other.

        Args:
            memory: uint8 (bytes,), changed.
            addresses: int64 (n,), which bytes; one may occur several times.
            masks: uint8 (n,), the bits hit in each.
        """
        self.ufunc.at(memory, addresses, ~masks if self.complement else masks)


BITWISE: dict[TruthTable, BitwiseOperation] = {
    INVERT: BitwiseOperation(np.bitwise_xor, complement=False),
    CLEAR: BitwiseOperation(np.bitwise_and, complement=True),
    SET: BitwiseOperation(np.bitwise_or, complement=False),
}
"""Operation -> the bitwise function that does it to many bits at once."""


def merged_masks(
    becomes: TruthTable, places: npt.NDArray[np.int64], masks: npt.NDArray[np.uint64], count: int
) -> npt.NDArray[np.uint64]:
    """The hits of several upsets in the same elements, as one mask each.

    A bit that is inverted twice is as it was; one that is set or cleared twice stays so.

    Args:
        becomes: the operation.
        places: int64 (n,), the element that each hit is in, in 0 .. ``count - 1``.
        masks: uint64 (n,), one bit each.
        count: number of elements.

    Returns:
        uint64 (count,).
    """
    merged = np.zeros(count, np.uint64)
    merge = np.bitwise_xor if becomes == INVERT else np.bitwise_or
    merge.at(merged, places, masks)
    return merged
