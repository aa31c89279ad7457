"""Rows of a report as CSV: fractions and not per cent, names that no spreadsheet evaluates."""

import csv
import io
from collections.abc import Sequence

from analyzer.reports.shared.terminal_text import one_line
from analyzer.reports.tables import Row


def to_csv(rows: Sequence[Row]) -> str:
    """A head of column names, then a line per row.

    Args:
        rows: one or more, all with the same keys.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return stream.getvalue()


def _cell(value: str | int | float | bool | None) -> str | int | float | None:
    if not isinstance(value, str):
        return value
    shown = one_line(value)
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown
