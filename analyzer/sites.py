"""Strata of single fault sites: the columns of a tensor, grouped by how far a flip moves a value.

A vulnerability map asks what one upset does in each tensor. A *column* is one bit position of all
elements of a tensor. Columns whose flip moves values about equally far do about equal harm, so that
a stratum of such columns has a small variance (data-aware fault injection: Ruospo et al., DATE
2023; strata: Cochran, *Sampling Techniques*, ch. 5). Any grouping gives unbiased estimates; it is
found from the golden values alone, before a single trial is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analyzer.bits import Values
from analyzer.severity import SAMPLE, SEVERE_FACTOR
from analyzer.space import FaultSpace, TensorSite

LARGE, MODERATE = 0.5, 1.0 / 32.0
"""Of a tensor's largest value: where a typical move begins to be large, and to be moderate."""


class Reach(StrEnum):
    """How far a flip in a column moves the typical value, against the tensor's largest one."""

    SEVERE = "severe"
    LARGE = "large"
    MODERATE = "moderate"
    SLIGHT = "slight"


@dataclass(frozen=True, slots=True)
class SiteStratum:
    """Some columns of one tensor.

    Attributes:
        reach: How far their flips move values.
        positions: Bit positions, ascending.
        elements: Elements of the tensor.
    """

    reach: Reach
    positions: tuple[int, ...]
    elements: int

    @property
    def sites(self) -> int:
        """Number of fault sites."""
        return self.elements * len(self.positions)


@dataclass(frozen=True)
class SiteStrata:
    """A partition of a fault space.

    Attributes:
        space: The fault space.
        parts: For each of its tensors the strata, farthest reach first; none of
            no sites.
    """

    space: FaultSpace
    parts: tuple[tuple[SiteStratum, ...], ...]

    def site(self, tensor: int, part: int, element: int, column: int) -> int:
        """The site of one element in the ``column``-th column of a stratum."""
        return self.space.site(tensor, element, self.parts[tensor][part].positions[column])


def split_sites(space: FaultSpace, values: Mapping[str, Values]) -> SiteStrata:
    """Partition ``space`` by what flips do to the golden values.

    Args:
        space: the fault space.
        values: golden values by tensor name.
    """
    return SiteStrata(space, tuple(_strata(t, values[t.name]) for t in space.tensors))


def _strata(tensor: TensorSite, values: Values) -> tuple[SiteStratum, ...]:
    if not tensor.elements:
        return ()
    reaches = [_reach(move) for move in typical_moves(tensor, values)]
    grouped = {r: tuple(b for b, reach in enumerate(reaches) if reach is r) for r in Reach}
    return tuple(SiteStratum(r, bits, tensor.elements) for r, bits in grouped.items() if bits)


def _reach(move: float) -> Reach:
    if not move <= SEVERE_FACTOR:
        return Reach.SEVERE
    if move >= LARGE:
        return Reach.LARGE
    return Reach.MODERATE if move >= MODERATE else Reach.SLIGHT


def typical_moves(tensor: TensorSite, values: Values) -> list[float]:
    """For each bit position the median move of a flip, as a multiple of the largest value.

    A move out of the finite numbers is infinite. In a tensor of zeros moves count in units of the
    format: the value 1.
    """
    flat = values.reshape(-1)
    golden = flat[:: max(1, len(flat) // SAMPLE)]
    codes = tensor.codec.encode(golden)
    with np.errstate(over="ignore", invalid="ignore"):
        before = golden.astype(np.float64)
        largest = np.nanmax(np.abs(flat.astype(np.float64)), initial=0.0) or 1.0
        found = []
        for bit in range(tensor.codec.bits):
            after = tensor.codec.decode(codes ^ codes.dtype.type(1 << bit)).astype(np.float64)
            move = np.abs(after - before) / largest
            found.append(float(np.median(np.where(np.isnan(move), np.inf, move))))
    return found
