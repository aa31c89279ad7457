"""The rest of events behind a scheme: found by running its decoder, never assumed.

Events are placed all over a tensor and its check bits, and decoded by the protection itself. What
they end in is one of

- read as written, or a scheme that found nothing to do: no harm;
- an announced error: a DUE;
- the same flips as without protection, or some of them: the harm of the event where it began;
- other flips, which the decoder made: each bit that is wrong counts as an event that begins there.
  This is an upper bound as long as the harm of several flips is at most the sum of theirs.

Large tensors are stood for by their first elements; the amounts are those of the whole tensor.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from analyzer.faults.elements import Values
from analyzer.faults.kinds import INVERT
from analyzer.faults.models import FaultPattern
from analyzer.faults.protections.plan import Chosen, ProtectionPlan, Rule
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.faults.protections.scheme import Scheme
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.planning.cells import Cell, EventKind
from analyzer.planning.harm import Amount, Harm


class Effort(NamedTuple):
    """The part of a tensor that is looked at.

    Attributes:
        elements: First elements, which stand for all.
        events: Events per part whose fate is found; each bit position has one at least.
    """

    elements: int
    events: int


SINGLE, SEVERAL = Effort(256, 12), Effort(2048, 24)
"""For events that hit one bit, whose fate depends on the bit position alone, and for others."""

GOLDEN_RATIO = 0.6180339887498949
"""Multiples of it, without their integers, are spread evenly and fall into step with nothing."""

Source = tuple[int, int]
"""A kind of event, and a part of the tensor: where harm is known from."""


@dataclass(frozen=True, slots=True)
class Fate:
    """Fate of the events that begin in one part of the memory, as shares of them.

    Attributes:
        kind: Index of the kind of events.
        part: Index of the part of the tensor; -1: the check bits.
        announced: Share that ends in an announced error.
        harmful: By source, the mean number of events of that source that one of these comes to.
    """

    kind: int
    part: int
    announced: float
    harmful: Mapping[Source, float]


def fates(
    tensor: TensorSite,
    golden: Values,
    scheme: Scheme,
    positions: tuple[int, ...],
    kinds: Sequence[tuple[EventKind, Sequence[Cell]]],
) -> list[Fate]:
    """The fate of every kind of event in every part of a tensor.

    Args:
        tensor: the tensor, as it is without protection.
        golden: its golden values.
        scheme: protects it.
        positions: the bit positions that it protects, ascending.
        kinds: each kind of event with the parts of this tensor.
    """
    effort = effort_for(kinds)
    sample = replace(tensor, shape=(min(tensor.elements, effort.elements),), parts=())
    values = {tensor.name: golden.reshape(-1)[: effort.elements]}
    space = FaultSpace((sample,))
    memory = _guarded(scheme, positions, tensor.codec.bits).protect(space, values)
    bare = ProtectionPlan((Rule(None),)).protect(space, values)
    trial = _Trial(memory, bare, tensor.codec.bits, [cells for _, cells in kinds], _single(kinds))
    found = []
    for number, (kind, cells) in enumerate(kinds):
        for part, cell in enumerate(cells):
            sites = list(_sites_in(sample, cell.positions, effort.events))
            found.append(trial.fate(kind, number, part, sites))
        if sites := list(_sites_behind(memory, effort.events)):
            found.append(trial.fate(kind, number, -1, sites))
    return found


def effort_for(kinds: Sequence[tuple[EventKind, Sequence[Cell]]]) -> Effort:
    """The part of a tensor that is looked at.

    Args:
        kinds: each kind of event with the parts of this tensor.
    """
    return SINGLE if all(kind.fault.footprint.alone for kind, _ in kinds) else SEVERAL


def _guarded(scheme: Scheme, positions: tuple[int, ...], width: int) -> ProtectionPlan:
    return ProtectionPlan(
        (Rule(scheme, Chosen(bits=() if len(positions) == width else positions)),)
    )


def _single(kinds: Sequence[tuple[EventKind, Sequence[Cell]]]) -> int | None:
    """The kind that flips one bit, by which single wrong bits are judged; None: there is none."""
    for number, (kind, _) in enumerate(kinds):
        if kind.fault.footprint.alone and kind.fault.kind.becomes == INVERT:
            return number
    return None


def _spread(count: int) -> Iterator[float]:
    """Numbers in [0, 1), evenly spread however many there are."""
    return (number * GOLDEN_RATIO % 1.0 for number in range(1, count + 1))


def _sites_in(tensor: TensorSite, positions: tuple[int, ...], events: int) -> Iterator[int]:
    """Sites in some positions of a tensor of a space of its own."""
    for number, place in enumerate(_spread(max(events, len(positions)))):
        element = int(place * tensor.elements)
        yield element * tensor.codec.bits + positions[number % len(positions)]


def _sites_behind(memory: ProtectedMemory, events: int) -> Iterator[int]:
    """Sites among the check bits."""
    first, last = memory.data.bits, memory.space.bits
    return (first + int(p * (last - first)) for p in _spread(events if last > first else 0))


@dataclass(frozen=True)
class _Trial:
    """Events put to a protected tensor and to the same tensor without protection.

    Attributes:
        memory: The protected tensor.
        bare: Without protection; it reads every upset as flips.
        width: Bits of an element.
        cells: For each kind, the parts of the tensor.
        single: The kind by which single wrong bits are judged.
    """

    memory: ProtectedMemory
    bare: ProtectedMemory
    width: int
    cells: Sequence[Sequence[Cell]]
    single: int | None

    def fate(self, kind: EventKind, number: int, part: int, sites: Sequence[int]) -> Fate:
        """The fate of events that begin at some sites, as shares of them."""
        announced, harmful = 0.0, dict[Source, float]()
        for site in sites:
            pattern = FaultPattern(kind.fault, np.array([site], np.int64))
            residual = self.memory.residual(pattern)
            if residual.announced:
                announced += 1.0 / len(sites)
                continue
            wrong = residual.pattern.sites
            for source in self._sources(number, part, pattern, wrong.tolist()):
                harmful[source] = harmful.get(source, 0.0) + 1.0 / len(sites)
        return Fate(number, part, announced, harmful)

    def _sources(
        self, number: int, part: int, pattern: FaultPattern, wrong: list[int]
    ) -> list[Source]:
        """The events that an event comes to."""
        if not wrong:
            return []
        judged = number if self.single is None else self.single
        each = [(judged, self._part_of(judged, site % self.width)) for site in wrong]
        if part < 0:
            return each
        flips = set(self.bare.residual(pattern).pattern.sites.tolist())
        if flips == set(wrong):
            return [(number, part)]
        fewer = flips.issuperset(wrong)
        return (
            [(number, part)] if fewer and self._harm(each) > self._harm([(number, part)]) else each
        )

    def _part_of(self, kind: int, position: int) -> int:
        return next(i for i, c in enumerate(self.cells[kind]) if position in c.positions)

    def _harm(self, sources: list[Source]) -> float:
        cells = [self.cells[kind][part] for kind, part in sources]
        return sum(cell.sdc.mean + cell.due.mean for cell in cells)


def harm_behind(
    found: Sequence[Fate],
    tensor: TensorSite,
    check_bits: int,
    kinds: Sequence[tuple[EventKind, Sequence[Cell]]],
) -> Harm:
    """Harm of a tensor behind a scheme, in bits at which an event would do harm.

    Args:
        found: fates of events, as `fates` gives them.
        tensor: the tensor.
        check_bits: of the whole tensor.
        kinds: each kind of event with the parts of this tensor.
    """
    mass, announced = dict[Source, float](), 0.0
    for fate in found:
        kind, cells = kinds[fate.kind]
        own = check_bits if fate.part < 0 else tensor.elements * len(cells[fate.part].positions)
        bits = own * kind.share
        announced += bits * fate.announced
        for source, share in fate.harmful.items():
            mass[source] = mass.get(source, 0.0) + bits * share
    return _of_mass(mass, announced, kinds)


def harm_without(tensor: TensorSite, kinds: Sequence[tuple[EventKind, Sequence[Cell]]]) -> Harm:
    """Harm of a tensor that nothing protects, in bits at which an event would do harm.

    Args:
        tensor: the tensor.
        kinds: each kind of event with the parts of this tensor.
    """
    mass = {
        (number, part): tensor.elements * len(cell.positions) * kind.share
        for number, (kind, cells) in enumerate(kinds)
        for part, cell in enumerate(cells)
    }
    return _of_mass(mass, 0.0, kinds)


def _of_mass(
    mass: Mapping[Source, float],
    announced: float,
    kinds: Sequence[tuple[EventKind, Sequence[Cell]]],
) -> Harm:
    sdc, due = Amount(), Amount(announced)
    for (kind, part), bits in mass.items():
        cell = kinds[kind][1][part]
        sdc = Amount(sdc.mean + bits * cell.sdc.mean, sdc.variance + bits**2 * cell.sdc.variance)
        due = Amount(due.mean + bits * cell.due.mean, due.variance + bits**2 * cell.due.variance)
    return Harm(sdc, due)
