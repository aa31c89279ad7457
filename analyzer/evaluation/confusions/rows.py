"""Severity tables as files: CSV with a row per confusion, or TOML with a list per class."""

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import BadSeverityTable, quoted

CRITICAL, TOLERABLE = "critical", "non-critical"
WORDS = {CRITICAL: True, TOLERABLE: False}
STAR = "*"
HEADS = (("true", "golden"), ("predicted", "faulty"), ("severity",))
"""Names of the columns; the first two have two names each."""

MOST_BYTES = 64 << 20
EXAMPLE = 'write rows like stop,speed 80,critical, or a list like "stop" = ["speed 80", "*"]'


@dataclass(frozen=True, slots=True)
class SeverityRow:
    """One row of a table, as it is written.

    Attributes:
        golden: Name or number of the class of the fault-free answer, or ``*``.
        faulty: The same under faults.
        critical: Whether the change is dangerous.
        where: Place in the file, for messages.
    """

    golden: str
    faulty: str
    critical: bool
    where: str


@dataclass(frozen=True, slots=True)
class SeverityTable:
    """A table as it is written.

    Attributes:
        source: Name of the file.
        rows: In the order of the file.
    """

    source: str
    rows: tuple[SeverityRow, ...]


def read_severity_table(path: Path) -> SeverityTable:
    """The rows of a table; its ending says whether it is TOML or CSV.

    Raises:
        BadSeverityTable: the file cannot be read, or is no such table.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadSeverityTable(f"severity table {path} is larger than {MOST_BYTES >> 20} MiB")
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise BadSeverityTable(f"there is no severity table {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSeverityTable(f"severity table {path} cannot be read as text") from error
    rows = _toml(path, text) if path.suffix.lower() == ".toml" else _csv(path, text)
    found = tuple(rows)
    if not any(row.critical for row in found):
        raise BadSeverityTable(f"severity table {path} calls no confusion critical; {EXAMPLE}")
    return SeverityTable(path.name, found)


def _csv(path: Path, text: str) -> Iterator[SeverityRow]:
    """Rows of a CSV file; the severity is critical where the column is empty or missing."""
    lines = csv.reader(io.StringIO(text))
    try:
        numbered = [(n, [cell.strip() for cell in row]) for n, row in enumerate(lines, 1)]
    except csv.Error as error:
        raise BadSeverityTable(f"severity table {path} is no CSV: {error}") from error
    filled = [(n, row) for n, row in numbered if any(row)]
    if filled and _is_head(filled[0][1]):
        filled = filled[1:]
    for number, row in filled:
        where = f"{path}, line {number}"
        if len(row) not in (2, 3) or not all(row[:2]):
            raise BadSeverityTable(f"{where}: {quoted(','.join(row))} is no confusion; {EXAMPLE}")
        word = (row[2] if len(row) == 3 else "").lower() or CRITICAL
        if word not in WORDS:
            raise BadSeverityTable(
                f"{where}: severity {quoted(word)} is unknown; use {CRITICAL} or {TOLERABLE}"
            )
        yield SeverityRow(row[0], row[1], WORDS[word], where)


def _is_head(row: Sequence[str]) -> bool:
    """True for the names of the columns."""
    cells = [cell.lower() for cell in row]
    return len(cells) >= 2 and all(cell in names for cell, names in zip(cells, HEADS, strict=False))


def _toml(path: Path, text: str) -> Iterator[SeverityRow]:
    """Rows of a TOML file: a table for each severity, with a list of classes for each class."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSeverityTable(f"severity table {path} is no TOML: {error}") from error
    for word, lists in content.items():
        if word not in WORDS or not isinstance(lists, Mapping):
            raise BadSeverityTable(
                f"{path}: {quoted(word)} is none of its tables; use [{CRITICAL}] and [{TOLERABLE}]"
            )
        for golden, faulty in lists.items():
            for other in _classes(path, golden, faulty):
                yield SeverityRow(golden, other, WORDS[word], f"{path}, [{word}] {quoted(golden)}")


def _classes(path: Path, golden: str, faulty: Any) -> list[str]:
    """The classes of one list, or the one class that stands in its place."""
    listed = faulty if isinstance(faulty, list) else [faulty]
    for other in listed:
        if isinstance(other, bool) or not isinstance(other, str | int):
            raise BadSeverityTable(f"{path}: {quoted(golden)} has no list of classes; {EXAMPLE}")
    return [str(other) for other in listed]
