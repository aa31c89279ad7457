"""A campaign of single events that is ready to run: regions, their memory, and their exposure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.faults.events import EventRegion, split_events
from analyzer.faults.models import parse_fault
from analyzer.faults.protections import parse_protection
from analyzer.faults.protections.regions import JoinedMemory, RegionProtection
from analyzer.faults.space import FaultSpace
from analyzer.jobs.analysis import Analysis, Begin, Start, ignore_begin
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.prepare import prepare_analysis
from analyzer.jobs.protected import readable
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.sources import open_model
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.golden_model import golden_values
from analyzer.targets.exposure import RegionExposure, exposure_of
from analyzer.targets.read import regions_of
from analyzer.targets.target import DeploymentTarget


@dataclass(frozen=True)
class PreparedTarget:
    """A target whose regions were found in a model.

    Attributes:
        target: The target.
        analysis: The campaign; its patterns have the events of ``counted``.
        members: Of each region, the indices of its tensors in the fault space, check bits behind.
        exposures: Of each region.
    """

    target: DeploymentTarget
    analysis: Analysis
    members: tuple[tuple[int, ...], ...]
    exposures: tuple[RegionExposure, ...]

    @property
    def counted(self) -> tuple[int, ...]:
        """Numbers of the regions in the regime of one event."""
        return tuple(i for i, exposure in enumerate(self.exposures) if exposure.one_event)

    @property
    def swept(self) -> tuple[int, ...]:
        """Numbers of the regions in the regime of several events."""
        return tuple(i for i, exposure in enumerate(self.exposures) if not exposure.one_event)

    @property
    def weights(self) -> dict[int, float]:
        """Share of each counted region in all events; by bits, where a rate is missing."""
        counted = [self.exposures[i] for i in self.counted]
        rated = all(e.is_rated for e in counted) and any(e.raw_fit for e in counted)
        amounts = {i: self.exposures[i].raw_fit if rated else self.exposures[i].bits
                   for i in self.counted}  # fmt: skip
        whole = sum(amounts.values())
        return {i: amount / whole for i, amount in amounts.items()}


def prepare_target(
    request: TargetRequest,
    target: DeploymentTarget,
    device: Device,
    observer: Observer = SILENT,
    begin: Begin = ignore_begin,
    watch: Stopwatch | None = None,
) -> PreparedTarget:
    """Find the regions in the model, protect them, run the golden pass, and tell events apart.

    Args:
        request: what is asked for.
        target: the target.
        device: where to run, started.
        observer: is told how it goes.
        begin: see `Begin`.
        watch: the clock whose budget the golden run must not exceed by far.

    Raises:
        BadTarget: tensors and regions do not match.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    model = open_model(request.model)
    stored = model.space(request.selection, request.encoding)
    protection = _protection(target, stored)
    start = Start(device, observer, begin, watch, protection)
    analysis = prepare_analysis(model, request, start)
    members = _members(analysis, protection)
    bits = [sum(analysis.space.tensors[i].bits for i in own) for own in members]
    exposures = tuple(exposure_of(target, r, n) for r, n in zip(target.region, bits, strict=True))
    prepared = PreparedTarget(target, analysis, members, exposures)
    return replace(prepared, analysis=_with_events(prepared))


def _protection(target: DeploymentTarget, stored: FaultSpace) -> RegionProtection:
    found = regions_of(target, stored.tensors)
    pairs = list(zip(stored.tensors, found, strict=True))
    return RegionProtection(
        tuple(region.name for region in target.region),
        tuple(frozenset(t.name for t, r in pairs if r is region) for region in target.region),
        tuple(parse_protection(region.protection) for region in target.region),
    )


def _members(analysis: Analysis, protection: RegionProtection) -> tuple[tuple[int, ...], ...]:
    if isinstance(analysis.memory, JoinedMemory):
        return analysis.memory.tensors_of
    tensors = analysis.space.tensors
    return tuple(
        tuple(i for i, tensor in enumerate(tensors) if tensor.name in names)
        for names in protection.tensors
    )


def _with_events(prepared: PreparedTarget) -> Analysis:
    analysis, target = prepared.analysis, prepared.target
    regions = [
        EventRegion(number, prepared.members[number], parse_fault(target.region[number].events))
        for number in prepared.counted
    ]
    context = analysis.context
    values = golden_values(analysis.model, readable(analysis.space, analysis.memory))
    covered = analysis.memory.covered if analysis.memory else None
    events = split_events(analysis.space, values, regions, covered)
    plan = replace(context.plan, events=_digest(prepared, regions))
    patterns = replace(context.patterns, plan=plan, events=events)
    return replace(analysis, context=replace(context, patterns=patterns))


def _digest(prepared: PreparedTarget, regions: Sequence[EventRegion]) -> str:
    """Digest of all that decides which events a trial draws, but for what plans hold anyway."""
    tensors = prepared.analysis.space.tensors
    content = [
        [
            r.number,
            prepared.target.region[r.number].protection,
            str(r.fault),
            [tensors[i].name for i in r.tensors],
        ]
        for r in regions
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
