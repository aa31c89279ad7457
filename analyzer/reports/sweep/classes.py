"""Silent corruption by class over the rates of a sweep, for its page."""

from collections.abc import Sequence
from typing import NamedTuple

from analyzer.faults.rates import show_rate
from analyzer.reports.shared.classes import (
    ClassesPart,
    ClassSdcPart,
    class_rows,
    class_sentences,
    shown_class,
)
from analyzer.reports.sweep.record import RatePart, Report

MOST_CLASSES = 20
"""Classes that a page lists, the worst first; the JSON report has all."""


class ClassRow(NamedTuple):
    """A class and its figures, one per rate; None where there is no estimate."""

    name: str
    images: int
    figures: list[ClassSdcPart | None]


class ClassTable(NamedTuple):
    """A table of the worst classes.

    Attributes:
        rates: Its columns, ascending.
        rows: The worst class first.
        others: Classes for which there is no room.
        confidence: Of each interval.
        joint: Of all intervals of one rate.
        said: The worst class by name, at the rate at which any class has most silent corruption.
    """

    rates: list[float]
    rows: list[ClassRow]
    others: int
    confidence: float
    joint: float
    said: str

    @property
    def gaps(self) -> bool:
        """True if a figure is missing."""
        return any(figure is None for row in self.rows for figure in row.figures)


def class_table(report: Report) -> ClassTable | None:
    """The worst classes over all rates; None: there are no figures by class."""
    known = _known(report.rates)
    if not known:
        return None
    rate, worst = max(known, key=lambda entry: (_most_sdc(entry[1]), entry[0]))
    by_rate = [{one.index: one for one in part.classes} for _, part in known]
    shown = class_rows(worst, MOST_CLASSES)
    rows = [
        ClassRow(shown_class(one), one.images, [found.get(one.index) for found in by_rate])
        for one in shown
    ]
    return ClassTable(
        rates=[known_rate for known_rate, _ in known],
        rows=rows,
        others=len(worst.classes) - len(rows),
        confidence=worst.confidence,
        joint=worst.joint,
        said=f"At {show_rate(rate)}: {' '.join(class_sentences(worst))}",
    )


def _most_sdc(part: ClassesPart) -> float:
    """Of any class. At the highest rates little is silent: most errors are detected there."""
    return max(one.sdc.estimate for one in part.classes)


def _known(rates: Sequence[RatePart]) -> list[tuple[float, ClassesPart]]:
    """Rates with figures by class, ascending."""
    found = [(r.rate, r.by_class) for r in rates if r.by_class and r.by_class.classes]
    return sorted(found, key=lambda entry: entry[0])
