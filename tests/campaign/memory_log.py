"""A log of entries in memory: the second member of `EntryLog`, as short as the protocol allows."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.campaign.journal.entries import Entry
from analyzer.campaign.journal.entry_log import Recovery
from analyzer.errors import JournalBusy, JournalUnusable


@dataclass
class Place:
    """What several logs of one path share, as a disk does."""

    entries: list[Entry] | None = None
    held: bool = False


@dataclass
class MemoryLog:
    """Entries in a list."""

    path: Path
    place: Place = field(default_factory=Place)

    def exists(self) -> bool:
        """True once entries were written."""
        return self.place.entries is not None

    def entries(self) -> list[Entry]:
        """A copy of the list."""
        if self.place.entries is None:
            raise JournalUnusable(f"there is no journal {self.path}")
        return list(self.place.entries)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the list alone."""
        if self.place.held:
            raise JournalBusy(f"journal {self.path} is in use by another run")
        self.place.held = True
        try:
            yield
        finally:
            self.place.held = False

    def recover(self) -> Recovery | None:
        """The list; memory is never damaged."""
        return Recovery(self.entries(), [], sound=True) if self.exists() else None

    def replace(self, entries: Iterable[Entry]) -> None:
        """Another list."""
        self.place.entries = list(entries)

    def append(self, entries: Iterable[Entry]) -> None:
        """A longer list."""
        self.place.entries = [*self.entries(), *entries]
