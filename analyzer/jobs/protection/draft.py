"""A plan by the figures of a survey: what may be chosen in each memory, and the cheapest choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.faults.protections.grammar import parse_protection
from analyzer.faults.protections.plan import ProtectionPlan
from analyzer.faults.protections.protection import Protection
from analyzer.faults.protections.scheme import Scheme
from analyzer.faults.space import FaultSpace
from analyzer.jobs.protection.regions import MemoryRegion
from analyzer.jobs.protection.survey import Survey
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.planning.cells import EventKind
from analyzer.planning.cheapest import cheapest, safest
from analyzer.planning.harm import Harm, total
from analyzer.planning.menu import Choice, Menu, everywhere, menus
from analyzer.planning.offers import Limits, Offer, Solution
from analyzer.planning.rules import protection_of

AIM = 0.8
"""Part of a budget that a plan is drafted for."""


@dataclass(frozen=True)
class Surveyed:
    """A memory, and what may be chosen for it.

    Attributes:
        region: The memory.
        survey: Of all memories.
        space: Its bits at risk, without protection.
        kinds: Its events.
        menus: For each tensor, what may be chosen.
    """

    region: MemoryRegion
    survey: Survey
    space: FaultSpace
    kinds: Sequence[EventKind]
    menus: Sequence[Menu]

    def everywhere(self, scheme: Scheme) -> list[Choice]:
        """One scheme on everything that it can protect."""
        values, units = self.survey.analysis.model.values(), units_of(self.region, self.space)
        return everywhere(self.space, values, self.kinds, scheme, units)


@dataclass(frozen=True)
class Draft:
    """A plan before it is confirmed.

    Attributes:
        choices: For each memory, what was chosen for each tensor.
        protections: For each memory, the same as a protection.
        solution: Its cost and what it leaves, by the figures of the survey.
        deviations: Standard deviations of these figures that it allows for.
        part: Of the budgets, what it was drafted for.
        variant: Index of the variant of the model that it protects.
    """

    choices: tuple[tuple[Choice, ...], ...]
    protections: tuple[Protection, ...]
    solution: Solution
    deviations: float
    part: float = 1.0
    variant: int = 0


def schemes_of(request: ProtectRequest) -> list[Scheme]:
    """The schemes that may be used."""
    found = []
    for text in request.scheme:
        protection = parse_protection(text)
        assert isinstance(protection, ProtectionPlan), "the request has checked it"
        found += [rule.scheme for rule in protection.rules if rule.scheme is not None]
    return found


def units_of(region: MemoryRegion, space: FaultSpace) -> list[float]:
    """The weight of a bit at which an event does harm, tensor by tensor.

    Args:
        region: the memory.
        space: its bits at risk.
    """
    return [region.unit] * len(space.tensors)


def choices_in(
    survey: Survey, regions: Sequence[MemoryRegion], schemes: Sequence[Scheme]
) -> list[Surveyed]:
    """The choices in each memory.

    Args:
        survey: of all memories.
        regions: the memories.
        schemes: that may be used.
    """
    found = []
    for number, region in enumerate(regions):
        tensors = survey.analysis.space.tensors
        space = FaultSpace(tuple(tensors[index] for index in survey.members[number]))
        kinds, values = survey.kinds(number, region), survey.analysis.model.values()
        offered = menus(space, values, kinds, schemes, units_of(region, space))
        found.append(Surveyed(region, survey, space, kinds, offered))
    return found


def draft_plan(surveyed: Sequence[Surveyed], limits: Limits) -> Draft | None:
    """The cheapest plan that the survey allows.

    It aims at `AIM` of the budgets, if it can: the trials that confirm a plan grow with the square
    of what it leaves of its budget. Where no plan has the margin for uncertainty, one without it is
    tried.

    Args:
        surveyed: the memories.
        limits: the budgets.

    Returns:
        None if no plan meets them.
    """
    offers = offers_of(surveyed)
    for part, deviations in ((AIM, limits.deviations), (1.0, limits.deviations), (1.0, 0.0)):
        if solution := cheapest(offers, limits.scaled(part, deviations)):
            return replace(drafted(surveyed, solution, deviations), part=part)
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
    """The harm that some choices leave together."""
    return total(choice.harm for choice in choices)
