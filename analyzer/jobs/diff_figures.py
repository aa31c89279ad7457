"""Figures of two reports side by side, with intervals of their differences that hold together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from analyzer.evaluation.metrics import metric_named
from analyzer.gate.condition import CRITICAL_METRIC, HARMFUL
from analyzer.jobs.circumstances import AnyRecord
from analyzer.reports.diff.record import DiffFigurePart
from analyzer.reports.map.record import AreaPart, MapReport
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.signed_numbers import DifferencePart
from analyzer.reports.sweep.record import RatePart, Report
from analyzer.stats.intervals import Interval
from analyzer.stats.levels import each_of, widened
from analyzer.stats.paired import unpaired_difference


class Figure(NamedTuple):
    """The name of a figure: what is measured, and where."""

    rate: float | None
    tensor: str | None
    metric: str


@dataclass(frozen=True, slots=True)
class Sides:
    """The figures that two reports have in common.

    Attributes:
        figures: Each with its interval in the old and in the new report; None: no estimate.
        old: Coverage of the intervals of the old report.
        new: Of those of the new one.
    """

    figures: Mapping[Figure, tuple[IntervalPart | None, IntervalPart | None]]
    old: float
    new: float

    def each(self, together: float) -> float:
        """Coverage of each difference so that all hold together.

        Args:
            together: coverage of all.
        """
        return each_of(max(1, len(self.figures)), together)

    def difference(self, figure: Figure, confidence: float) -> Interval | None:
        """New minus old, of independent runs; None without an estimate of both.

        Args:
            figure: one of `figures`.
            confidence: coverage of the difference.
        """
        old, new = self.figures[figure]
        if old is None or new is None:
            return None
        first = widened(_interval(old), self.old, confidence)
        second = widened(_interval(new), self.new, confidence)
        return unpaired_difference(first, second)


def scored(record: AnyRecord) -> str | None:
    """The metric, if it is a figure of its own; without labels SDC and DUE say what it says."""
    metric = record.golden.metric
    return metric if isinstance(record, Report) and metric_named(metric).needs_labels else None


def side_by_side(old: AnyRecord, new: AnyRecord) -> Sides:
    """The figures that both reports have, in the order of the new one.

    Args:
        old: report of a sweep, or of a map.
        new: another one of the same kind.
    """
    before, after = dict(figures_of(old)), dict(figures_of(new))
    common = {figure: (before[figure], part) for figure, part in after.items() if figure in before}
    return Sides(common, old.plan.confidence, new.plan.confidence)


def alone(new: AnyRecord) -> Sides:
    """The figures of a new report beside nothing."""
    confidence = new.plan.confidence
    return Sides({f: (None, part) for f, part in figures_of(new)}, confidence, confidence)


def figures_of(record: AnyRecord) -> Iterator[tuple[Figure, IntervalPart | None]]:
    """The figures of a report, by name; critical SDC where a table of it was given."""
    critical = record.severity is not None
    if isinstance(record, MapReport):
        yield from _of_outcomes(None, None, record.whole, critical)
        for tensor in record.tensors:
            yield from _of_outcomes(None, tensor.name, tensor, critical)
        return
    metric = scored(record)
    for row in record.rates:
        if metric is not None:
            yield Figure(row.rate, None, metric), row.metric
        yield from _of_outcomes(row.rate, None, row, critical)


def _of_outcomes(
    rate: float | None, tensor: str | None, part: RatePart | AreaPart, critical: bool
) -> Iterator[tuple[Figure, IntervalPart | None]]:
    yield Figure(rate, tensor, "sdc"), part.sdc
    yield Figure(rate, tensor, "due"), part.due
    if critical:
        yield Figure(rate, tensor, CRITICAL_METRIC), part.critical_sdc


def figure_part(sides: Sides, figure: Figure, each: float, tolerance: float) -> DiffFigurePart:
    """One figure with its difference, and whether the new model is worse or better by it.

    Args:
        sides: both reports.
        figure: one of their figures.
        each: coverage of the difference.
        tolerance: differences up to this are neither, a fraction.
    """
    old, new = sides.figures[figure]
    found = sides.difference(figure, each)
    return DiffFigurePart(
        rate=figure.rate,
        tensor=figure.tensor,
        metric=figure.metric,
        old=old,
        new=new,
        difference=difference_part(found),
        result=result_of(figure.metric, found, tolerance),
    )


def result_of(
    metric: str, found: Interval | None, tolerance: float
) -> Literal["worse", "better", "open", "unknown"]:
    """The result that an interval of a difference allows.

    Args:
        metric: name of the figure, which says whether more of it is harm.
        found: new minus old; None: there is none.
        tolerance: at least 0.

    >>> result_of("sdc", Interval(0.02, 0.01, 0.03), 0.0)
    'worse'
    >>> result_of("top1", Interval(0.02, 0.01, 0.03), 0.02)
    'open'
    """
    if found is None:
        return "unknown"
    low, high = (-found.high, -found.low) if metric in HARMFUL else (found.low, found.high)
    if high < -tolerance:
        return "worse"
    return "better" if low > tolerance else "open"


def difference_part(found: Interval | None) -> DifferencePart | None:
    """A difference as reports have it; None where there is none."""
    if found is None:
        return None
    return DifferencePart(estimate=found.estimate, low=found.low, high=found.high)


def _interval(part: IntervalPart) -> Interval:
    return Interval(part.estimate, part.low, part.high)
