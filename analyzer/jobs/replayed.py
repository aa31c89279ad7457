"""Trials that a job took from a journal instead of running them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from analyzer.campaign.blocks import BlockResult
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.journal.journal import Journal
from analyzer.campaign.runner import Store
from analyzer.jobs.observer import Observer
from analyzer.jobs.pools import NullStore


class CountingStore:
    """A store that counts the trials that it knew."""

    def __init__(self, journal: Journal | None) -> None:
        """Begin.

        Args:
            journal: keeps blocks; None: nothing does.
        """
        self._store: Store = journal or NullStore()
        self._known: dict[AnyCell, int] = {}

    @property
    def trials(self) -> int:
        """Trials in blocks that were known."""
        return sum(self._known.values())

    def known(self, cell: AnyCell) -> Iterable[BlockResult]:
        """Finished blocks of one cell."""
        found = tuple(self._store.known(cell))
        self._known[cell] = sum(len(result.outcomes) for result in found)
        return found

    def put(self, result: BlockResult) -> None:
        """Keep one more."""
        self._store.put(result)

    def tick(self) -> None:
        """Time to make durable what is not yet."""
        self._store.tick()


def last_written(path: Path) -> str:
    """The day on which a file was written last, as ``2026-11-30``; empty if there is none."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    except OSError:
        return ""


def tell_replayed(known: int, used: int, journal: Journal | None, observer: Observer) -> None:
    """Tell how many trials were not run, as a journal holds them.

    Args:
        known: trials that the journal held.
        used: trials of the whole result.
        journal: where they are; None: there is none.
        observer: is told.
    """
    if journal is None or not known or not used:
        return
    many = f"all {used:,}" if known >= used else f"{known:,} of {used:,}"
    observer.message(
        f"{many} trials are from the journal {journal.path}, run until {journal.written}"
    )
