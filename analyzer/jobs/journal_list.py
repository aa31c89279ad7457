"""The journals in a folder: whose they are, how far they are, and how they are removed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from analyzer.campaign.journal.entries import read_value
from analyzer.campaign.journal.storage import is_surely_journal, log_at, remove_journal
from analyzer.errors import FileMissing, JournalError
from analyzer.jobs.journals import FINISHED, PLAN, cache_folder
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Request
from analyzer.reports.journal_list import JournalRow, journals_text

DAY = 86_400.0


class JournalsRequest(Request):
    """Journals that are to be listed, or removed.

    Attributes:
        folder: Where they are; None: in the user's cache folder.
        prune: Whether finished ones are removed.
        unfinished: Whether unfinished ones are removed, too.
        older: Only those that nothing was written to for so many seconds; None: all.
    """

    folder: Path | None = None
    prune: bool = False
    unfinished: bool = False
    older: fields.Seconds | None = Field(default=None)


@dataclass(frozen=True)
class JournalList:
    """Journals of a folder.

    Attributes:
        folder: The folder.
        rows: One for each journal, the newest first.
        removed: Those of them that were removed.
    """

    folder: Path
    rows: Sequence[JournalRow]
    removed: frozenset[Path] = field(default_factory=frozenset)

    def to_text(self) -> str:
        """A line for each journal, and what is left of them."""
        return journals_text(self.folder, self.rows, self.removed)


def list_journals(request: JournalsRequest) -> JournalList:
    """List journals; remove those that are to be removed, and that no run holds.

    Args:
        request: which folder, and what is to be done.

    Raises:
        FileMissing: there is no such folder.
    """
    folder = request.folder or cache_folder()
    if not folder.is_dir():
        if request.folder is None:
            return JournalList(folder, ())
        raise FileMissing(f"there is no folder {folder}")
    now = time.time()
    rows = [_row(path, now) for path in folder.glob("*.db") if _is_ours(path)]
    rows = [row for row in rows if request.older is None or row.age >= request.older]
    rows.sort(key=lambda row: row.age)
    doomed = [row for row in rows if request.prune and (row.finished or request.unfinished)]
    return JournalList(folder, rows, frozenset(row.path for row in doomed if _remove(row.path)))


def _is_ours(path: Path) -> bool:
    """True if the file is a journal; one that cannot be read is not ours to list or remove."""
    try:
        return is_surely_journal(path)
    except (JournalError, OSError):
        return False


def _row(path: Path, now: float) -> JournalRow:
    status = path.stat()
    row = JournalRow(path, status.st_size, max(0.0, now - status.st_mtime))
    try:
        entries = log_at(path).entries()
    except JournalError:
        return row
    request = read_value(entries, "request")
    finished = read_value(entries, FINISHED) is not None
    if request is not None:
        job = request.get("command", "run")
        return JournalRow(path, row.size, row.age, job, Path(request["model"]).name, finished)
    if planned := read_value(entries, PLAN):
        return JournalRow(path, row.size, row.age, PLAN, str(planned), finished)
    job = "compare" if read_value(entries, "comparison") else "python"
    return JournalRow(path, row.size, row.age, job, "", finished)


def _remove(path: Path) -> bool:
    """Remove a journal; false if a run holds it."""
    try:
        return remove_journal(path)
    except (JournalError, OSError):
        return False
