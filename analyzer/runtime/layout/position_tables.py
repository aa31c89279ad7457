"""Position tables: where the elements of a tensor stand in another array, in as little memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.int32]

LEAST_SHORTENED = 2**16
"""Elements from which on a table is shortened; a lookup in a small table is quicker without."""

CHUNK = 2**18
"""Elements per step where there may be millions: few enough for the processor's caches."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions of elements: *e* stands at ``rows[e // len(columns)] + columns[e % len(columns)]``.

    Blocked layouts and transpositions permute axes or parts of axes. So the first axis and the
    other axes contribute to the position independently, and two short tables are enough. A table
    that is no such sum has one column, 0.

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
        """True if some elements are absent."""
        return bool((self.rows < 0).any())

    @property
    def table(self) -> npt.NDArray[np.int64]:
        """Position of every element: int64 (elements,)."""
        return self.at(np.arange(self.size))

    def at(self, elements: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Positions of elements: int64 (n,), -1 for those that are absent.

        Args:
            elements: int (n,), flat indices.
        """
        if len(self.columns) == 1:
            return np.asarray(self.rows[elements].astype(np.int64))
        row, column = np.divmod(elements, len(self.columns))
        found: npt.NDArray[np.int64] = self.rows[row].astype(np.int64)
        found += self.columns[column]
        return found


def positions_of(table: Table, shape: tuple[int, ...]) -> Positions | None:
    """Shorten a table of positions; None if every element *e* stands at position *e*.

    Args:
        table: int32 (elements,), the position of each element, -1 where it is absent.
        shape: the tensor's shape.

    >>> positions_of(np.array([1, 0, 3, 2], np.int32), (2, 2)).at(np.array([0, 3])).tolist()
    [1, 2]
    """
    if _in_order(table):
        return None
    whole = Positions(table, np.zeros(1, np.int32))
    if len(table) < LEAST_SHORTENED or len(shape) < 2:
        return whole
    grid = table.reshape(shape[0], -1)
    if grid.min() < 0:  # a sum cannot say that one element of a row is absent
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
