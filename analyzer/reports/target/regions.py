"""Regions of a target, as parts of its report."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.coding_loss import CodingLoss
from analyzer.campaign.events.result import EventResult, StratumFound
from analyzer.faults.models import FaultModel, parse_fault
from analyzer.faults.protections import NONE, parse_protection
from analyzer.faults.protections.protection import ProtectedMemory, storage_overhead
from analyzer.faults.protections.regions import JoinedMemory
from analyzer.faults.space import FaultSpace, Target
from analyzer.reports.shared.build import crash_part, interval_part
from analyzer.reports.shared.records import CodingLossPart, IntervalPart, ProtectionPart
from analyzer.reports.target.memory import (
    AmountPart,
    BadStatePart,
    EventPatternPart,
    EventStratumPart,
    ExposurePart,
    FitPart,
    LossPart,
    OutcomesPart,
    RawRatePart,
    RegionPart,
    StoredTensorPart,
)
from analyzer.reports.target.swept import SweptRegion, swept_parts
from analyzer.stats.events import EventOutcomes
from analyzer.stats.intervals import Interval
from analyzer.targets.arithmetic import NEGLIGIBLE, bad_state, outcome_fit
from analyzer.targets.exposure import RegionExposure
from analyzer.targets.target import Region

FIT_OF = ("corrected", "masked", "due", "sdc", "detected")
"""Outcomes that have a FIT, in the order in which events pass through."""


@dataclass(frozen=True)
class RegionContents:
    """All that is known of one region.

    Attributes:
        number: Of the region.
        exposure: Its rates and windows.
        tensors: Indices of its tensors in ``space``, check bits behind the others.
        space: The bits at risk of the whole target.
        memory: The protected memory; None: nothing is protected.
        coding: What the encodings of all regions together cost without faults; None: nothing.
        events: Trials of one event; None: no region is in that regime.
        swept: The sweep of this region; None: it is in the regime of one event.
        inferences_per_hour: That read it.
    """

    number: int
    exposure: RegionExposure
    tensors: Sequence[int]
    space: FaultSpace
    memory: ProtectedMemory | None
    coding: CodingLoss | None
    events: EventResult | None
    swept: SweptRegion | None
    inferences_per_hour: float

    @property
    def region(self) -> Region:
        """The region of the target."""
        return self.exposure.region

    @property
    def data_bits(self) -> int:
        """Bits at risk that are no check bits."""
        sites = (self.space.tensors[i] for i in self.tensors)
        return sum(site.bits for site in sites if site.target is not Target.CHECK)

    @property
    def found(self) -> list[StratumFound]:
        """Strata of its events; none if it is swept."""
        return self.events.of(self.number) if self.events and not self.swept else []

    @property
    def outcomes(self) -> EventOutcomes | None:
        """Outcomes given one event; None while too much is untried, or if it is swept."""
        if self.events is None or self.swept is not None:
            return None
        found = self.events.figures.regions[self.number]
        if found is not None and self.region.protection == NONE.name:
            return found.unguarded
        return found


def region_part(contents: RegionContents) -> RegionPart:
    """The part of one region."""
    region, exposure, found = contents.region, contents.exposure, contents.found
    outcomes, swept = contents.outcomes, contents.swept
    rows = swept_parts(swept) if swept else []
    fit = fit_part(exposure.raw_fit, outcomes) if exposure.is_rated and outcomes else None
    crashes = [crash for f in found for crash in f.crashes]
    return RegionPart(
        name=region.name,
        tensors=_tensors(contents),
        data_bits=contents.data_bits,
        check_bits=exposure.bits - contents.data_bits,
        bits_at_risk=exposure.bits,
        protection=_protection(contents),
        refresh=region.refresh,
        window_hours=exposure.window_hours,
        raw=_raw(region),
        missing=missing_rate(region),
        events=region.events,
        patterns=_patterns(contents),
        exposure=_exposure(exposure) if exposure.is_rated else None,
        trials=sum(f.seen.tally.trials for f in found) + sum(row.trials for row in rows),
        images=sum(f.images for f in found) + sum(row.images for row in rows),
        given_event=_outcomes(outcomes),
        swept=rows,
        fit=fit,
        bad_state=_bad_state(contents, fit),
        strata=[_stratum(f) for f in found],
        crashes=[crash_part(crash) for crash in crashes],
    )


def missing_rate(region: Region) -> str:
    """A sentence on the raw rate that a region lacks; empty where it has one."""
    if region.raw_fit_per_mbit is not None:
        return ""
    return (
        f"The region {region.name!r} has no raw rate: nobody published one that the tool could "
        "cite. Ask the maker of the memory, or measure, and fill in raw_fit_per_mbit with its "
        "source; until then there are probabilities given one event, and no FIT."
    )


def _tensors(contents: RegionContents) -> list[StoredTensorPart]:
    sites = (contents.space.tensors[i] for i in contents.tensors)
    return [
        StoredTensorPart(
            name=site.name, kind=site.kind.value, dtype=site.dtype, shape=list(site.shape),
            bits=site.bits,
        )
        for site in sites
        if site.target is not Target.CHECK
    ]  # fmt: skip


def _protection(contents: RegionContents) -> ProtectionPart | None:
    rules = contents.region.protection
    if rules == NONE.name or not isinstance(contents.memory, JoinedMemory):
        return None
    part, alone = contents.memory.parts[contents.number], (contents.number,)
    loss = contents.coding if contents.memory.rounding == alone else None
    return ProtectionPart(
        rules=rules,
        about=parse_protection(rules).about,
        data_bits=part.data.bits,
        protected_bits=part.protected_bits,
        check_bits=part.space.bits - part.data.bits,
        overhead=str(storage_overhead(part)),
        coding_loss=coding_part(loss),
    )


def coding_part(loss: CodingLoss | None) -> CodingLossPart | None:
    """The cost of encodings without faults; None: nothing is lost, or not by one region alone."""
    if loss is None:
        return None
    return CodingLossPart(unencoded=loss.unencoded, lost=loss.lost, changed=loss.changed)


def _raw(region: Region) -> RawRatePart | None:
    if region.raw_fit_per_mbit is None:
        return None
    assert region.standing is not None, "a rate without standing is refused"
    return RawRatePart(
        fit_per_mbit=region.raw_fit_per_mbit,
        source=region.source,
        standing=region.standing,
        confidence=region.confidence,
        date=region.date,
    )


def _exposure(exposure: RegionExposure) -> ExposurePart:
    return ExposurePart(
        events_per_bit_hour=exposure.per_bit_hour,
        events_per_hour=exposure.events_per_hour,
        events_per_window=exposure.events_per_window,
        neglected_share=exposure.neglected,
        neglected_limit=NEGLIGIBLE,
        regime="one event" if exposure.one_event else "several events",
        ber_mean=exposure.rates.mean,
        ber_worst=exposure.rates.worst,
    )


def _patterns(contents: RegionContents) -> list[EventPatternPart]:
    fault = parse_fault(contents.region.events)
    return [_pattern(contents, share, kind) for share, kind in fault.parts or ((1.0, fault),)]


def _pattern(contents: RegionContents, share: float, fault: FaultModel) -> EventPatternPart:
    found = [f for f in contents.found if f.stratum.fault == fault]
    outcomes = None
    if contents.events and found:
        outcomes = contents.events.of_kind(contents.number, str(fault))
    return EventPatternPart(
        fault=str(fault),
        share=share,
        about=fault.kind.rule,
        trials=sum(f.seen.tally.trials for f in found),
        sdc=interval_part(outcomes.sdc) if outcomes else None,
        due=interval_part(outcomes.due) if outcomes else None,
    )


def _outcomes(found: EventOutcomes | None) -> OutcomesPart | None:
    if found is None:
        return None
    loss = found.loss
    return OutcomesPart(
        corrected=_share(found.corrected),
        masked=_share(found.masked),
        due=_share(found.due),
        sdc=_share(found.sdc),
        sdc_critical=_share(found.sdc_critical) if found.sdc_critical else None,
        detected=_share(found.detected),
        loss=LossPart(estimate=loss.estimate, low=max(-1.0, loss.low), high=min(1.0, loss.high)),
    )


def _share(interval: Interval) -> IntervalPart:
    part = interval_part(interval)
    assert part is not None, "an interval has a part"
    return part


def amount_part(interval: Interval) -> AmountPart:
    """A figure that is no share, cut to what is possible."""
    low, high = max(0.0, interval.low), max(0.0, interval.high)
    return AmountPart(estimate=max(0.0, interval.estimate), low=low, high=high)


def fit_part(raw: float, outcomes: EventOutcomes) -> FitPart:
    """FIT of every outcome.

    Args:
        raw: FIT of all events.
        outcomes: given one event.
    """
    names = (*FIT_OF, "sdc_critical") if outcomes.sdc_critical else FIT_OF
    parts = {name: amount_part(outcome_fit(raw, getattr(outcomes, name))) for name in names}
    return FitPart(raw=raw, **parts)


def _bad_state(contents: RegionContents, fit: FitPart | None) -> BadStatePart | None:
    """None for a memory that is read anew for each inference, in which nothing stays."""
    if fit is None or contents.region.refresh == "inference":
        return None
    ends = (fit.sdc.estimate, fit.sdc.low, fit.sdc.high)
    window, rate = contents.exposure.window_hours, contents.inferences_per_hour
    states = [bad_state(end, window, rate) for end in ends]

    def part(name: str) -> AmountPart:
        return amount_part(Interval(*(getattr(state, name) for state in states)))

    return BadStatePart(
        entries_per_hour=part("entries_per_hour"),
        mean_hours=states[0].mean_hours,
        share_of_time=part("share_of_time"),
        inferences_per_hour=part("inferences_per_hour"),
    )


def _stratum(found: StratumFound) -> EventStratumPart:
    stratum = found.stratum
    return EventStratumPart(
        fault=str(stratum.fault),
        place=stratum.place.value,
        share=min(1.0, stratum.share),
        sites=stratum.sites,
        trials=found.seen.tally.trials,
        images=found.images,
        sdc=found.sdc,
        due=found.due,
        exhaustive=found.seen.exact is not None,
    )
