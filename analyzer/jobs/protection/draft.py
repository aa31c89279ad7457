"""A plan by the figures of maps: what one event does in each memory, and the cheapest choice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.maps.harm_cells import event_kind
from analyzer.faults.protections.grammar import parse_protection
from analyzer.faults.protections.plan import ProtectionPlan
from analyzer.faults.protections.protection import Protection
from analyzer.faults.protections.scheme import Scheme
from analyzer.faults.space import FaultSpace
from analyzer.jobs.observer import Observer
from analyzer.jobs.one_event import Measured, measure
from analyzer.jobs.protection.regions import MemoryRegion
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.protect.cells import EventKind
from analyzer.protect.cheapest import cheapest, safest
from analyzer.protect.harm import Harm, total
from analyzer.protect.menu import Choice, Menu, everywhere, menus
from analyzer.protect.offers import Limits, Offer, Solution
from analyzer.protect.rules import protection_of
from analyzer.runtime.ort.device import Device

FINEST, COARSEST = 1e-3, 0.02
"""Margins of maps that are chosen here."""


@dataclass(frozen=True)
class Surveyed:
    """A memory whose events were mapped.

    Attributes:
        region: The memory.
        maps: One for each kind of event, where nothing protects it.
        kinds: The same as the planner takes it.
        menus: For each tensor, what may be chosen.
    """

    region: MemoryRegion
    maps: tuple[Measured, ...]
    kinds: tuple[EventKind, ...]
    menus: Sequence[Menu]

    @property
    def space(self) -> FaultSpace:
        """Its bits at risk, without protection."""
        return self.maps[0].analysis.space

    @property
    def units(self) -> list[float]:
        """What a bit at which an event does harm counts, tensor by tensor."""
        return [self.region.unit] * len(self.space.tensors)

    def everywhere(self, scheme: Scheme) -> list[Choice]:
        """One scheme on everything that it can protect."""
        values = self.maps[0].analysis.model.values()
        return everywhere(self.space, values, self.kinds, scheme, self.units)


@dataclass(frozen=True)
class Draft:
    """A plan before it is confirmed.

    Attributes:
        choices: For each memory, what was chosen for each tensor.
        protections: For each memory, the same as a protection.
        solution: Its cost and what it leaves, by the figures of the maps.
        deviations: Standard deviations of these figures that it allows for.
    """

    choices: tuple[tuple[Choice, ...], ...]
    protections: tuple[Protection, ...]
    solution: Solution
    deviations: float


def schemes_of(request: ProtectRequest) -> list[Scheme]:
    """The schemes that may be used."""
    found = []
    for text in request.scheme:
        protection = parse_protection(text)
        assert isinstance(protection, ProtectionPlan), "the request has checked it"
        found += [rule.scheme for rule in protection.rules if rule.scheme is not None]
    return found


def survey(
    region: MemoryRegion,
    request: ProtectRequest,
    limits: Limits,
    memories: int,
    budget: float,
    device: Device,
    observer: Observer,
) -> Surveyed:
    """Map the events of a memory, and list what may be chosen.

    Args:
        region: the memory.
        request: what is asked for.
        limits: the budgets of all memories together.
        memories: how many there are.
        budget: CPU seconds for all of its maps.
        device: where to run, started.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    margin = request.margin or survey_margin(region, limits, memories)
    each = budget / len(region.kinds)
    maps = [
        measure(
            request.map_request(region.globs, fault, margin=margin, budget=each), device, observer
        )
        for _, fault in region.kinds
    ]
    shares = [share for share, _ in region.kinds]
    kinds = tuple(event_kind(m.found, share) for m, share in zip(maps, shares, strict=True))
    space, values = maps[0].analysis.space, maps[0].analysis.model.values()
    units = [region.unit] * len(space.tensors)
    offered = menus(space, values, kinds, schemes_of(request), units)
    return Surveyed(region, tuple(maps), kinds, offered)


def survey_margin(region: MemoryRegion, limits: Limits, memories: int) -> float:
    """The margin of maps with which a budget can be planned.

    Where nothing is seen in a tensor, the deviation of its harm is about 0.4 of the margin times
    its share w of the memory (`analyzer.stats.planning`, `analyzer.protect.cells`). All tensors
    together have 0.4 e sqrt(sum of w^2); it is to be 1/3 of what the budget leaves a memory.

    Args:
        region: the memory.
        limits: the budgets.
        memories: how many share them.
    """
    spread = math.sqrt(sum(size**2 for size in region.sizes)) / region.bits
    left = _least_probability(region, limits) / memories
    return min(max(left / 3.0 / (0.4 * spread), FINEST), COARSEST)


def _least_probability(region: MemoryRegion, limits: Limits) -> float:
    """The smallest budget, as a probability given one event in a memory."""
    return min(budget / (region.unit * region.bits) for budget in limits.budgets)


def draft_plan(surveyed: Sequence[Surveyed], limits: Limits) -> Draft | None:
    """The cheapest plan that the maps allow.

    Where no plan has the margin for uncertainty, one without it is tried.

    Args:
        surveyed: the memories.
        limits: the budgets.

    Returns:
        None if no plan meets them.
    """
    offers = offers_of(surveyed)
    for deviations in dict.fromkeys((limits.deviations, 0.0)):
        allowed = Limits(limits.sdc, limits.due, deviations)
        if solution := cheapest(offers, allowed):
            return drafted(surveyed, solution, deviations)
    return None


def best_reachable(surveyed: Sequence[Surveyed], limits: Limits) -> Draft:
    """The plan that leaves the least harm, whatever it costs.

    Args:
        surveyed: the memories.
        limits: says which outcomes count.
    """
    return drafted(surveyed, safest(offers_of(surveyed), limits), limits.deviations)


def offers_of(surveyed: Sequence[Surveyed]) -> list[list[Offer]]:
    """The choices of all memories, tensor by tensor, as numbers."""
    every = [menu for one in surveyed for menu in one.menus]
    return [[Offer(choice.check_bits, choice.harm) for choice in menu] for menu in every]


def drafted(surveyed: Sequence[Surveyed], solution: Solution, deviations: float) -> Draft:
    """A solution as a plan.

    Args:
        surveyed: the memories.
        solution: what was chosen.
        deviations: that it allows for.
    """
    places = iter(solution.chosen)
    choices = tuple(tuple(menu[next(places)] for menu in one.menus) for one in surveyed)
    protections = tuple(
        protection_of(one.space, chosen) for one, chosen in zip(surveyed, choices, strict=True)
    )
    return Draft(choices, protections, solution, deviations)


def harm_of(choices: Sequence[Choice]) -> Harm:
    """What some choices leave together."""
    return total(choice.harm for choice in choices)
