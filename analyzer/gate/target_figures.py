"""Figures of a target from outcomes given one event: FIT, and scores in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.campaign.events.result import EventFigures
from analyzer.gate.target import TargetFigure
from analyzer.stats.intervals import Interval, rescale
from analyzer.stats.sums import add_intervals
from analyzer.targets.arithmetic import HOURS_PER_FIT, bit_error_rates, neglected_share, outcome_fit
from analyzer.targets.exposure import RegionExposure

UNBOUNDED = float("inf")


@dataclass(frozen=True, slots=True)
class SweptFigures:
    """A region whose windows hold several events: figures at its bit error rates.

    Attributes:
        metric_mean: Mean score at a moment drawn from the window; None without an estimate.
        sdc_worst: Probability of silent data corruption at the end of a window; None likewise.
        due_worst: Of a detected error.
        sdc_critical_worst: Of critical silent data corruption; None also without a severity table.
    """

    metric_mean: Interval | None
    sdc_worst: Interval | None
    due_worst: Interval | None
    sdc_critical_worst: Interval | None = None


OUTCOMES = {
    TargetFigure.SDC_FIT: "sdc",
    TargetFigure.DUE_FIT: "due",
    TargetFigure.CRITICAL_FIT: "sdc_critical",
}
"""The outcome that a figure in FIT counts."""


@dataclass(frozen=True)
class TargetFigures:
    """All that is known of a target.

    Attributes:
        exposures: Region by region.
        golden: The metric without faults.
        events: Outcomes given one event, by number of the region; None: no region is in this
            regime.
        swept: By number of the region, those in the regime of several events.
    """

    exposures: Sequence[RegionExposure]
    golden: float
    events: EventFigures | None
    swept: Mapping[int, SweptFigures]

    @property
    def raw_fit(self) -> float:
        """FIT of all events in the regions of single events."""
        return sum(e.raw_fit for i, e in enumerate(self.exposures) if i not in self.swept)

    def interval(self, figure: TargetFigure, factor: float = 1.0) -> Interval | None:
        """A figure with its limits; None without an estimate.

        Args:
            figure: the figure.
            factor: of all raw rates; other than 1 only where no region is swept.
        """
        if figure.needs_rates and not all(e.is_rated for e in self.exposures):
            return None
        match figure:
            case TargetFigure.METRIC_EVENT:
                return self._metric_event()
            case TargetFigure.METRIC_MEAN:
                return self._metric_mean(factor)
        return self._fit(figure, factor)

    def _fit(self, figure: TargetFigure, factor: float) -> Interval | None:
        """FIT of single events, and windows that end in the bad state per 1e9 hours."""
        name = OUTCOMES[figure]
        parts: list[Interval | None] = []
        if self.events is not None:
            whole = self.events.whole
            found: Interval | None = getattr(whole, name) if whole else None
            parts.append(found and outcome_fit(factor * self.raw_fit, found))
        for number, swept in self.swept.items():
            share: Interval | None = getattr(swept, f"{name}_worst")
            windows = HOURS_PER_FIT / self.exposures[number].window_hours
            parts.append(share and outcome_fit(windows, share))
        known = [part for part in parts if part is not None]
        return add_intervals(known, 0.0, UNBOUNDED) if len(known) == len(parts) else None

    def _metric_event(self) -> Interval | None:
        """Of the region that loses most; of swept regions it is not measured."""
        if self.events is None or self.swept or None in self.events.regions.values():
            return None
        losses = [found.loss for found in self.events.regions.values() if found is not None]
        metrics = [_less(loss, 1.0, self.golden) for loss in losses]
        return _score(*(min(getattr(m, e) for m in metrics) for e in ("estimate", "low", "high")))

    def _metric_mean(self, factor: float) -> Interval | None:
        """Golden, less what each region loses in the time in which it holds an event."""
        parts, neglected = [Interval(self.golden, self.golden, self.golden)], 0.0
        for number, exposure in enumerate(self.exposures):
            if number in self.swept:
                mean = self.swept[number].metric_mean
                if mean is None:
                    return None
                parts.append(rescale(mean, 1.0, -self.golden))
                continue
            found = self.events.regions[number] if self.events else None
            if found is None:
                return None
            events = factor * exposure.events_per_hour
            share = bit_error_rates(events, exposure.window_hours).mean
            parts.append(_less(found.loss, share, 0.0))
            neglected += share * neglected_share(events, exposure.window_hours)
        total = add_intervals(parts, 0.0, 1.0)
        return _score(total.estimate, total.low - neglected, total.high)


def _score(estimate: float, low: float, high: float) -> Interval:
    """An interval cut to what a score can be; losses of several regions may add up beyond it."""
    return Interval(*(min(max(end, 0.0), 1.0) for end in (estimate, low, high)))


def _less(loss: Interval, share: float, offset: float) -> Interval:
    """The interval of ``offset`` minus ``share`` times a loss."""
    return Interval(*(offset - share * end for end in (loss.estimate, loss.high, loss.low)))
