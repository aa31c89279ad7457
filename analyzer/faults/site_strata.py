"""Strata of single fault sites: columns of a tensor, grouped by how far an upset moves a value.

A vulnerability map asks what one upset does in each tensor. A *column* is one bit position of all
elements of a tensor. Columns whose upsets move values about equally far do about equal harm: a
stratum of such columns has a small variance (data-aware fault injection: Ruospo et al., DATE 2023;
strata: Cochran, *Sampling Techniques*, ch. 5). Any grouping gives unbiased estimates; it is found
from the golden values alone, before a single trial is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from analyzer.errors import BadOption, quoted
from analyzer.faults.elements import Values
from analyzer.faults.footprints import element_masks
from analyzer.faults.models import FLIP, FaultModel
from analyzer.faults.severity import SAMPLE, SEVERE_FACTOR
from analyzer.faults.space import FaultSpace, TensorSite

LARGE, MODERATE = 0.5, 1.0 / 32.0
"""Of a tensor's largest value: where a typical move begins to be large, and to be moderate."""


class Reach(StrEnum):
    """Distance by which an upset in a column moves the typical value, in four steps."""

    SEVERE = "severe"
    LARGE = "large"
    MODERATE = "moderate"
    SLIGHT = "slight"


@dataclass(frozen=True, slots=True)
class SiteStratum:
    """Some columns of one tensor.

    Attributes:
        reach: Distance by which an upset in one of them moves values.
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
        """The site of one element in one column of a stratum.

        Args:
            tensor: index of the tensor in its space.
            part: index of the stratum among those of the tensor.
            element: flat index of the element.
            column: index of the column among those of the stratum.
        """
        return self.space.site(tensor, element, self.parts[tensor][part].positions[column])


def split_sites(
    space: FaultSpace, values: Mapping[str, Values], fault: FaultModel = FLIP
) -> SiteStrata:
    """Partition ``space`` by what single upsets do to the golden values.

    Args:
        space: the fault space.
        values: golden values of the stored tensors, by name; see `TensorSite.golden` for others.
        fault: what one upset does.

    Raises:
        BadOption: a burst is longer than a tensor.
    """
    for tensor in space.tensors:
        _check_room(tensor, fault)
    return SiteStrata(space, tuple(_strata(t, t.golden(values), fault) for t in space.tensors))


def _check_room(tensor: TensorSite, fault: FaultModel) -> None:
    """Refuse upsets that are cut short wherever they begin: a figure would be that of others."""
    if 0 < tensor.bits < fault.footprint.room:
        raise BadOption(
            f"--fault {fault} has no place in the tensor {quoted(tensor.name)} of {tensor.bits} "
            "bits: bursts end with their tensor, and all of them would be shorter there; use a "
            "shorter burst, or --exclude the tensor"
        )


def _strata(tensor: TensorSite, values: Values, fault: FaultModel) -> tuple[SiteStratum, ...]:
    if not tensor.elements:
        return ()
    reaches = [reach_of(move) for move in typical_moves(tensor, values, fault)]
    grouped = {r: tuple(b for b, reach in enumerate(reaches) if reach is r) for r in Reach}
    return tuple(SiteStratum(r, bits, tensor.elements) for r, bits in grouped.items() if bits)


def reach_of(move: float) -> Reach:
    """The step of a move, in multiples of a tensor's largest value."""
    if not move <= SEVERE_FACTOR:
        return Reach.SEVERE
    if move >= LARGE:
        return Reach.LARGE
    return Reach.MODERATE if move >= MODERATE else Reach.SLIGHT


def typical_moves(tensor: TensorSite, values: Values, fault: FaultModel = FLIP) -> list[float]:
    """For each bit position the median move of an upset, as a multiple of the largest value.

    Values that the upset leaves alone, as half of all cells that are stuck do, do not count: they
    do no harm in any column, and would make most columns of a mantissa look alike. Of a burst that
    reaches into the elements behind, the farthest move counts. A move out of the finite numbers is
    infinite. In a tensor of zeros moves count in units of the format: the value 1.

    Args:
        tensor: the tensor.
        values: its golden values, in its dtype and shape.
        fault: what one upset does.

    Returns:
        Multiples, one per bit position, bit 0 first.
    """
    flat = values.reshape(-1)
    golden = flat[:: max(1, len(flat) // SAMPLE)]
    codes = tensor.codec.encode(golden)
    with np.errstate(over="ignore", invalid="ignore"):
        before = golden.astype(np.float64)
        largest = np.nanmax(np.abs(flat.astype(np.float64)), initial=0.0) or 1.0

        def typical(mask: int) -> float:
            hit = fault.apply(codes, np.asarray(mask, codes.dtype))
            after = tensor.codec.decode(hit).astype(np.float64)
            moves = (np.abs(after - before) / largest)[hit != codes]
            moves = np.where(np.isnan(moves), np.inf, moves)
            return float(np.median(moves)) if len(moves) else 0.0

        width = tensor.codec.bits
        masks = (element_masks(fault.footprint, bit, width, tensor.bits) for bit in range(width))
        return [max(map(typical, hits)) for hits in masks]
