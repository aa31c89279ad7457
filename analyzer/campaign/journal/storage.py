"""The choice of the storage in which journals are kept."""

from pathlib import Path

from analyzer.campaign.journal.entry_log import EntryLog
from analyzer.campaign.journal.sqlite_log import SqliteLog


def log_at(path: Path) -> EntryLog:
    """The log of the journal at ``path``, which need not exist."""
    return SqliteLog(path)
