"""A store that keeps blocks in memory, so that a comparison reads a journal once."""

from collections.abc import Iterable

from analyzer.campaign.blocks import BlockResult
from analyzer.campaign.cells import AnyCell, Cell
from analyzer.campaign.runner import Store


class CachingStore:
    """A store that also keeps, while it lives, whatever passes through it."""

    def __init__(self) -> None:
        self._inner: Store | None = None
        self.blocks: dict[AnyCell, dict[int, BlockResult]] = {}

    def over(self, inner: Store | None) -> "CachingStore":
        """The same, which from now on also keeps blocks in ``inner``, if that is given."""
        self._inner = inner
        return self

    def known(self, cell: AnyCell) -> Iterable[BlockResult]:
        """Finished blocks of one cell."""
        held = self.blocks.setdefault(cell, {})
        if self._inner is not None:
            held.update({r.block.index: r for r in self._inner.known(cell)})
        return list(held.values())

    def put(self, result: BlockResult) -> None:
        """Keep one more."""
        self.blocks.setdefault(result.block.cell, {})[result.block.index] = result
        if self._inner is not None:
            self._inner.put(result)

    def tick(self) -> None:
        """Time to make durable what is not yet."""
        if self._inner is not None:
            self._inner.tick()

    def first(self, cell: Cell, count: int) -> list[BlockResult]:
        """The first blocks of a cell, up to the first that is missing.

        Args:
            cell: the cell.
            count: blocks at most.
        """
        held, found = self.blocks.get(cell, {}), []
        for index in range(count):
            if index not in held:
                break
            found.append(held[index])
        return found
