"""The memories that are to be protected: which tensors, which events, what a harmful bit counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.errors import BadTarget
from analyzer.faults.models import FaultModel, parse_fault
from analyzer.faults.space import FaultSpace, TensorSite
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.protect.rules import glob_of
from analyzer.targets.arithmetic import events_per_bit_hour, one_event_serves, raw_fit
from analyzer.targets.read import read_target, regions_of
from analyzer.targets.target import DeploymentTarget, Region

WHOLE = "memory"
"""Name of the only region where there is no target."""


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """One memory.

    Attributes:
        name: Its name.
        globs: Of the tensors in it; empty: all that are at risk.
        bits: Data bits in it.
        sizes: Bits of each tensor in it.
        fault: Its events.
        unit: What one bit counts at which an event does harm: FIT, or 1 over the bits at risk.
        note: What its figures leave out; empty: nothing beyond what is always left out.
    """

    name: str
    globs: tuple[str, ...]
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


def regions_at_risk(space: FaultSpace, request: ProtectRequest) -> list[MemoryRegion]:
    """The regions of the target; without a target, all bits at risk as one.

    Args:
        space: the bits at risk without protection.
        request: what is asked for.

    Raises:
        BadTarget: the target cannot be read, does not fit the model, or lacks a raw rate.
    """
    if request.target is None:
        sizes = tuple(t.bits for t in space.tensors)
        return [MemoryRegion(WHOLE, request.include, sizes, request.fault, 1.0 / space.bits)]
    target = read_target(request.target)
    homes = regions_of(target, space.tensors)
    return [
        _of_target(
            target, region, [t for t, h in zip(space.tensors, homes, strict=True) if h is region]
        )
        for region in target.region
    ]


def _of_target(
    target: DeploymentTarget, region: Region, tensors: Sequence[TensorSite]
) -> MemoryRegion:
    rate, flux = region.raw_fit_per_mbit, target.environment.flux_factor
    if rate is None:
        raise BadTarget(
            f"the region {region.name!r} of the target {target.name!r} has no raw_fit_per_mbit, "
            "without which nothing can be said in FIT; fill it in"
        )
    sizes = tuple(t.bits for t in tensors)
    per_hour = events_per_bit_hour(rate, flux) * sum(sizes)
    note = ""
    if not one_event_serves(per_hour, target.window_hours(region)):
        note = (
            f"in the region {region.name!r} several events often come between two refreshes; the "
            "plan counts one at a time, so that its figure is too low there"
        )
    globs = tuple(glob_of(tensor) for tensor in tensors)
    unit = raw_fit(rate, 1, flux)
    return MemoryRegion(region.name, globs, sizes, parse_fault(region.events), unit, note)
