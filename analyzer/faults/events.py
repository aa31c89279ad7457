"""Strata of single events: one strike somewhere in a region of a memory, check bits included.

An event is of one kind, by the shares of the region's mixture, and begins at a site that is drawn
uniformly from the bits of the region. Events of one kind are grouped by how far one of them moves
values, as the fault sites of a map are (`analyzer.faults.site_strata`), and the severe ones by the
direction of the move, as those of a sweep are (`analyzer.faults.severity`): any grouping gives
unbiased estimates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from operator import itemgetter

import numpy as np

from analyzer.faults.bitmap import Bitmap, Bools
from analyzer.faults.elements import Values
from analyzer.faults.models import FaultModel
from analyzer.faults.severity import rising_values
from analyzer.faults.site_strata import reach_of, typical_moves
from analyzer.faults.space import FaultSpace, Indices, Target


class Place(StrEnum):
    """Bits by the effect of an event there: how far it moves values, or what reads them first."""

    SEVERE = "severe"
    RISING = "severe, rising"
    FALLING = "severe, falling"
    LARGE = "large"
    MODERATE = "moderate"
    SLIGHT = "slight"
    PROTECTED = "protected"
    CHECK = "check bits"


@dataclass(frozen=True)
class EventStratum:
    """Events of one kind in some columns of a region, in all of their elements or in some.

    Attributes:
        region: Number of the region.
        fault: The kind, no mixture.
        place: The effect of an event there.
        share: Of the events of the region, in (0, 1].
        tensors: int64 (columns,), tensor of each column.
        positions: int64 (columns,), bit position of each column.
        ends: int64 (columns,), running totals of the elements of the columns.
        rising: Of all elements of the columns, those whose value an event moves up; None: all
            belong to the stratum. Of a rising stratum these do, of a falling one the others.
    """

    region: int
    fault: FaultModel
    place: Place
    share: float
    tensors: Indices
    positions: Indices
    ends: Indices
    rising: Bitmap | None = None

    @property
    def sites(self) -> int:
        """Number of bits at which an event may begin."""
        if self.rising is None:
            return int(self.ends[-1])
        up = self.rising.count
        return up if self.place is Place.RISING else self.rising.size - up

    @property
    def column_sites(self) -> Indices:
        """Number of bits of each column at which an event may begin: int64 (columns,)."""
        ends = self.ends
        if self.rising is not None:
            up = self.rising.before(ends)
            ends = up if self.place is Place.RISING else ends - up
        return np.diff(ends, prepend=0)

    def columns(self, numbers: Indices) -> Indices:
        """The column of the site with each number.

        Args:
            numbers: int64 (n,), in 0 .. ``sites - 1``.

        Returns:
            int64 (n,).
        """
        return np.asarray(self.ends.searchsorted(self._elements(numbers), side="right"), np.int64)

    def site(self, space: FaultSpace, number: int) -> int:
        """The site with a number.

        Args:
            space: the bits at risk.
            number: in 0 .. ``sites - 1``.
        """
        place = int(self._elements(np.array([number], np.int64))[0])
        column = int(self.ends.searchsorted(place, side="right"))
        element = place - (int(self.ends[column - 1]) if column else 0)
        return space.site(int(self.tensors[column]), element, int(self.positions[column]))

    def _elements(self, numbers: Indices) -> Indices:
        """Numbers of sites as numbers among all elements of the columns."""
        if self.rising is None:
            return numbers
        return self.rising.nth(numbers, self.place is Place.RISING)


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
        bits = sum(space.tensors[tensor].bits for tensor in region.tensors)
        for share, fault in region.fault.parts or ((1.0, region.fault),):
            for stratum in _of_kind(space, values, region, fault, covered):
                found.append(replace(stratum, share=share * stratum.sites / bits))
    return EventStrata(tuple(found))


def _of_kind(
    space: FaultSpace,
    values: Mapping[str, Values],
    region: EventRegion,
    fault: FaultModel,
    covered: Bools | None,
) -> Iterator[EventStratum]:
    """Events of one kind in a region; their shares are yet to come."""
    columns: dict[Place, list[tuple[int, int]]] = {place: [] for place in Place}
    for tensor in region.tensors:
        if space.tensors[tensor].bits:
            for bit, place in enumerate(_places(space, values, tensor, fault, covered)):
                columns[place].append((tensor, bit))
    for place, own in columns.items():
        if own:
            whole = _stratum(space, region.number, fault, place, own)
            severe = place is Place.SEVERE
            yield from _by_direction(space, values, whole) if severe else [whole]


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


def _stratum(
    space: FaultSpace,
    region: int,
    fault: FaultModel,
    place: Place,
    columns: Sequence[tuple[int, int]],
) -> EventStratum:
    """All elements of some columns, each a tensor and a bit position."""
    tensors, positions = (np.array(column, np.int64) for column in zip(*columns, strict=True))
    elements = [space.tensors[tensor].elements for tensor, _ in columns]
    ends = np.cumsum(elements, dtype=np.int64)
    return EventStratum(region, fault, place, 0.0, tensors, positions, ends)


def _by_direction(
    space: FaultSpace, values: Mapping[str, Values], whole: EventStratum
) -> list[EventStratum]:
    """Split a severe stratum by the direction in which an event moves a value.

    A value that explodes upwards passes a rectifier, one that explodes downwards is cut to 0.
    """
    columns = zip(whole.tensors.tolist(), whole.positions.tolist(), strict=True)
    rising = Bitmap.of(
        moved
        for tensor, own in groupby(columns, key=itemgetter(0))
        for moved in rising_values(
            space.tensors[tensor], values, whole.fault, [bit for _, bit in own]
        )
    )
    parts = (replace(whole, place=place, rising=rising) for place in (Place.RISING, Place.FALLING))
    return [part for part in parts if part.sites]
