"""The choice of the storage in which journals are kept."""

from pathlib import Path

from analyzer.campaign.journal.entry_log import EntryLog
from analyzer.campaign.journal.sqlite_damage import HEADER_BYTES, is_journal
from analyzer.campaign.journal.sqlite_log import SqliteLog


def log_at(path: Path) -> EntryLog:
    """The log of the journal at ``path``, which need not exist."""
    return SqliteLog(path)


def is_surely_journal(path: Path) -> bool:
    """True if the file is marked as a journal, so that it may be removed.

    A file that is empty, or cut short before any mark, may be anybody's.

    Raises:
        JournalUnusable: the file cannot be read.
    """
    return is_journal(path) and path.stat().st_size >= HEADER_BYTES
