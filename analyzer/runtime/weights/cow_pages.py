"""Copy-on-write pages of the live weights: given back when few of them are written to.

The live weights are a private mapping of a file that holds them golden. A page that a fault touched
stays the process's own, although it has long been golden again, until it is dropped: then the
file's shows, which all processes share. To write to a dropped page costs a copy of it, about two
microseconds. So pages are dropped only while trials write to so few that this does not show.
"""

from collections.abc import Callable

from analyzer.faults.space import Indices
from analyzer.memory.array_file import Bytes, leave
from analyzer.memory.shared_arrays import PAGE

MANY = 8
"""Dropped when about one page in so many can be private."""

FEW = 32
"""But not if one in so many was written to since the last look, which is usually 16 trials ago.

A trial then writes to one page in 512 at most. A run reads all of them, which takes a thousand
times as long as to copy those (ResNet-50: 49 of 24,935 pages, 0.1 ms of at least 10)."""


class CowPages:
    """A `Follower` that counts how many pages of the live weights can be private."""

    def __init__(
        self,
        live: Bytes,
        many: int = MANY,
        few: int = FEW,
        drop: Callable[[Bytes], object] = leave,
    ) -> None:
        """Begin: all of them can be, for whoever opened sessions may have written anywhere.

        Args:
            live: uint8 (n,); if it is no mapping of a file, nothing is ever dropped.
            many: pages are dropped when one in ``many`` can be private.
            few: and at most one in ``few`` was written to since the last check.
            drop: gives the pages of an array back to its file.
        """
        self._live, self._pages = live, len(live) // PAGE
        self._many, self._few, self._drop = many, few, drop
        self._before, self._recent = self._pages, 0

    @property
    def written(self) -> bool:
        """True if a trial wrote to the weights since the last check."""
        return self._recent > 0

    def wrote(self, touched: Indices) -> None:
        """Nothing to copy: the pages are the live weights themselves."""

    def restored(self, touched: Indices) -> None:
        """Count the places that a trial wrote to: as many pages at most.

        Args:
            touched: int64 (n,), the bytes that were written.
        """
        self._recent += len(touched)

    def check(self) -> None:
        """Drop the private pages if that is worth it.

        The live weights are golden, and nobody reads them at present.
        """
        self._before += self._recent
        if self._before * self._many >= self._pages and self._recent * self._few <= self._pages:
            self._drop(self._live)
            self._before = 0
        self._recent = 0
