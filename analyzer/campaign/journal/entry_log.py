"""The storage of a journal: an append-only log of entries that one run holds at a time."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from analyzer.campaign.journal.entries import Entry


@dataclass(frozen=True, slots=True)
class Recovery:
    """Everything that a log holds when a run takes it over, unchecked.

    Attributes:
        stored: The entries that `EntryLog.entries` gives.
        stray: Entries that only a run which did not end by itself has left behind.
        sound: False if the storage found itself damaged.
    """

    stored: list[Entry]
    stray: list[Entry]
    sound: bool


class EntryLog(Protocol):
    """A log of entries, in the order in which they were added.

    Reading needs no hold. Everything else happens within `hold`, in this order: `recover`, then
    `replace` where the log is new or damaged, then `append`.
    """

    @property
    def path(self) -> Path:
        """The name of the log, for messages."""

    def exists(self) -> bool:
        """True if anything is stored at `path`, be it a log or not."""

    def entries(self) -> list[Entry]:
        """All entries, unchecked; of a damaged log, those that are left. Nothing is changed.

        Raises:
            JournalUnusable: there is no log, or it cannot be read for another reason than damage.
        """

    def hold(self) -> AbstractContextManager[None]:
        """Hold the log alone; the hold ends with the process, however that ends.

        Raises:
            JournalBusy: another run holds the log.
            JournalUnusable: something else is stored at `path`, or nothing can be.
        """

    def recover(self) -> Recovery | None:
        """All that is stored, including what a killed run left behind; None without a log.

        Raises:
            JournalUnusable: the log cannot be read, for another reason than damage.
        """

    def replace(self, entries: Iterable[Entry]) -> None:
        """Make ``entries`` the whole log, or leave it as it is. A former log is set aside.

        Raises:
            JournalUnusable: the log cannot be written.
        """

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries, all or none; they are durable when the call returns.

        Raises:
            JournalUnusable: the log cannot be written.
        """
