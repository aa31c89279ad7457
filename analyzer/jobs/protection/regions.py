"""The memories that are to be protected: which tensors, which events, what a harmful bit counts.

Without a target, all bits at risk are one memory whose raw rate is such that one event hits it in
1e9 hours while nothing protects it. FIT of that memory are harmful events per such event: check
bits make it larger, so that it is hit more often, which counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.errors import BadOption, BadTarget
from analyzer.faults.models import FaultModel, parse_fault
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.gate.harm_budget import HarmBudget
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.targets.arithmetic import BITS_PER_MBIT, raw_fit
from analyzer.targets.exposure import exposure_of
from analyzer.targets.read import loaded_target, regions_of
from analyzer.targets.target import DeploymentTarget, Region, Use

WHOLE = "memory"
"""Name of the only region where there is no target."""


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """One memory.

    Attributes:
        name: Its name.
        sizes: Bits of each tensor in it.
        fault: Its events.
        unit: What one bit counts at which an event does harm: FIT, or harmful events per event.
        note: What its figures leave out; empty: nothing beyond what is always left out.
    """

    name: str
    sizes: tuple[int, ...]
    fault: FaultModel
    unit: float
    note: str = ""

    @property
    def bits(self) -> int:
        """Data bits in it."""
        return sum(self.sizes)

    @property
    def kinds(self) -> list[tuple[float, FaultModel]]:
        """Its kinds of events, each with its share."""
        return list(self.fault.parts) or [(1.0, self.fault)]


def target_of(space: FaultSpace, request: ProtectRequest) -> DeploymentTarget:
    """The target of a request, or the one that stands for events without a target.

    Args:
        space: the bits at risk without protection.
        request: what is asked for.

    Raises:
        BadTarget: the target cannot be read.
    """
    if request.target is not None:
        return loaded_target(request.target)
    region = Region(
        name=WHOLE,
        raw_fit_per_mbit=BITS_PER_MBIT / space.bits,
        source="one event in 1e9 hours",
        standing="assumed",
        events=str(request.fault),
    )
    use = Use(inferences_per_hour=1.0, mission_hours=1.0)
    return DeploymentTarget(name=WHOLE, use=use, region=(region,))


def budgets_of(target: DeploymentTarget, request: ProtectRequest) -> tuple[HarmBudget, ...]:
    """The budgets of a request, else those of its target.

    Args:
        target: the target.
        request: what is asked for.

    Raises:
        BadOption: there is no budget.
    """
    if request.gate:
        return request.gate
    bounds = {"sdc": target.budget.sdc_fit, "due": target.budget.due_fit}
    found = tuple(HarmBudget(o, True, b) for o, b in bounds.items() if b is not None)
    if not found:
        raise BadOption(
            f"the budget of the target {target.name!r} has neither sdc_fit nor due_fit, which "
            "plans are drafted for; add one, or give a --gate like 'sdc_fit <= 10'"
        )
    return found


def unjudged_bounds(target: DeploymentTarget, budgets: Sequence[HarmBudget]) -> list[str]:
    """Bounds of a target that no plan is judged by, as a target file writes them.

    Args:
        target: the target.
        budgets: those that plans are judged by.
    """
    judged = {f"{budget.outcome}_fit" for budget in budgets if budget.fit}
    bounds = [(name, bound) for name, bound in target.budget if bound is not None]
    return [f"{name} = {bound:g}" for name, bound in bounds if name not in judged]


def regions_at_risk(space: FaultSpace, target: DeploymentTarget) -> list[MemoryRegion]:
    """The memories of a target.

    Args:
        space: the bits at risk without protection.
        target: the target.

    Raises:
        BadTarget: it does not fit the model, or lacks a raw rate.
    """
    homes = list(zip(space.tensors, regions_of(target, space.tensors), strict=True))
    return [
        _of_target(target, region, [tensor for tensor, home in homes if home is region])
        for region in target.region
    ]


def _of_target(
    target: DeploymentTarget, region: Region, tensors: Sequence[TensorSite]
) -> MemoryRegion:
    rate = region.raw_fit_per_mbit
    if rate is None:
        raise BadTarget(
            f"the region {region.name!r} of the target {target.name!r} has no raw_fit_per_mbit, "
            "without which nothing can be said in FIT; fill it in"
        )
    sizes = tuple(t.bits for t in tensors)
    note = ""
    if not exposure_of(target, region, sum(sizes)).one_event:
        note = (
            f"in the region {region.name!r} several events often come between two refreshes; the "
            "plan counts one at a time, and its confirmation is a sweep"
        )
    return MemoryRegion(
        name=region.name,
        sizes=sizes,
        fault=parse_fault(region.events),
        unit=raw_fit(rate, 1, target.environment.flux_factor),
        note=note,
    )
