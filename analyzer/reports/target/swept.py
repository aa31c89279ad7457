"""A region in the regime of several events: its sweep, and the parts of the report that follow."""

from dataclasses import dataclass
from typing import Literal

from analyzer.gate.target_figures import SweptFigures
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.sweep.record import RatePart
from analyzer.reports.sweep.record import Report as SweepRecord
from analyzer.reports.target.memory import SweptRatePart
from analyzer.stats.intervals import Interval


@dataclass(frozen=True)
class SweptRegion:
    """The sweep of one region.

    Attributes:
        record: As a run reports it; at most two rates.
        mean: The rate at a moment drawn from a window.
        worst: The rate at its end.
    """

    record: SweepRecord
    mean: float
    worst: float

    def at(self, rate: float) -> RatePart:
        """The row of one of the two rates."""
        return next(row for row in self.record.rates if row.rate == rate)

    @property
    def figures(self) -> SweptFigures:
        """Figures that conditions are judged by."""
        worst = self.at(self.worst)
        return SweptFigures(
            metric_mean=_interval(self.at(self.mean).metric),
            sdc_worst=_interval(worst.sdc),
            due_worst=_interval(worst.due),
            sdc_critical_worst=_interval(worst.critical_sdc),
        )


def _interval(part: IntervalPart | None) -> Interval | None:
    return None if part is None else Interval(part.estimate, part.low, part.high)


def swept_parts(swept: SweptRegion) -> list[SweptRatePart]:
    """The rows of a sweep: at a moment drawn from a window, and at its end."""
    return [
        _row(swept.at(swept.mean), "mean"),
        _row(swept.at(swept.worst), "worst"),
    ]


def _row(row: RatePart, moment: Literal["mean", "worst"]) -> SweptRatePart:
    return SweptRatePart(
        rate=row.rate,
        moment=moment,
        trials=row.trials,
        images=row.images,
        expected_events=row.expected_flips,
        metric=row.metric,
        sdc=row.sdc,
        due=row.due,
        masked=row.masked,
        stop=row.stop,
    )
