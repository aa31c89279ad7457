"""Critical silent corruption: the table that says what is critical, and the figures, in words."""

from collections.abc import Iterator, Sequence
from typing import Literal

from analyzer.evaluation.confusions import Confusions
from analyzer.evaluation.confusions.rows import CRITICAL
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.records import Digest, IntervalPart, Name, ReportRecord
from analyzer.reports.shared.terminal_text import COLUMNS, table_row, wrapped


class ConfusionPart(ReportRecord):
    """One row of the table; ``*`` stands for any class."""

    golden: Name
    faulty: Name
    severity: Literal["critical", "non-critical"]


class SeverityPart(ReportRecord):
    """The confusions of classes that are critical: golden's decision, then the faulty one.

    A row of two classes goes before one with a ``*``; what no row speaks of is not critical.
    ``sha256`` is that of the rows with classes as numbers, as the plan has it.
    """

    file: Name
    sha256: Digest
    confusions: list[ConfusionPart]


def severity_part(confusions: Confusions | None) -> SeverityPart | None:
    """The table of critical confusions; None: there is none."""
    if confusions is None:
        return None
    rows = [
        ConfusionPart.model_validate({"golden": golden, "faulty": faulty, "severity": word})
        for golden, faulty, word in confusions.shown
    ]
    return SeverityPart(
        file=confusions.source, sha256=confusions.content["sha256"], confusions=rows
    )


SAID = (
    "SDC is critical where the table says so of golden's class and the class under faults; the "
    "critical and the other SDC add up to the SDC. An answer of which no class can be read counts "
    "as critical."
)


def severity_sentence(part: SeverityPart) -> str:
    """The number of rows of a table, as a sentence without its full stop."""
    critical = sum(row.severity == CRITICAL for row in part.confusions)
    rows = "row" if len(part.confusions) == 1 else "rows"
    return f"{part.file}, {len(part.confusions)} {rows}, {critical} of them critical"


RATE_ENDS = (12, 32, 52)
"""Last character of each column of the table of critical SDC, rate by rate."""

PART_ENDS = (46, 62, COLUMNS - 1)
"""The same, part by part of a memory."""

CriticalRow = tuple[str, IntervalPart | None, IntervalPart | None]
"""The name of a row, and two figures."""


def severity_lines(part: SeverityPart | None, rows: Sequence[CriticalRow]) -> Iterator[str]:
    """A table of critical and other SDC; nothing without a table of critical confusions.

    Args:
        part: the table of critical confusions.
        rows: each rate with its critical SDC and its other SDC.
    """
    if part is None:
        return
    yield from _head(part)
    yield table_row(["rate", "critical SDC %", "other SDC %"], RATE_ENDS)
    for name, critical, other in rows:
        yield table_row([name, figures.estimate(critical), figures.estimate(other)], RATE_ENDS)
        if critical is not None:
            yield table_row(["", figures.bounds(critical), figures.bounds(other)], RATE_ENDS)


def critical_lines(part: SeverityPart | None, rows: Sequence[CriticalRow]) -> Iterator[str]:
    """A table of SDC and what of it is critical; nothing without a table of critical confusions.

    Args:
        part: the table of critical confusions.
        rows: each part of the memory with its SDC and its critical SDC.
    """
    if part is None:
        return
    yield from _head(part)
    yield table_row(["SDC %", "critical SDC %", "interval"], PART_ENDS, "one upset in")
    for name, sdc, critical in rows:
        exact = critical is not None and critical.low == critical.high
        bounds = "exact" if exact else figures.bounds(critical)
        shown = [figures.estimate(sdc), figures.estimate(critical), bounds]
        yield table_row(shown, PART_ENDS, name)


def _head(part: SeverityPart) -> Iterator[str]:
    yield ""
    yield from wrapped([f"Critical SDC, by {severity_sentence(part)}:"])
