"""The result of a campaign of single events, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analyzer.campaign.result import Crash, Stop
from analyzer.faults.events import EventStratum
from analyzer.stats.areas import AreaStratum, untried_share
from analyzer.stats.events import EventOutcomes, estimate_events


@dataclass(frozen=True, slots=True)
class StratumFound:
    """The trials of one stratum.

    Attributes:
        stratum: Its events.
        seen: Their tally; the weight is the share of the region's events.
        images: Images of the trials that count.
        sdc: Those silently corrupted.
        due: Those that ended in a detected error.
        crashes: Events that killed the process that ran them.
    """

    stratum: EventStratum
    seen: AreaStratum
    images: int
    sdc: int
    due: int
    crashes: tuple[Crash, ...]


@dataclass(frozen=True)
class EventFigures:
    """Outcomes given one event, at one look.

    Attributes:
        regions: By number of the region; None while too much of it is untried.
        whole: Given one event anywhere; None likewise.
        confidence: Of each interval.
    """

    regions: Mapping[int, EventOutcomes | None]
    whole: EventOutcomes | None
    confidence: float


@dataclass(frozen=True)
class EventResult:
    """A finished campaign.

    Attributes:
        figures: Of the last look.
        strata: Region by region.
        looks: Number of looks; intervals hold at all of them together.
        stop: Why there are no more trials.
    """

    figures: EventFigures
    strata: tuple[StratumFound, ...]
    looks: int
    stop: Stop

    @property
    def trials(self) -> int:
        """Trials of the whole campaign, each with one event."""
        return sum(found.seen.tally.trials for found in self.strata)

    @property
    def exhaustive(self) -> bool:
        """True if every event met every image."""
        return all(found.seen.exact is not None for found in self.strata)

    @property
    def images(self) -> int:
        """Images of all these trials."""
        return sum(found.images for found in self.strata)

    def of(self, region: int) -> list[StratumFound]:
        """The strata of one region."""
        return [found for found in self.strata if found.stratum.region == region]

    def of_kind(self, region: int, fault: str) -> EventOutcomes | None:
        """Outcomes given one event of one kind; None while too much of it is untried.

        Args:
            region: number of the region.
            fault: the kind, as flags write it.
        """
        seen = [f.seen for f in self.of(region) if str(f.stratum.fault) == fault]
        whole = sum(part.weight for part in seen)
        parts = [replace(part, weight=part.weight / whole) for part in seen]
        return outcomes_of(parts, self.figures.confidence)


UNTRIED = 0.01
"""Share of the events of which nothing may be known where there is an estimate."""


def outcomes_of(strata: list[AreaStratum], confidence: float) -> EventOutcomes | None:
    """The estimate from some strata; None while more than `UNTRIED` of their events are untried.

    Args:
        strata: their weights sum to 1.
        confidence: of each interval, in (0, 1).
    """
    if untried_share(strata) > UNTRIED:
        return None
    return estimate_events(strata, confidence)
