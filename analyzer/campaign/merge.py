"""Joins journals whose blocks belong to one campaign."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from analyzer.campaign.journal import TABLES, read_head, read_rows
from analyzer.errors import JournalMismatch, JournalUnusable


def merge_journals(sources: Sequence[Path], target: Path) -> int:
    """Write the blocks of all ``sources`` into the new journal ``target``.

    Returns:
        The number of blocks in it.

    Raises:
        JournalError: ``target`` exists or cannot be written, or a source cannot be read.
        JournalMismatch: sources of different campaigns, or with different results for one block.
    """
    if target.exists():
        raise JournalUnusable(f"{target} exists; name a new file for the joined journal")
    heads = {path: read_head(path, "identity") for path in sources}
    first = sources[0]
    for path, identity in heads.items():
        if identity is None or identity != heads[first]:
            raise JournalMismatch(f"{path} belongs to another campaign than {first}")
    blocks: dict[tuple[str, int], tuple[str, int, str, str]] = {}
    for path in sources:
        for row in read_rows(path):
            known = blocks.setdefault(row[:2], row)
            if known != row:
                raise JournalMismatch(
                    f"{path} has another result for block {row[1]} of {row[0]} than a journal "
                    "before it: the runs were not comparable"
                )
    request = read_head(first, "request")
    _write(target, {"identity": heads[first], "request": request}, list(blocks.values()))
    return len(blocks)


def _write(
    target: Path, head: dict[str, str | None], rows: list[tuple[str, int, str, str]]
) -> None:
    try:
        with closing(sqlite3.connect(target)) as connection, connection:
            connection.executescript(TABLES)
            connection.executemany("INSERT INTO head VALUES (?, ?)", head.items())
            connection.executemany("INSERT INTO block VALUES (?, ?, ?, ?)", rows)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise JournalUnusable(f"{target} cannot be written ({error})") from error
