"""The file of a journal: one SQLite table of entries, each of which proves itself.

The text of an entry and its digest are neighbouring columns of one small record, so that they stand
side by side in the file as well. What is intact in a damaged file is therefore found by looking for
texts that their digests prove, whatever became of the database around them.
"""

import fcntl
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from analyzer.errors import JournalBusy, JournalUnusable

MAGIC = b"SQLite format 3\0"
HEADER_BYTES, START_BYTES = 100, 65536

APPLICATION_ID = b"rlck"
APPLICATION_ID_AT = slice(68, 72)
"""Marks a database as a journal, at a place that SQLite keeps for it."""

TABLE = "CREATE TABLE entry (id INTEGER PRIMARY KEY, content TEXT NOT NULL, digest TEXT NOT NULL)"

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""What SQLite says of a damaged file (the last where our table is gone), as opposed to a full disk
or a folder that it may not write."""

_ENTRY = re.compile(rb'(\{"[a-z]+":[^\x00-\x1f]*?\})([0-9a-f]{64})')


@dataclass(frozen=True, slots=True)
class Entry:
    """A JSON object, and the digest that should prove it."""

    content: str
    digest: str

    @staticmethod
    def of(content: str, key: str = "") -> "Entry":
        """The entry of a text.

        Args:
            content: a JSON object as text.
            key: what else the digest vouches for: to which campaign a block belongs.
        """
        return Entry(content, _digest(content, key))

    def proven(self, key: str = "") -> bool:
        """Whether the text is what was written, under ``key``."""
        return self.digest == _digest(self.content, key)


def _digest(content: str, key: str) -> str:
    return hashlib.sha256(f"{key}\n{content}".encode()).hexdigest()


def told(entries: Iterable[Entry], name: str) -> Any:
    """The value of the last proven entry ``{name: value}``; None if there is none."""
    start = f'{{"{name}":'
    found = [e for e in entries if str(e.content).startswith(start) and e.proven()]
    return json.loads(found[-1].content)[name] if found else None


@contextmanager
def explained(path: Path, doing: str, remedy: str = "") -> Iterator[None]:
    """Turn whatever SQLite or the system raises into a sentence.

    Raises:
        JournalUnusable: the journal cannot be used.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise JournalUnusable(f"journal {path} cannot be {doing} ({reason}){remedy}") from error


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the journal at ``path`` alone; the system lets go when the process dies.

    Raises:
        JournalBusy: another run holds it.
        JournalUnusable: its folder cannot be written.
    """
    with explained(path, "opened"):
        lock = path.with_name(path.name + ".lock").open("w")
    with lock:
        _take(lock, path)
        yield


def _take(lock: IO[str], path: Path) -> None:
    with explained(path, "locked"):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalBusy(
                f"journal {path} is in use by another run; wait for it or end it"
            ) from error


def is_journal(path: Path) -> bool:
    """Whether what is at ``path`` may be a journal, damaged or not: else it is not ours to move.

    A journal is marked thrice: by SQLite's application id, by the text of our table, and by its
    first entry. A file too short for any is a journal cut short if it begins like any database.
    """
    if not path.is_file():
        return False
    with explained(path, "read"), path.open("rb") as stream:
        start = stream.read(START_BYTES)
    if len(start) < HEADER_BYTES:
        return MAGIC.startswith(start[: len(MAGIC)])
    marked = start[APPLICATION_ID_AT] == APPLICATION_ID or TABLE.encode() in start
    return marked or told(_entries_in(start), "identity") is not None


def is_sound(path: Path) -> bool:
    """Whether SQLite finds the file in order.

    Raises:
        JournalUnusable: it cannot be read, for another reason than damage.
    """
    with explained(path, "read"), _unless_damaged():
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()
        return bool(found == ("ok",))
    return False


@contextmanager
def _unless_damaged() -> Iterator[None]:
    """Leave the block, and go on behind it, where SQLite says that the file is damaged."""
    try:
        yield
    except UnicodeDecodeError:
        return  # SQLite quotes damaged text in its message
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGE:
            raise


def connect(path: Path) -> sqlite3.Connection:
    """Open a journal for writing: a commit has reached the disk when it returns.

    Raises:
        JournalUnusable: it cannot be opened.
    """
    with explained(path, "opened"):
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    return connection


def append(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Add entries to the table in one transaction."""
    rows = [(entry.content, entry.digest) for entry in entries]
    with connection:
        connection.executemany("INSERT INTO entry (content, digest) VALUES (?, ?)", rows)


def write_file(path: Path, entries: Iterable[Entry]) -> None:
    """Write a journal that is there whole, or not at all; what was there becomes ``NAME.damaged``.

    Raises:
        JournalUnusable: it cannot be written.
    """
    new = path.with_name(path.name + ".new")
    with explained(path, "written"):
        try:
            _forget(new, *_beside(new))
            _fill(new, entries)
            if path.exists():
                os.replace(path, path.with_name(path.name + ".damaged"))
            _forget(*_beside(path))  # a log that was left over would be replayed into the new file
            os.replace(new, path)
            _sync_folder(path.parent)
        except BaseException:
            _forget(new, *_beside(new))
            raise


def _fill(path: Path, entries: Iterable[Entry]) -> None:
    mark = int.from_bytes(APPLICATION_ID, "big")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA application_id={mark}; {TABLE}")
        append(connection, entries)
        connection.execute("PRAGMA journal_mode=WAL")


def _log(path: Path) -> Path:
    """SQLite's write-ahead log: what it has not copied into the file yet."""
    return path.with_name(path.name + "-wal")


def _beside(path: Path) -> tuple[Path, ...]:
    """All that SQLite keeps beside a database."""
    return _log(path), path.with_name(path.name + "-shm"), path.with_name(path.name + "-journal")


def _forget(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new name in ``folder`` outlast a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_entries(path: Path) -> list[Entry]:
    """The entries of a journal, unchecked; of a damaged one, what is left. Nothing is changed.

    Raises:
        JournalUnusable: it is not there, or cannot be read for another reason than damage.
    """
    if not path.is_file():
        raise JournalUnusable(f"there is no journal {path}")
    with explained(path, "read"), _unless_damaged():
        with closing(_connect_to_read(path)) as connection:
            connection.text_factory = lambda text: text.decode("utf-8", "replace")
            rows = connection.execute("SELECT content, digest FROM entry ORDER BY id").fetchall()
        return [Entry(*row) for row in rows]
    return salvage(path)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that leaves nothing behind, on a medium that cannot be written as well."""
    mode = "mode=ro" if _log(path).exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)


def salvage(path: Path) -> list[Entry]:
    """Every text in the bytes of a journal and its log that is followed by its digest.

    Raises:
        JournalUnusable: it cannot be read.
    """
    entries = []
    for file in (path, _log(path)):
        with explained(file, "read"):
            entries += _entries_in(file.read_bytes() if file.exists() else b"")
    return entries


def _entries_in(content: bytes) -> list[Entry]:
    found = _ENTRY.findall(content)
    return [Entry(text.decode("utf-8", "replace"), digest.decode()) for text, digest in found]


def left_in_log(path: Path) -> list[Entry]:
    """What a run that did not end by itself left in the log, torn or not, and in the file."""
    with explained(path, "read"):
        used = _log(path).exists() and _log(path).stat().st_size > 0
    return salvage(path) if used else []
