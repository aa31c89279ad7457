"""A log of entries in one SQLite table.

The text of an entry and its digest are neighbouring columns of one small record, so that they stand
side by side in the file as well. What is intact in a damaged file is therefore found by looking for
texts that their digests prove (`salvage`), whatever became of the database around them.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from analyzer.campaign.journal.entries import Entry
from analyzer.campaign.journal.entry_log import Recovery
from analyzer.campaign.journal.sqlite_damage import (
    APPLICATION_ID,
    TABLE,
    as_journal_error,
    companions,
    damaged_copy,
    is_journal,
    is_sound,
    left_in_log,
    salvage,
    unless_damaged,
    write_ahead_log,
)
from analyzer.errors import JournalBusy, JournalUnusable


class SqliteLog:
    """A member of `EntryLog`: one SQLite file in write-ahead mode.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: sqlite3.Connection | None = None

    def exists(self) -> bool:
        """True if there is a file; see `EntryLog.exists`."""
        return self.path.exists()

    def entries(self) -> list[Entry]:
        """All entries, unchecked; see `EntryLog.entries`."""
        if not self.path.is_file():
            raise JournalUnusable(f"there is no journal {self.path}")
        with as_journal_error(self.path, "read"), unless_damaged():
            return _read_table(self.path)
        return salvage(self.path)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the file alone, by a lock on a file beside it; see `EntryLog.hold`.

        The lock is the system's own (`flock`), which ends with the process. The file beside the
        log stays: a lock on a file that is removed could be held twice.
        """
        path = self.path
        if path.exists() and not is_journal(path):
            raise JournalUnusable(f"{path} is there and is no journal; name another --journal")
        with as_journal_error(path, "opened"):
            lock = path.with_name(path.name + ".lock").open("a")
        with lock:
            _take(lock, path)
            try:
                yield
            finally:
                self._close()

    def recover(self) -> Recovery | None:
        """The table, and what a killed run left in the log; see `EntryLog.recover`."""
        if not self.path.exists():
            return None
        # First of all: SQLite drops what follows damage in the write-ahead log once it opens it.
        stray = left_in_log(self.path)
        sound = is_sound(self.path)
        stored = self.entries() if sound else stray or salvage(self.path)
        return Recovery(stored, stray, sound)

    def replace(self, entries: Iterable[Entry]) -> None:
        """Write a new file; a former one becomes ``NAME.damaged``. See `EntryLog.replace`."""
        path, new = self.path, self.path.with_name(self.path.name + ".new")
        self._close()
        with as_journal_error(path, "written"):
            try:
                _forget(new, *companions(new))
                _fill(new, entries)
                if path.exists():
                    os.replace(path, damaged_copy(path))
                # A log that was left over would be replayed into the new file.
                _forget(*companions(path))
                os.replace(new, path)
                _sync_folder(path.parent)
            except BaseException:
                _forget(new, *companions(new))
                raise

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries in one transaction, on the disk when it ends; see `EntryLog.append`."""
        with as_journal_error(self.path, "opened"):
            connection = self.connection()
        remedy = f"; what it holds is safe, `relcheck resume {self.path}` continues"
        with as_journal_error(self.path, "written", remedy):
            _append(connection, entries)

    def connection(self) -> sqlite3.Connection:
        """The connection for writing: a commit has reached the disk when it returns."""
        if self._open is None:
            self._open = sqlite3.connect(self.path)
            self._open.execute("PRAGMA journal_mode=WAL")
            self._open.execute("PRAGMA synchronous=FULL")
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None


def _take(lock: IO[str], path: Path) -> None:
    with as_journal_error(path, "locked"):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalBusy(
                f"journal {path} is in use by another run; wait for it or end it"
            ) from error


def _append(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    rows = [(entry.content, entry.digest) for entry in entries]
    with connection:
        connection.executemany("INSERT INTO entry (content, digest) VALUES (?, ?)", rows)


def _fill(path: Path, entries: Iterable[Entry]) -> None:
    mark = int.from_bytes(APPLICATION_ID, "big")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA application_id={mark}; {TABLE}")
        _append(connection, entries)
        connection.execute("PRAGMA journal_mode=WAL")


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


def _read_table(path: Path) -> list[Entry]:
    with closing(_connect_to_read(path)) as connection:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        rows = connection.execute("SELECT content, digest FROM entry ORDER BY id")
        # A damaged row may hold values of any type; as text they prove nothing.
        return [Entry(str(content), str(digest)) for content, digest in rows]


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that leaves nothing behind, on a medium that cannot be written as well."""
    mode = "mode=ro" if write_ahead_log(path).exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)
