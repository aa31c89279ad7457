"""Memory that must hold what the live weights hold: packed copies, a device's mirror, pages."""

from typing import Protocol

from analyzer.faults.space import Indices


class Follower(Protocol):
    """Follows every change of the live weights, right after it and right after its end."""

    def wrote(self, touched: Indices) -> None:
        """Take over a change.

        Args:
            touched: int64 (n,), the bytes of the live weights that were written, in any order and
                perhaps several times.
        """

    def restored(self, touched: Indices) -> None:
        """Take over that the bytes of the last change are golden again.

        Args:
            touched: as in `wrote`.

        Raises:
            NotRestored: a copy is not golden.
        """

    def check(self) -> None:
        """Compare with golden, bit for bit; the live weights are golden.

        Raises:
            NotRestored: a copy differs.
        """
