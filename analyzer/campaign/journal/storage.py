"""The choice of the storage in which journals are kept."""

from pathlib import Path

from analyzer.campaign.journal.entry_log import EntryLog
from analyzer.campaign.journal.sqlite_damage import (
    bears_mark,
    companions,
    damaged_copy,
    is_journal,
)
from analyzer.campaign.journal.sqlite_log import SqliteLog


def log_at(path: Path) -> EntryLog:
    """The log of the journal at ``path``, which need not exist."""
    return SqliteLog(path)


def is_surely_journal(path: Path) -> bool:
    """True if the file itself is marked as a journal, so that it may be removed.

    A file that is empty, cut short, or a database without our mark may be anybody's, and so may be
    whatever a symbolic link leads to.

    Raises:
        JournalUnusable: the file cannot be read.
    """
    return not path.is_symlink() and bears_mark(path)


def remove_journal(path: Path) -> bool:
    """Remove a journal with the files that belong to it; the lock stays, as others may wait for it.

    Returns:
        True if it is gone; False if it is no journal.

    Raises:
        JournalBusy: a run holds the journal.
        JournalUnusable: the journal cannot be opened.
        OSError: a file cannot be removed.
    """
    with log_at(path).hold():
        if not is_surely_journal(path):
            return False
        path.unlink()
        for file in companions(path):  # a log that was left over would be read into the next one
            file.unlink(missing_ok=True)
        damaged = damaged_copy(path)
        if not damaged.is_symlink() and is_journal(damaged):
            damaged.unlink()
    return True
