"""Outcomes given one event: probabilities with intervals, from strata of events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.stats.areas import AreaStratum, area_share, estimate_area
from analyzer.stats.intervals import Interval
from analyzer.stats.tally import Moments, Tally


@dataclass(frozen=True, slots=True)
class EventOutcomes:
    """Outcomes of an image given one event; the first four are all that can happen.

    Attributes:
        corrected: every upset was corrected by the memory.
        masked: something was read otherwise than written, and the decision stays as it was.
        due: a detected unrecoverable error, found by the memory or in the answer.
        sdc: silent data corruption.
        detected: the memory found an error that it did not correct.
        loss: score lost, in [-1, 1].
        sdc_critical: the part of ``sdc`` that a severity table calls critical; None without one.
    """

    corrected: Interval
    masked: Interval
    due: Interval
    sdc: Interval
    detected: Interval
    loss: Interval
    sdc_critical: Interval | None = None

    @property
    def unguarded(self) -> "EventOutcomes":
        """The same of a memory that nothing protects: it corrects and finds nothing, exactly."""
        return replace(self, corrected=NEVER, detected=NEVER)


NEVER = Interval(0.0, 0.0, 0.0)


def estimate_events(strata: Sequence[AreaStratum], confidence: float) -> EventOutcomes:
    """Estimate outcomes from trials of one event each.

    Args:
        strata: their weights, which sum to 1, are shares of all events.
        confidence: nominal coverage of each interval, in (0, 1).

    Returns:
        Weighted sums with the limits of `analyzer.stats.weighted`.

    >>> one = Tally.of_trials(1, [(1, 1, 0, 0, 1, 0)] + [(1, 0, 0, 1, 0, 0)] * 3)
    >>> found = estimate_events([AreaStratum(1.0, one)], 0.9)
    >>> found.sdc.estimate, found.masked.estimate, found.corrected.estimate
    (0.25, 0.75, 0.0)
    """
    area = estimate_area(strata, confidence)
    return EventOutcomes(
        corrected=area_share(strata, lambda t: t.corrected, lambda e: e.corrected, confidence),
        masked=area_share(
            strata, _masked_by_model, lambda e: 1.0 - e.sdc - e.due - e.corrected, confidence
        ),
        due=area.due,
        sdc=area.sdc,
        detected=area_share(strata, lambda t: t.detected, lambda e: e.detected, confidence),
        loss=area.loss,
        sdc_critical=area.critical_sdc,
    )


def _masked_by_model(tally: Tally) -> Moments:
    """Moments of the share that is masked without being corrected.

    A memory corrects a pattern on every image of a trial or on none. So where it corrects, both
    shares are 1; elsewhere only the first counts: moments of the difference are differences.
    """
    masked, corrected = tally.masked, tally.corrected
    return Moments(masked.total - corrected.total, masked.squares - corrected.squares)
