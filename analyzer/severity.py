"""Severe and mild fault sites: which flips change a value beyond its tensor's range.

The partition serves the estimator only: sampling by the number of severe upsets is unbiased for
any partition, and cheap if severe upsets are what does harm (Cochran, *Sampling Techniques*, ch. 5;
data-aware fault injection: Ruospo et al., DATE 2023).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.bits import Values
from analyzer.faults import FaultModel, SiteIndex
from analyzer.space import FaultSpace, TensorSite

SEVERE_FACTOR = 8.0
"""A flip is severe if it moves a value by more than this multiple of the tensor's largest one."""

SAMPLE = 4096
"""Elements of a tensor that are looked at; evenly spread, always the same."""

Columns = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Severity:
    """A partition of a fault space by column: one bit position of all elements of one tensor.

    Attributes:
        space: The fault space.
        severe: bool (tensors, widest element), True for severe columns.
        tensors: int64 (columns,), tensor of each severe column.
        positions: int64 (columns,), bit position of each severe column.
        ends: int64 (columns,), running totals of the elements in the severe columns.
    """

    space: FaultSpace
    severe: npt.NDArray[np.bool_]
    tensors: Columns
    positions: Columns
    ends: Columns

    @property
    def severe_bits(self) -> int:
        """Number of severe sites."""
        return int(self.ends[-1]) if len(self.ends) else 0

    @property
    def mild_bits(self) -> int:
        """Number of the other sites."""
        return self.space.bits - self.severe_bits

    def severe_sites(self, numbers: SiteIndex) -> SiteIndex:
        """Sites of the severe bits with these numbers.

        Args:
            numbers: int64 (n,), each in 0 .. ``severe_bits - 1``.

        Returns:
            int64 (n,) site indices of the fault space.
        """
        columns = self.ends.searchsorted(numbers, side="right")
        first = np.concatenate(([0], self.ends))[columns]
        tensors = self.tensors[columns]
        widths = self.space.widths[tensors]
        offsets = self.space.offsets[tensors]
        return np.asarray(offsets + (numbers - first) * widths + self.positions[columns])

    def are_severe(self, sites: SiteIndex) -> npt.NDArray[np.bool_]:
        """Which of these sites are severe: bool (n,)."""
        tensors = self.space.offsets.searchsorted(sites, side="right") - 1
        positions = (sites - self.space.offsets[tensors]) % self.space.widths[tensors]
        return np.asarray(self.severe[tensors, positions])


def find_severity(
    space: FaultSpace,
    values: Mapping[str, Values],
    fault: FaultModel,
    factor: float | None = None,
) -> Severity:
    """Partition ``space`` by what a flip does to the golden values.

    Args:
        space: the fault space.
        values: golden values by tensor name.
        fault: what one upset does; a burst is severe if one of its bits is.
        factor: multiple of a tensor's largest value that a severe flip moves a value by; None:
            `SEVERE_FACTOR`.

    Returns:
        The partition; it may have no severe column.
    """
    widest = max(t.codec.bits for t in space.tensors)
    severe = np.zeros((len(space.tensors), widest), bool)
    chosen = SEVERE_FACTOR if factor is None else factor
    for i, tensor in enumerate(space.tensors):
        columns = _severe_columns(tensor, values[tensor.name], chosen)
        severe[i, : tensor.codec.bits] = _reaching(columns, fault.length)
    tensors, positions = np.nonzero(severe)
    counts = np.array([space.tensors[t].elements for t in tensors], np.int64)
    return Severity(space, severe, tensors, positions, np.cumsum(counts))


def _severe_columns(tensor: TensorSite, values: Values, factor: float) -> npt.NDArray[np.bool_]:
    """Bit positions whose flip is severe in at least half of the elements: bool (bits,)."""
    flat = values.reshape(-1)
    golden = flat[:: max(1, len(flat) // SAMPLE)]
    codes = tensor.codec.encode(golden)
    with np.errstate(over="ignore", invalid="ignore"):
        before = golden.astype(np.float64)
        limit = factor * np.nanmax(np.abs(flat.astype(np.float64)), initial=0.0)
        found = []
        for bit in range(tensor.codec.bits):
            flipped = codes ^ codes.dtype.type(1 << bit)
            moved = np.abs(tensor.codec.decode(flipped).astype(np.float64) - before)
            found.append(np.mean(~(moved <= limit)) >= 0.5)
    return np.array(found)


def _reaching(columns: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """Positions from which a burst of ``length`` bits reaches a severe one."""
    reached = columns.copy()
    for step in range(1, length):
        reached |= np.roll(columns, -step)
    return reached
