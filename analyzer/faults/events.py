"""Strata of single events: one strike somewhere in a region of a memory, check bits included.

An event is of one kind, by the shares of the region's mixture, and begins at a site that is drawn
uniformly from the bits of the region. Events of one kind are grouped by how far one of them moves
values, as the fault sites of a map are (`analyzer.faults.site_strata`): any grouping gives unbiased
estimates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import Values
from analyzer.faults.models import FaultModel
from analyzer.faults.site_strata import reach_of, typical_moves
from analyzer.faults.space import FaultSpace, Indices, Target


class Place(StrEnum):
    """Bits by the effect of an event there: how far it moves values, or what reads them first."""

    SEVERE = "severe"
    LARGE = "large"
    MODERATE = "moderate"
    SLIGHT = "slight"
    PROTECTED = "protected"
    CHECK = "check bits"


@dataclass(frozen=True)
class EventStratum:
    """Events of one kind in some columns of a region.

    Attributes:
        region: Number of the region.
        fault: The kind, no mixture.
        place: The effect of an event there.
        share: Of the events of the region, in (0, 1].
        tensors: int64 (columns,), tensor of each column.
        positions: int64 (columns,), bit position of each column.
        ends: int64 (columns,), running totals of the elements of the columns.
    """

    region: int
    fault: FaultModel
    place: Place
    share: float
    tensors: Indices
    positions: Indices
    ends: Indices

    @property
    def sites(self) -> int:
        """Number of bits at which an event may begin."""
        return int(self.ends[-1])

    def site(self, space: FaultSpace, number: int) -> int:
        """The site with a number.

        Args:
            space: the bits at risk.
            number: in 0 .. ``sites - 1``.
        """
        column = int(self.ends.searchsorted(number, side="right"))
        element = number - (int(self.ends[column - 1]) if column else 0)
        return space.site(int(self.tensors[column]), element, int(self.positions[column]))


@dataclass(frozen=True)
class EventStrata:
    """All single events of some regions.

    Attributes:
        strata: Region by region.
    """

    strata: tuple[EventStratum, ...]

    @cached_property
    def regions(self) -> tuple[int, ...]:
        """Numbers of the regions, each once."""
        return tuple(dict.fromkeys(stratum.region for stratum in self.strata))


@dataclass(frozen=True)
class EventRegion:
    """A region whose events are told apart.

    Attributes:
        number: Of the region.
        tensors: Indices of its tensors in the fault space, check bits included.
        fault: Its events; a mixture, or one kind.
    """

    number: int
    tensors: tuple[int, ...]
    fault: FaultModel


def split_events(
    space: FaultSpace,
    values: Mapping[str, Values],
    regions: Sequence[EventRegion],
    covered: Bools | None = None,
) -> EventStrata:
    """Partition the events of each region.

    Args:
        space: the bits at risk.
        values: golden values of the stored tensors, by name.
        regions: which tensors, and which events.
        covered: bool (tensors, widest), columns in which one flipped bit alone does little, because
            the memory corrects it; None: none.
    """
    found = []
    for region in regions:
        for share, fault in region.fault.parts or ((1.0, region.fault),):
            columns: dict[Place, list[tuple[int, int]]] = {}
            for tensor in region.tensors:
                if space.tensors[tensor].bits:
                    for bit, place in enumerate(_places(space, values, tensor, fault, covered)):
                        columns.setdefault(place, []).append((tensor, bit))
            found += _strata(space, region, fault, share, columns)
    return EventStrata(tuple(found))


def _places(
    space: FaultSpace,
    values: Mapping[str, Values],
    tensor: int,
    fault: FaultModel,
    covered: Bools | None,
) -> list[Place]:
    """The place of each bit position of a tensor."""
    site = space.tensors[tensor]
    width = site.codec.bits
    if site.target is Target.CHECK:
        return [Place.CHECK] * width
    alone = fault.footprint.alone and covered is not None
    guarded = covered[tensor, :width] if alone and covered is not None else np.zeros(width, bool)
    if guarded.all():
        return [Place.PROTECTED] * width
    reaches = [reach_of(move) for move in typical_moves(site, site.golden(values), fault)]
    return [
        Place.PROTECTED if shut else Place(reach.value)
        for shut, reach in zip(guarded.tolist(), reaches, strict=True)
    ]


def _strata(
    space: FaultSpace,
    region: EventRegion,
    fault: FaultModel,
    share: float,
    columns: Mapping[Place, Sequence[tuple[int, int]]],
) -> list[EventStratum]:
    bits = sum(space.tensors[tensor].bits for tensor in region.tensors)
    found = []
    for place in Place:
        if own := columns.get(place):
            tensors, positions = (np.array(column, np.int64) for column in zip(*own, strict=True))
            elements = [space.tensors[tensor].elements for tensor, _ in own]
            ends = np.cumsum(elements, dtype=np.int64)
            weight = share * int(ends[-1]) / bits
            found.append(
                EventStratum(region.number, fault, place, weight, tensors, positions, ends)
            )
    return found
