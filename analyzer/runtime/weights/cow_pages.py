"""Copy-on-write pages of the live weights, given back to the system while few are written to.

The live weights are a private mapping of a file that holds them golden. A page that a fault touched
is a copy of this process's own, and stays so after golden bytes are back, until the page is
dropped. Then the mapping shows the file's page again, which all processes share. A write to a
dropped page copies the page anew, which takes about two microseconds. So pages are dropped only
while trials write to so few pages that the copies do not show.
"""

from collections.abc import Callable

from analyzer.faults.space import Indices
from analyzer.memory.array_file import Bytes, leave
from analyzer.memory.shared_arrays import PAGE

DROP_AT_ONE_IN = 8
"""Pages are dropped once one page in so many may be private."""

KEEP_AT_ONE_IN = 32
"""Pages are kept if one in so many was written to since the last look, mostly 16 trials ago.

A trial then writes to one page in 512 at most. A run reads all pages, which takes a thousand times
as long as copying those (ResNet-50: 49 of 24,935 pages, 0.1 ms of at least 10)."""


class CowPages:
    """A `Follower` that bounds the number of pages of the live weights that are private."""

    def __init__(
        self,
        live: Bytes,
        drop_at: int = DROP_AT_ONE_IN,
        keep_at: int = KEEP_AT_ONE_IN,
        drop: Callable[[Bytes], object] = leave,
    ) -> None:
        """Assume that every page is private, because opening sessions may have written anywhere.

        Args:
            live: uint8 (bytes,), the live weights; pages are dropped only if this is a mapping of
                a file.
            drop_at: pages are dropped when one in so many can be private,
            keep_at: unless more than one in so many was written to since the last check.
            drop: gives the pages of an array back to its file.
        """
        self._live, self._pages = live, len(live) // PAGE
        self._drop_at, self._keep_at, self._drop = drop_at, keep_at, drop
        self._before, self._recent = self._pages, 0

    @property
    def written(self) -> bool:
        """True if a trial wrote to the weights since the last check."""
        return self._recent > 0

    def wrote(self, touched: Indices) -> None:
        """Nothing to copy: the pages are the live weights themselves."""

    def restored(self, touched: Indices) -> None:
        """Count the writes of a trial, which are on as many pages at most.

        Args:
            touched: int64 (n,), the bytes that were written.
        """
        self._recent += len(touched)

    def check(self) -> None:
        """Drop private pages if that is worth it.

        The live weights must be golden, else faults would vanish with the pages, and no session may
        be running.
        """
        self._before += self._recent
        many = self._before * self._drop_at >= self._pages
        if many and self._recent * self._keep_at <= self._pages:
            self._drop(self._live)
            self._before = 0
        self._recent = 0
