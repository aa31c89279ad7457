"""SQLite files that are damaged, or are no journals at all."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from analyzer.campaign.journal.entries import Entry, read_value
from analyzer.errors import JournalUnusable

MAGIC = b"SQLite format 3\0"
HEADER_BYTES, START_BYTES = 100, 65536

APPLICATION_ID = b"rlck"
APPLICATION_ID_AT = slice(68, 72)
"""Marks a database as a journal, at a place that SQLite keeps for such marks."""

TABLE = "CREATE TABLE entry (id INTEGER PRIMARY KEY, content TEXT NOT NULL, digest TEXT NOT NULL)"

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""Error codes of SQLite for a damaged file (the last where our table is gone), as opposed to a full
disk or a folder that it may not write."""

_ENTRY = re.compile(rb'(\{"[a-z]+":[^\x00-\x1f]*?\})([0-9a-f]{64})')
"""The text of an entry and the digest behind it, as they stand in the file."""


@contextmanager
def as_journal_error(path: Path, doing: str, remedy: str = "") -> Iterator[None]:
    """Turn whatever SQLite or the system raises into a sentence.

    Args:
        path: of the journal.
        doing: what cannot be done with the journal, as a participle, e.g. ``written``.
        remedy: appended to the sentence.

    Raises:
        JournalUnusable: the journal cannot be used.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise JournalUnusable(f"journal {path} cannot be {doing} ({reason}){remedy}") from error


@contextmanager
def unless_damaged() -> Iterator[None]:
    """Leave the block, and go on behind it, where SQLite says that the file is damaged."""
    try:
        yield
    except UnicodeDecodeError:
        return  # SQLite quotes damaged text in its message
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGE:
            raise


def is_journal(path: Path) -> bool:
    """True if the file at ``path`` may be a journal, damaged or not: else it is not ours to move.

    A journal is marked thrice: by SQLite's application id, by the text of our table, and by its
    first entry. A file too short for any mark may be a journal cut short if it begins like a
    database.

    Raises:
        JournalUnusable: the file cannot be read.
    """
    if not path.is_file():
        return False
    with as_journal_error(path, "read"), path.open("rb") as stream:
        start = stream.read(START_BYTES)
    if len(start) < HEADER_BYTES:
        return MAGIC.startswith(start[: len(MAGIC)])
    marked = start[APPLICATION_ID_AT] == APPLICATION_ID or TABLE.encode() in start
    return marked or read_value(_entries_in(start), "identity") is not None


def bears_mark(path: Path) -> bool:
    """True if the file is a database with our application id: no other file is surely ours.

    Raises:
        JournalUnusable: the file cannot be read.
    """
    if not path.is_file():
        return False
    with as_journal_error(path, "read"), path.open("rb") as stream:
        start = stream.read(HEADER_BYTES)
    return start.startswith(MAGIC) and start[APPLICATION_ID_AT] == APPLICATION_ID


def is_sound(path: Path) -> bool:
    """True if SQLite finds the file in order.

    Raises:
        JournalUnusable: the file cannot be read, for another reason than damage.
    """
    with as_journal_error(path, "read"), unless_damaged():
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()
        return bool(found == ("ok",))
    return False


def write_ahead_log(path: Path) -> Path:
    """SQLite's write-ahead log: what it has not copied into the file yet."""
    return path.with_name(path.name + "-wal")


def companions(path: Path) -> tuple[Path, ...]:
    """All files that SQLite keeps beside a database."""
    beside = (path.with_name(path.name + suffix) for suffix in ("-shm", "-journal"))
    return write_ahead_log(path), *beside


def damaged_copy(path: Path) -> Path:
    """The place of a damaged journal after its entries were saved."""
    return path.with_name(path.name + ".damaged")


def salvage(path: Path) -> list[Entry]:
    """Every text in the bytes of a journal and its log that is followed by a digest.

    Raises:
        JournalUnusable: the files cannot be read.
    """
    entries = []
    for file in (path, write_ahead_log(path)):
        with as_journal_error(file, "read"):
            entries += _entries_in(file.read_bytes() if file.exists() else b"")
    return entries


def left_in_log(path: Path) -> list[Entry]:
    """The entries of a run that did not end by itself: in the log, torn or not, and in the file.

    Raises:
        JournalUnusable: the files cannot be read.
    """
    log = write_ahead_log(path)
    with as_journal_error(path, "read"):
        used = log.exists() and log.stat().st_size > 0
    return salvage(path) if used else []


def _entries_in(content: bytes) -> list[Entry]:
    found = _ENTRY.findall(content)
    return [Entry(text.decode("utf-8", "replace"), digest.decode()) for text, digest in found]
