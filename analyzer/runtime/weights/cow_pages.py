"""Pages of the live weights that this process has to itself: given back when few are written to.

The live weights are a private mapping of a file that holds them golden. A page that a fault touched
stays the process's own, although it has long been golden again, until it is dropped: then the
file's shows, which all processes share. To write to a dropped page costs a copy of it, about two
microseconds. So pages are dropped only while trials write to so few that this does not show.
"""

from analyzer.memory.array_file import Bytes, leave
from analyzer.memory.shared_arrays import PAGE

MANY = 8
"""Dropped when about one page in so many can be private."""

FEW = 32
"""But not if one in so many was written to since the last look, which is usually 16 trials ago.

A trial then writes to one page in 512 at most. A run reads all of them, which takes a thousand
times as long as to copy those (ResNet-50: 49 of 24,935 pages, 0.1 ms of at least 10)."""


class PrivatePages:
    """How many pages of the live weights can be private."""

    def __init__(self, live: Bytes) -> None:
        """Begin: all of them can be, for whoever opened sessions may have written anywhere.

        Args:
            live: uint8 (n,); if it is no mapping of a file, nothing is ever dropped.
        """
        self._live, self._pages = live, len(live) // PAGE
        self._before, self._recent = self._pages, 0

    def wrote(self, places: int) -> None:
        """A trial wrote to so many places: to as many pages at most."""
        self._recent += places

    def look(self) -> None:
        """The live weights are golden, and nobody reads them at present: drop what is worth it."""
        self._before += self._recent
        if self._before * MANY >= self._pages and self._recent * FEW <= self._pages:
            leave(self._live)
            self._before = 0
        self._recent = 0
