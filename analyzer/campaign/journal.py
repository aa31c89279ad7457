"""The journal: finished blocks, durable, checked, and tied to one plan and one set of versions.

One SQLite file in write-ahead mode. Every row carries a digest over the plan, its place and its
content, so that a row speaks for itself even if the rest of the file is damaged.
"""

import fcntl
import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from analyzer.campaign.blocks import Block, BlockResult, Clock
from analyzer.campaign.trials import Cell
from analyzer.errors import JournalBusy, JournalMismatch, JournalUnusable

FORMAT = 1
FLUSH_SECONDS = 0.5
"""Finished blocks are committed at least this often, so that they are durable within a second."""

TABLES = """
CREATE TABLE IF NOT EXISTS head (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS block (
    cell TEXT NOT NULL, idx INTEGER NOT NULL, content TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (cell, idx)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Identity:
    """What a journal belongs to: everything that decides what a block shows.

    Attributes:
        plan: Contents of the plan's id.
        versions: Versions of the tool and its runtime.
    """

    plan: dict[str, Any]
    versions: dict[str, str]

    def to_json(self) -> str:
        """Canonical text."""
        content = {"format": FORMAT, "plan": self.plan, "versions": self.versions}
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        """Digest: equal for journals whose blocks may be mixed."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def difference(self, other: str) -> str:
        """What differs from another identity, in words."""
        mine, theirs = json.loads(self.to_json()), json.loads(other)
        for part in ("plan", "versions"):
            for name in sorted(mine[part].keys() | theirs.get(part, {}).keys()):
                a, b = theirs.get(part, {}).get(name), mine[part].get(name)
                if a != b:
                    return f"{part} {name}: the journal has {a!r}, this run {b!r}"
        return "its format is another"


@dataclass
class Journal:
    """An open journal. Only one run may hold it."""

    path: Path
    identity: Identity
    clock: Clock
    connection: sqlite3.Connection
    lock: IO[str]
    repaired: int = 0
    _last_commit: float = 0.0
    _pending: list[tuple[str, int, str, str]] = field(default_factory=list)

    def known(self, cell: Cell) -> Iterable[BlockResult]:
        """Intact blocks of one cell; a block whose digest does not fit is dropped and re-run."""
        query = "SELECT cell, idx, content, digest FROM block WHERE cell = ? ORDER BY idx"
        rows = self.connection.execute(query, (cell.name,)).fetchall()
        for row in rows:
            result = _intact(self.identity.key, row)
            if result is None:
                self.repaired += 1
                self.connection.execute("DELETE FROM block WHERE cell = ? AND idx = ?", row[:2])
            else:
                yield result

    def put(self, result: BlockResult) -> None:
        """Keep one more block; durable within `FLUSH_SECONDS` plus one block.

        Raises:
            JournalError: it cannot be written.
        """
        self._pending.append(_row(self.identity.key, result))
        if self.clock() - self._last_commit >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Commit what is pending.

        Raises:
            JournalError: it cannot be written.
        """
        try:
            with self.connection:
                self.connection.executemany(
                    "INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?)", self._pending
                )
        except sqlite3.Error as error:
            raise JournalUnusable(
                f"journal {self.path} cannot be written ({error}); what it holds is safe, "
                f"`relcheck resume {self.path.name}` continues"
            ) from error
        self._pending.clear()
        self._last_commit = self.clock()

    def remember(self, key: str, value: str) -> None:
        """Keep a text under a name, e.g. how the run was asked for."""
        with self.connection:
            self.connection.execute("INSERT OR REPLACE INTO head VALUES (?, ?)", (key, value))

    def close(self) -> None:
        """Commit and let go."""
        try:
            self.flush()
        finally:
            self.connection.close()
            self.lock.close()


def open_journal(path: Path, identity: Identity, clock: Clock) -> Journal:
    """Open or create a journal and take it for this run alone.

    A damaged file is set aside as ``NAME.damaged`` and replaced by a new one that holds every row
    that can still be read.

    Raises:
        JournalBusy: another run holds it.
        JournalMismatch: it belongs to another plan or other versions; the message says which.
        JournalError: it cannot be opened.
    """
    lock = _take_lock(path)
    try:
        saved = _salvage(path)
        connection = _connect(path)
        _check_identity(connection, identity, path)
    except BaseException:
        lock.close()
        raise
    journal = Journal(path, identity, clock, connection, lock, repaired=0)
    if saved is not None:
        journal.repaired = 1
        with connection:
            connection.executemany("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?)", saved)
    return journal


def read_head(path: Path, key: str) -> str | None:
    """A text that `Journal.remember` kept, without taking the journal.

    Raises:
        JournalError: there is no such journal, or it is damaged beyond reading.
    """
    if not path.is_file():
        raise JournalUnusable(f"there is no journal {path}")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT value FROM head WHERE key = ?", (key,)).fetchone()
    except sqlite3.Error as error:
        raise JournalUnusable(f"{path} is no readable relcheck journal ({error})") from error
    return None if row is None else str(row[0])


def read_rows(path: Path) -> list[tuple[str, int, str, str]]:
    """Every block row of a journal, unchecked, as far as they can be read."""
    rows: list[tuple[str, int, str, str]] = []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows.extend(connection.execute("SELECT cell, idx, content, digest FROM block"))
    except sqlite3.Error:
        pass  # the rows before the damage have been taken
    return rows


def _take_lock(path: Path) -> IO[str]:
    """Hold ``path.lock`` until it is closed; the system lets go when the process dies."""
    try:
        lock = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise JournalUnusable(f"journal {path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise JournalBusy(
            f"journal {path} is in use by another run; wait for it or end it"
        ) from error
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(TABLES)
    except sqlite3.Error as error:
        raise JournalUnusable(f"journal {path} cannot be opened ({error})") from error
    return connection


def _salvage(path: Path) -> list[tuple[str, int, str, str]] | None:
    """Set a damaged file aside and return its readable rows; None if nothing is damaged."""
    if not path.exists() or _sound(path):
        return None
    rows = read_rows(path)
    path.rename(path.with_name(path.name + ".damaged"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return rows


def _sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.Error:
        return False


def _check_identity(connection: sqlite3.Connection, identity: Identity, path: Path) -> None:
    row = connection.execute("SELECT value FROM head WHERE key = 'identity'").fetchone()
    if row is None:
        with connection:
            connection.execute("INSERT INTO head VALUES ('identity', ?)", (identity.to_json(),))
        return
    if row[0] != identity.to_json():
        connection.close()
        raise JournalMismatch(
            f"journal {path} belongs to another campaign: {identity.difference(row[0])}; name "
            "another --journal"
        )


def _digest(key: str, cell: str, index: int, content: str) -> str:
    return hashlib.sha256(f"{key}\n{cell}\n{index}\n{content}".encode()).hexdigest()


def _row(key: str, result: BlockResult) -> tuple[str, int, str, str]:
    cell, index, content = result.block.cell.name, result.block.index, result.to_json()
    return cell, index, content, _digest(key, cell, index, content)


def _intact(key: str, row: tuple[Any, ...]) -> BlockResult | None:
    try:
        cell, index, content, digest = row
        if _digest(key, cell, index, content) != digest:
            return None
        return BlockResult.from_json(Block(Cell.named(cell), int(index)), content)
    except (ValueError, TypeError):
        return None
