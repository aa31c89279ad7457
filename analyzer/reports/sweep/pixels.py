"""IoU by class over the rates of a sweep, for its page."""

from typing import NamedTuple

from analyzer.reports.shared.pixels import ClassIouPart, GoldenClassPart, shown_golden_class
from analyzer.reports.sweep.record import RatePart, Report


class ClassRow(NamedTuple):
    """A class, its fault-free figures, and one figure per rate; None where there is no estimate."""

    name: str
    golden: GoldenClassPart
    figures: list[ClassIouPart | None]


class PixelTable(NamedTuple):
    """Figures of pixels, class by class and rate by rate.

    Attributes:
        rates: With figures, ascending.
        rows: Of the classes, by number; empty without labels.
        confidence: Of each interval of a class.
        joint: Of all intervals of one rate.
    """

    rates: list[RatePart]
    rows: list[ClassRow]
    confidence: float
    joint: float


def pixel_table(report: Report) -> PixelTable | None:
    """The figures of pixels of all rates; None: there are none."""
    rates = sorted((r for r in report.rates if r.pixels), key=lambda rate: rate.rate)
    if not rates:
        return None
    parts = [rate.pixels for rate in rates if rate.pixels]
    by_rate = [{one.index: one for one in part.classes} for part in parts]
    rows = [
        ClassRow(shown_golden_class(one), one, [found.get(one.index) for found in by_rate])
        for one in report.golden_classes or ()
    ]
    return PixelTable(rates, rows, parts[0].confidence, parts[0].joint)
