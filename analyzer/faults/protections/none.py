"""No protection: every upset reaches the reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern
from analyzer.faults.protections.protection import ProtectionExample, Residual
from analyzer.faults.space import FaultSpace


@dataclass(frozen=True, slots=True)
class PlainMemory:
    """Data without check bits.

    Attributes:
        data: The bits at risk.
    """

    data: FaultSpace

    @property
    def space(self) -> FaultSpace:
        """The same bits."""
        return self.data

    def residual(self, pattern: FaultPattern) -> Residual:
        """The pattern itself; see `ProtectedMemory.residual`."""
        return Residual(pattern)

    @property
    def protected_bits(self) -> int:
        """None of them."""
        return 0

    @property
    def covered(self) -> Bools:
        """No site."""
        return np.zeros((len(self.data.tensors), int(self.data.widths.max())), np.bool_)


@dataclass(frozen=True, slots=True)
class NoProtection:
    """The memory as it is."""

    name = "none"
    about = "Nothing protects the memory: every upset is read."

    def protect(self, data: FaultSpace, values: Mapping[str, Values]) -> PlainMemory:
        """The data alone; see `Protection.protect`.

        Args:
            data: the bits at risk.
            values: of no influence.
        """
        return PlainMemory(data)

    def examples(self) -> Sequence[ProtectionExample]:
        """One bit hit, one bit read otherwise."""
        working = "Bit 9 is bit 1 of element 1: 0b0001 becomes 0b0011."
        return (ProtectionExample("uint8", (5, 1), "flip", (9,), (5, 3), 0, 0, working),)
