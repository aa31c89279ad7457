"""Severe and mild fault sites, told apart by how far and in which direction a flip moves a value.

The partition serves the estimator only: sampling by the number of severe upsets is unbiased for
any partition, and cheap if severe upsets are what does harm (Cochran, *Sampling Techniques*, ch. 5;
data-aware fault injection: Ruospo et al., DATE 2023). What a severe upset does depends on its
direction: what explodes upwards passes a rectifier, what explodes downwards is cut to 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.faults.bitmap import Bitmap, Bools
from analyzer.faults.elements import Values
from analyzer.faults.footprints import Footprint, element_masks
from analyzer.faults.models import FaultModel, SiteIndex
from analyzer.faults.space import FaultSpace, TensorSite

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
        rising: By number of the severe site, whether an upset there moves the value up; None: all
            count as if they did.
    """

    space: FaultSpace
    severe: npt.NDArray[np.bool_]
    tensors: Columns
    positions: Columns
    ends: Columns
    rising: Bitmap | None = None

    @property
    def severe_bits(self) -> int:
        """Number of severe sites."""
        return int(self.ends[-1]) if len(self.ends) else 0

    @property
    def mild_bits(self) -> int:
        """Number of the other sites."""
        return self.space.bits - self.severe_bits

    @property
    def rising_bits(self) -> int:
        """Number of severe sites whose upset moves a value up."""
        return self.severe_bits if self.rising is None else self.rising.count

    def rising_sites(self, numbers: SiteIndex) -> SiteIndex:
        """Sites of those with these numbers, each in 0 .. ``rising_bits - 1``."""
        found = numbers if self.rising is None else self.rising.nth(numbers, True)
        return self.severe_sites(found)

    def falling_sites(self, numbers: SiteIndex) -> SiteIndex:
        """Sites of the other severe ones, each number below ``severe_bits - rising_bits``."""
        assert self.rising is not None, "without directions there are none"
        return self.severe_sites(self.rising.nth(numbers, False))

    def severe_sites(self, numbers: SiteIndex) -> SiteIndex:
        """Sites of the severe bits with these numbers.

        Args:
            numbers: int64 (n,), each in 0 .. ``severe_bits - 1``.

        Returns:
            int64 (n,) site indices of the fault space.
        """
        columns = self.ends.searchsorted(numbers, side="right")
        first = self._starts[columns]
        tensors = self.tensors[columns]
        widths = self.space.widths[tensors]
        offsets = self.space.offsets[tensors]
        return np.asarray(offsets + (numbers - first) * widths + self.positions[columns])

    def are_severe(self, sites: SiteIndex) -> npt.NDArray[np.bool_]:
        """Tell severe sites: int64 (n,) sites to bool (n,)."""
        tensors = self.space.offsets.searchsorted(sites, side="right") - 1
        positions = (sites - self.space.offsets[tensors]) % self.space.widths[tensors]
        return np.asarray(self.severe[tensors, positions])

    def are_rising(self, sites: SiteIndex) -> Bools:
        """Tell severe sites whose upset moves a value up: int64 (n,) sites to bool (n,)."""
        found = self.are_severe(sites)
        if self.rising is not None and found.any():
            found[found] = self.rising.at(self._numbers(sites[found]))
        return found

    def _numbers(self, sites: SiteIndex) -> SiteIndex:
        """Numbers of severe sites: the inverse of `severe_sites`."""
        tensors = self.space.offsets.searchsorted(sites, side="right") - 1
        elements, positions = np.divmod(
            sites - self.space.offsets[tensors], self.space.widths[tensors]
        )
        return np.asarray(self._starts[self._column[tensors, positions]] + elements)

    @cached_property
    def _starts(self) -> Columns:
        """Number of the first site of each severe column, and one past the last."""
        return np.concatenate(([0], self.ends)).astype(np.int64)

    @cached_property
    def _column(self) -> Columns:
        """Index of each severe column: int64, in the shape of ``severe``."""
        return np.cumsum(self.severe).reshape(self.severe.shape) - 1


def find_severity(
    space: FaultSpace,
    values: Mapping[str, Values],
    fault: FaultModel,
    factor: float | None = None,
    covered: Bools | None = None,
) -> Severity:
    """Partition ``space`` by what a flip does to the golden values.

    Args:
        space: the fault space.
        values: golden values of the stored tensors, by name; see `TensorSite.golden` for others.
        fault: what one upset does; an upset is severe if one of the bits that it hits is.
        factor: multiple of a tensor's largest value that a severe flip moves a value by; None:
            `SEVERE_FACTOR`.
        covered: bool (tensors, widest element), columns that count as mild whatever an upset does
            there, because the memory corrects it; None: none.

    Returns:
        The partition; it may have no severe column.
    """
    widest = max(t.codec.bits for t in space.tensors)
    severe = np.zeros((len(space.tensors), widest), bool)
    chosen = SEVERE_FACTOR if factor is None else factor
    open_columns = np.ones_like(severe) if covered is None else ~covered
    for i, tensor in enumerate(space.tensors):
        if not open_columns[i, : tensor.codec.bits].any():
            continue
        columns = _severe_columns(tensor, tensor.golden(values), chosen)
        severe[i, : tensor.codec.bits] = _reaching(columns, fault.footprint)
    severe &= open_columns
    tensors, positions = np.nonzero(severe)
    counts = np.array([space.tensors[t].elements for t in tensors], np.int64)
    rising = Bitmap.of(_rising(space, values, fault, severe))
    return Severity(space, severe, tensors, positions, np.cumsum(counts), rising)


def _rising(
    space: FaultSpace, values: Mapping[str, Values], fault: FaultModel, severe: Bools
) -> Iterator[Bools]:
    """For each severe column: which values an upset moves up, or makes no number; bool (n,)."""
    for tensor, columns in zip(space.tensors, severe, strict=True):
        yield from rising_values(tensor, values, fault, np.flatnonzero(columns).tolist())


def rising_values(
    tensor: TensorSite, values: Mapping[str, Values], fault: FaultModel, positions: Sequence[int]
) -> Iterator[Bools]:
    """Tell values that an upset moves up, or makes no number.

    Args:
        tensor: of the values.
        values: golden values of the stored tensors, by name.
        fault: what one upset does.
        positions: bits where an upset begins.

    Returns:
        For each position bool (elements,).
    """
    if not positions:
        return
    codes = tensor.codec.encode(tensor.golden(values).reshape(-1))
    before = tensor.codec.decode(codes)
    for bit in positions:
        hit, *_ = element_masks(fault.footprint, bit, tensor.codec.bits)
        after = tensor.codec.decode(fault.apply(codes, np.asarray(hit, codes.dtype)))
        with np.errstate(invalid="ignore"):
            yield ~(after <= before)


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


def _reaching(columns: Bools, footprint: Footprint) -> Bools:
    """Positions from which an upset reaches a severe one: bool (bits,), like ``columns``.

    The elements behind have the same columns; that a tensor ends is not looked at.
    """
    width = len(columns)
    severe = sum(1 << bit for bit in np.flatnonzero(columns).tolist())
    hits = (element_masks(footprint, bit, width) for bit in range(width))
    return np.array([any(mask & severe for mask in masks) for masks in hits], bool)
