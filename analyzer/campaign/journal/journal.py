"""The journal: finished blocks, durable, checked, and tied to one plan and one set of versions."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from analyzer.campaign.blocks import BlockResult, Clock
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.journal.sqlite_file import (
    Entry,
    append,
    connect,
    explained,
    held,
    is_journal,
    is_sound,
    left_in_log,
    read_entries,
    salvage,
    told,
    write_file,
)
from analyzer.errors import JournalMismatch, JournalUnusable

FORMAT = 1
FLUSH_SECONDS = 0.5
"""Finished blocks are committed at least this often, so that they are durable within a second."""

Blocks = dict[AnyCell, dict[int, BlockResult]]
"""Results by cell and index."""


@dataclass(frozen=True)
class Identity:
    """What a journal belongs to: everything that decides what a block shows.

    Attributes:
        plan: Contents of the plan's id.
        versions: Versions of the tool and its runtime.
        answers: Digests of what is fed and of the golden answers: they differ where preprocessing
            or the processor's arithmetic does.
    """

    plan: dict[str, Any]
    versions: dict[str, str]
    answers: dict[str, str]

    @property
    def content(self) -> dict[str, Any]:
        """All of it, as JSON data."""
        parts = {"plan": self.plan, "versions": self.versions, "answers": self.answers}
        return {"format": FORMAT, **parts}

    def difference(self, other: dict[str, Any]) -> str | None:
        """What differs from the content of another identity, in words; None if nothing does."""
        mine = self.content
        for part in ("plan", "versions", "answers"):
            theirs = other.get(part, {})
            for name in sorted(mine[part].keys() | theirs.keys()):
                a, b = theirs.get(name), mine[part].get(name)
                if a != b:
                    return f"{part} {name}: the journal has {a!r}, this run {b!r}"
        return None if other == mine else "its format is another"


def key_of(identity: dict[str, Any]) -> str:
    """Digest of an identity's content: equal for journals whose blocks may be mixed."""
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def entry_of(name: str, value: Any) -> Entry:
    """The entry that keeps ``value`` under ``name``."""
    return Entry.of(json.dumps({name: value}, sort_keys=True, separators=(",", ":")))


class Journal:
    """An open journal. Only one run may hold it.

    Attributes:
        path: Its file.
        damaged: Whether it was found damaged; then it was set aside, and rebuilt of what is intact.
    """

    def __init__(
        self,
        path: Path,
        key: str,
        clock: Clock,
        connection: Connection,
        entries: list[Entry],
        damaged: bool,
    ) -> None:
        self.path = path
        self.damaged = damaged
        self._key = key
        self._clock = clock
        self._connection = connection
        self._entries = entries
        self._blocks = proven_blocks(entries, key)
        self._pending: list[Entry] = []
        self._last_commit = clock() - FLUSH_SECONDS

    def known(self, cell: AnyCell) -> Iterable[BlockResult]:
        """Intact blocks of one cell."""
        return self._blocks.get(cell, {}).values()

    def put(self, result: BlockResult) -> None:
        """Keep one more block; durable within a second if `tick` is called in between.

        Raises:
            JournalUnusable: it cannot be written.
        """
        self._pending.append(Entry.of(result.to_json(), self._key))
        self.tick()

    def tick(self) -> None:
        """Commit what is pending once it is due; to be called a few times per second.

        Raises:
            JournalUnusable: it cannot be written.
        """
        elapsed = self._clock() - self._last_commit
        if not 0 <= elapsed < FLUSH_SECONDS:  # a clock that was set back makes it due as well
            self.flush()

    def flush(self) -> None:
        """Commit what is pending.

        Raises:
            JournalUnusable: it cannot be written.
        """
        if not self._pending:
            return
        remedy = f"; what it holds is safe, `relcheck resume {self.path}` continues"
        with explained(self.path, "written", remedy):
            append(self._connection, self._pending)
        self._pending.clear()
        self._last_commit = self._clock()

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name, e.g. how the run was asked for.

        Raises:
            JournalUnusable: it cannot be written.
        """
        if told(self._entries, name) == value:
            return
        self._entries.append(entry_of(name, value))
        self._pending.append(self._entries[-1])
        self.flush()

    def close(self) -> None:
        """Commit and let go."""
        try:
            self.flush()
        finally:
            self._connection.close()


@contextmanager
def open_journal(path: Path, identity: Identity, clock: Clock) -> Iterator[Journal]:
    """Open or create a journal and take it for this run alone.

    A damaged journal is set aside as ``NAME.damaged`` and replaced by a new one that holds every
    block that is intact.

    Raises:
        JournalBusy: another run holds it.
        JournalMismatch: it belongs to another plan or other versions; the message says which.
        JournalUnusable: it cannot be opened, or is some other file, which is left alone.
    """
    path = path.resolve()
    if path.exists() and not is_journal(path):
        raise JournalUnusable(f"{path} is there and is no journal; name another --journal")
    key = key_of(identity.content)
    with held(path):
        entries, damaged = _prepare(path, identity)
        journal = Journal(path, key, clock, connect(path), entries, damaged)
        try:
            yield journal
        finally:
            journal.close()


def _prepare(path: Path, identity: Identity) -> tuple[list[Entry], bool]:
    """Leave a sound journal of this campaign at ``path``.

    Returns:
        Its entries, and whether it was damaged.
    """
    mine = entry_of("identity", identity.content)
    if not path.exists():
        write_file(path, [mine])
        return [mine], False
    left = left_in_log(path)
    sound = is_sound(path)
    found = read_entries(path) if sound else left or salvage(path)
    belongs = told(found, "identity")
    _check_identity(belongs, identity, path)
    key = key_of(identity.content)
    intact = [e for e in dict.fromkeys([*found, *left]) if e.proven() or e.proven(key)]
    if sound and belongs is not None and set(found) == set(intact):
        return intact, False
    rebuilt = list(dict.fromkeys([mine, *intact]))
    write_file(path, rebuilt)
    return rebuilt, True


def _check_identity(found: dict[str, Any] | None, identity: Identity, path: Path) -> None:
    difference = identity.difference(found) if found is not None else None
    if difference:
        raise JournalMismatch(
            f"journal {path} belongs to another campaign: {difference}; name another --journal"
        )


def proven_blocks(entries: Iterable[Entry], key: str) -> Blocks:
    """The blocks among ``entries`` that their digests prove to belong under ``key``."""
    blocks: Blocks = {}
    for entry in entries:
        if entry.proven(key):
            result = BlockResult.from_json(entry.content)
            blocks.setdefault(result.block.cell, {})[result.block.index] = result
    return blocks
