"""For each tensor, the protections that may be chosen, each with its storage and harm.

A protection takes some of the parts into which the bit positions of a tensor are divided: every
union of them, under every scheme that is offered. Where an event hits several bits, decoders are
run for unions of the most harmful parts alone. Schemes that encode in place take whole elements.
Choices that cost no less than another and do no less harm are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analyzer.faults.elements import Values
from analyzer.faults.kinds import INVERT
from analyzer.faults.protections.contents import Contents
from analyzer.faults.protections.in_place import InPlaceCodec
from analyzer.faults.protections.part import Part
from analyzer.faults.protections.scheme import Action, Scheme
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.planning.cells import Cell, EventKind
from analyzer.planning.effects import Fate, effort_for, fates, harm_behind, harm_without
from analyzer.planning.harm import Harm

MOST_PARTS = 3
"""Parts of a tensor of which every union is tried; more are added one by one, by their harm."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to protect one tensor, or not to.

    Attributes:
        scheme: The scheme; None: the tensor is not protected.
        positions: The bit positions that it protects, ascending.
        protected_bits: Bits of the tensor that it protects.
        check_bits: Bits that it adds.
        harm: What is left.
    """

    scheme: Scheme | None
    positions: tuple[int, ...]
    protected_bits: int
    check_bits: int
    harm: Harm


Menu = Sequence[Choice]
"""The choices of one tensor; the first is to leave it as it is."""


def menus(
    space: FaultSpace,
    values: Mapping[str, Values],
    kinds: Sequence[EventKind],
    schemes: Sequence[Scheme],
    units: Sequence[float],
) -> list[Menu]:
    """The choices of each tensor.

    Args:
        space: the bits at risk without protection.
        values: values of the stored tensors, by name.
        kinds: the events, each with the parts of every tensor.
        schemes: that may be used.
        units: for each tensor, harm per bit at which an event does harm: FIT per bit, or 1 over the
            number of bits.
    """
    known: dict[object, list[Fate]] = {}
    found = []
    for index, tensor in enumerate(space.tensors):
        own = [(kind, kind.cells[index]) for kind in kinds]
        plain = Choice(None, (), 0, 0, harm_without(tensor, own).scaled(units[index]))
        golden = tensor.golden(values) if tensor.bits else np.zeros(0)
        offers = _offers(tensor, golden, own, schemes, known, units[index])
        found.append(_undominated([plain, *(offers if tensor.bits else ())]))
    return found


def everywhere(
    space: FaultSpace,
    values: Mapping[str, Values],
    kinds: Sequence[EventKind],
    scheme: Scheme,
    units: Sequence[float],
) -> list[Choice]:
    """One scheme on all bits of every tensor that it can protect, for comparison.

    Args:
        space: the bits at risk without protection.
        values: values of the stored tensors, by name.
        kinds: the events, each with the parts of every tensor.
        scheme: the scheme.
        units: as in `menus`.
    """
    found = []
    for index, tensor in enumerate(space.tensors):
        own = [(kind, kind.cells[index]) for kind in kinds]
        if not tensor.bits or scheme.refusal(tensor):
            harm = harm_without(tensor, own).scaled(units[index])
            found.append(Choice(None, (), 0, 0, harm))
            continue
        every = tuple(range(tensor.codec.bits))
        found.append(_choice(tensor, tensor.golden(values), own, scheme, every, {}, units[index]))
    return found


def _offers(
    tensor: TensorSite,
    golden: Values,
    kinds: Sequence[tuple[EventKind, Sequence[Cell]]],
    schemes: Sequence[Scheme],
    known: dict[object, list[Fate]],
    unit: float,
) -> Iterator[Choice]:
    for scheme in schemes:
        if scheme.refusal(tensor):
            continue
        for positions in _unions(scheme, tensor, kinds[0][1], _alone(kinds)):
            yield _choice(tensor, golden, kinds, scheme, positions, known, unit)


def _choice(
    tensor: TensorSite,
    golden: Values,
    kinds: Sequence[tuple[EventKind, Sequence[Cell]]],
    scheme: Scheme,
    positions: tuple[int, ...],
    known: dict[object, list[Fate]],
    unit: float,
) -> Choice:
    """A scheme on some positions of a tensor; ``known`` keeps fates that other tensors share."""
    checks = check_bits(tensor, golden, scheme, positions)
    key = _key(tensor, scheme, positions, kinds)
    if key not in known:
        known[key] = fates(tensor, golden, scheme, positions, kinds)
    harm = harm_behind(known[key], tensor, checks, kinds).scaled(unit)
    return Choice(scheme, positions, len(positions) * tensor.elements, checks, harm)


def _alone(kinds: Sequence[tuple[EventKind, Sequence[Cell]]]) -> bool:
    """True if every event hits a single bit."""
    return all(kind.fault.footprint.alone for kind, _ in kinds)


def _unions(
    scheme: Scheme, tensor: TensorSite, cells: Sequence[Cell], every: bool
) -> Iterator[tuple[int, ...]]:
    """Bit positions that may be protected together.

    Args:
        scheme: the scheme.
        tensor: the tensor.
        cells: its parts.
        every: try every union, not only that of the most harmful ones.
    """
    if isinstance(scheme.codec(tensor), InPlaceCodec):
        yield tuple(range(tensor.codec.bits))
        return
    ranked = sorted(cells, key=lambda cell: -cell.sdc.mean)
    if not every or len(ranked) > MOST_PARTS:
        chosen = [ranked[: count + 1] for count in range(len(ranked))]
    else:
        sizes = range(1, len(ranked) + 1)
        chosen = [list(union) for size in sizes for union in combinations(ranked, size)]
    for union in chosen:
        yield tuple(sorted(position for cell in union for position in cell.positions))


def check_bits(
    tensor: TensorSite, golden: Values, scheme: Scheme, positions: tuple[int, ...]
) -> int:
    """Bits that a scheme adds to a tensor: those of the guard that it puts to work.

    Args:
        tensor: the tensor.
        golden: its golden values.
        scheme: the scheme.
        positions: the bit positions that it protects.
    """
    chosen = np.zeros((1, tensor.codec.bits), np.bool_)
    chosen[0, list(positions)] = True
    contents = Contents(FaultSpace((tensor,)), {tensor.name: golden})
    return sum(check.bits for check in scheme.guard(Part(contents, chosen, "")).checks)


def _key(
    tensor: TensorSite,
    scheme: Scheme,
    positions: tuple[int, ...],
    kinds: Sequence[tuple[EventKind, Sequence[Cell]]],
) -> object:
    """Everything that the fate of events depends on.

    Linear codes decode flips, whatever a memory holds. Other upsets, words that are set to zero and
    codes within the elements depend on the values, so that each tensor is by itself.
    """
    inverts = all(kind.fault.kind.becomes == INVERT for kind, _ in kinds)
    zeroes = getattr(scheme, "action", None) is Action.ZERO
    plain = inverts and not zeroes and not isinstance(scheme.codec(tensor), InPlaceCodec)
    cells = tuple(tuple(cell.positions for cell in cells) for _, cells in kinds)
    where = (tensor.codec.name, tensor.dtype, min(tensor.elements, effort_for(kinds).elements))
    own = "" if plain else tensor.name
    return own, str(scheme), positions, where, cells


def _undominated(choices: list[Choice]) -> Menu:
    """The choices of which none else costs no more and does no more harm; the first stays."""
    ranked = sorted(range(1, len(choices)), key=lambda i: (_worth(choices[i]), i))
    kept = [choices[0]]
    for index in ranked:
        if not any(_covers(one, choices[index]) for one in kept):
            kept.append(choices[index])
    return kept


def _worth(choice: Choice) -> tuple[float, ...]:
    return (choice.check_bits, *_harms(choice), choice.protected_bits)


def _harms(choice: Choice) -> tuple[float, ...]:
    return (*choice.harm.sdc, *choice.harm.due)


def _covers(one: Choice, other: Choice) -> bool:
    """True if one choice is in no way worse than another."""
    mine, others = (one.check_bits, *_harms(one)), (other.check_bits, *_harms(other))
    return all(a <= b for a, b in zip(mine, others, strict=True))
