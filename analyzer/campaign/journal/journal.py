"""The journal that a run keeps: it takes over finished blocks and adds its own."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analyzer.campaign.blocks import BlockResult, Clock
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.journal.entries import Entry, read_value, value_entry
from analyzer.campaign.journal.entry_log import EntryLog
from analyzer.campaign.journal.identity import Identity, key_of
from analyzer.campaign.journal.storage import log_at
from analyzer.errors import JournalMismatch

FLUSH_SECONDS = 0.5
"""Finished blocks are committed at least this often, so that they are durable within a second."""

Blocks = dict[AnyCell, dict[int, BlockResult]]
"""Results by cell and index."""


class Journal:
    """An open journal, held by this run alone.

    Attributes:
        path: The file.
        damaged: True if the journal was found damaged. It was then set aside, and a new one made of
            what is intact.
        written: The day on which an earlier run wrote to it last, as ``2026-11-30``; empty: none
            did.
    """

    written = ""

    def __init__(
        self, log: EntryLog, key: str, clock: Clock, entries: list[Entry], damaged: bool
    ) -> None:
        """Begin with the entries that the log holds.

        Args:
            log: held, and sound.
            key: of the campaign; see `key_of`.
            clock: seconds, of any origin.
            entries: of the log, all of them proven.
            damaged: whether the log was found damaged.
        """
        self.path = log.path
        self.damaged = damaged
        self._log = log
        self._key = key
        self._clock = clock
        self._entries = entries
        self._blocks = proven_blocks(entries, key)
        self._pending: list[Entry] = []
        self._last_commit = clock() - FLUSH_SECONDS

    def known(self, cell: AnyCell) -> Iterable[BlockResult]:
        """Intact blocks of one cell."""
        return self._blocks.get(cell, {}).values()

    def put(self, result: BlockResult) -> None:
        """Keep one more block; it is durable within a second if `tick` is called in between.

        Raises:
            JournalUnusable: the journal cannot be written.
        """
        self._pending.append(Entry.of(result.to_json(), self._key))
        self.tick()

    def tick(self) -> None:
        """Commit what is pending once it is due; to be called a few times per second.

        Raises:
            JournalUnusable: the journal cannot be written.
        """
        elapsed = self._clock() - self._last_commit
        if not 0 <= elapsed < FLUSH_SECONDS:  # a clock that was set back makes it due as well
            self.flush()

    def flush(self) -> None:
        """Commit what is pending.

        Raises:
            JournalUnusable: the journal cannot be written.
        """
        if not self._pending:
            return
        self._log.append(self._pending)
        self._pending.clear()
        self._last_commit = self._clock()

    def remembered(self, name: str) -> Any:
        """The value under a name; None: there is none."""
        return read_value(self._entries, name)

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name, unless the journal has it already.

        Args:
            name: lower-case letters, e.g. ``request``.
            value: JSON data, e.g. how the run was asked for.

        Raises:
            JournalUnusable: the journal cannot be written.
        """
        if read_value(self._entries, name) == value:
            return
        self._entries.append(value_entry(name, value))
        self._pending.append(self._entries[-1])
        self.flush()


@contextmanager
def open_journal(path: Path, identity: Identity, clock: Clock) -> Iterator[Journal]:
    """Open or create the journal at a path and take it for this run alone.

    A link to a journal is that journal, so that two runs never write one file under two names.

    Args:
        path: of the journal, which need not exist.
        identity: the campaign to which the journal must belong.
        clock: seconds, of any origin; says when a commit is due.

    Raises:
        JournalBusy: another run holds the journal.
        JournalMismatch: it belongs to another plan or other versions; the message says which.
        JournalUnusable: it cannot be opened, or is some other file, which is left alone.
    """
    with keep_journal(log_at(path.resolve()), identity, clock) as journal:
        yield journal


@contextmanager
def keep_journal(log: EntryLog, identity: Identity, clock: Clock) -> Iterator[Journal]:
    """Open or create a journal in a log and take it for this run alone.

    A damaged journal is set aside and replaced by a new one that holds every intact block.

    Args:
        log: of the journal, new or of an earlier run.
        identity: the campaign to which the journal must belong.
        clock: seconds, of any origin; says when a commit is due.

    Raises:
        JournalBusy: another run holds the log.
        JournalMismatch: it belongs to another plan or other versions; the message says which.
        JournalUnusable: it cannot be opened, or is some other file, which is left alone.
    """
    with log.hold():
        entries, damaged = _prepare(log, identity)
        journal = Journal(log, key_of(identity.content), clock, entries, damaged)
        try:
            yield journal
        finally:
            journal.flush()


def _prepare(log: EntryLog, identity: Identity) -> tuple[list[Entry], bool]:
    """Leave a sound log of this campaign.

    Returns:
        The entries of the log, and whether it was damaged.
    """
    mine = value_entry("identity", identity.content)
    found = log.recover()
    if found is None:
        log.replace([mine])
        return [mine], False
    everything = list(dict.fromkeys([*found.stored, *found.stray]))
    belongs = read_value(everything, "identity")
    # Before anything is changed: a damaged journal of another campaign must not be set aside.
    _check_identity(belongs, identity, log.path)
    key = key_of(identity.content)
    intact = [entry for entry in everything if entry.proven() or entry.proven(key)]
    if found.sound and belongs is not None and set(found.stored) == set(intact):
        return intact, False
    rebuilt = list(dict.fromkeys([mine, *intact]))
    log.replace(rebuilt)
    return rebuilt, True


def _check_identity(found: dict[str, Any] | None, identity: Identity, path: Path) -> None:
    difference = identity.difference(found) if found is not None else None
    if difference:
        raise JournalMismatch(
            f"journal {path} belongs to another campaign: {difference}; name another --journal"
        )


def proven_blocks(entries: Iterable[Entry], key: str) -> Blocks:
    """The blocks among entries that their digests prove to belong to a campaign.

    Args:
        entries: of a journal.
        key: of the campaign; see `key_of`.
    """
    blocks: Blocks = {}
    for entry in entries:
        if entry.proven(key):
            result = BlockResult.from_json(entry.content)
            blocks.setdefault(result.block.cell, {})[result.block.index] = result
    return blocks
