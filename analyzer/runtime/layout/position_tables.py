"""Where the elements of a tensor stand in another array: a table, or two short ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.int32]

LEAST_SHORTENED = 2**16
"""Elements from which on a table is shortened; looking a small one up is quicker as it is."""

CHUNK = 2**18
"""Elements that are worked on at a time, where there may be millions: few enough for the caches."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Element *e* stands at ``rows[e // len(columns)] + columns[e % len(columns)]``.

    Blocked layouts and transpositions permute axes or parts of axes, so that the first axis and
    the others contribute to the position independently: two short tables say it all. A table that
    is no such sum has one column, 0.

    Attributes:
        rows: int32 (rows,); -1 where an element is absent.
        columns: int32 (columns,).
    """

    rows: Table
    columns: Table

    @property
    def size(self) -> int:
        """Number of elements."""
        return len(self.rows) * len(self.columns)

    @property
    def drops(self) -> bool:
        """Whether some elements are absent."""
        return bool((self.rows < 0).any())

    @property
    def table(self) -> npt.NDArray[np.int64]:
        """Position of every element: int64 (elements,)."""
        return self.at(np.arange(self.size))

    def at(self, elements: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Positions of ``elements``, flat indices; -1 for those that are absent."""
        if len(self.columns) == 1:
            return np.asarray(self.rows[elements].astype(np.int64))
        row, column = np.divmod(elements, len(self.columns))
        found: npt.NDArray[np.int64] = self.rows[row].astype(np.int64)
        found += self.columns[column]
        return found


def positions_of(table: Table, shape: tuple[int, ...]) -> Positions | None:
    """The positions in ``table``, shortened; None if every element stands where it was.

    Args:
        table: int32 (elements,), -1 where an element is absent.
        shape: that of the tensor.
    """
    if _in_order(table):
        return None
    whole = Positions(table, np.zeros(1, np.int32))
    if len(table) < LEAST_SHORTENED or len(shape) < 2:
        return whole
    grid = table.reshape(shape[0], -1)
    if grid.min() < 0:
        return whole
    rows, columns = grid[:, 0].copy(), grid[0] - grid[0, 0]
    step = max(1, CHUNK // grid.shape[1])
    for first in range(0, len(grid), step):
        part = slice(first, first + step)
        if not np.array_equal(grid[part], rows[part, None] + columns):
            return whole
    return Positions(rows, columns)


def _in_order(table: Table) -> bool:
    for first in range(0, len(table), CHUNK):
        part = table[first : first + CHUNK]
        if not np.array_equal(part, np.arange(first, first + len(part), dtype=np.int32)):
            return False
    return True
