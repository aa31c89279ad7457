"""A pool in the process of the command itself."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from analyzer.campaign.blocks import Block, BlockResult, PendingBlocks, run_blocks
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.trials import TrialContext


class InlinePool:
    """Runs blocks in this process, one at a time: a pattern that crashes the runtime ends it.

    Blocks run in a thread, so that meanwhile the journal is kept up to date.
    """

    width = 1

    def __init__(self, context: TrialContext) -> None:
        self._context = context
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relcheck-blocks")
        self._under_way: dict[AnyCell, int] = {}

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Begin no more blocks."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def submit(self, blocks: Sequence[Block]) -> PendingBlocks:
        """Queue blocks, one or more, of one cell."""
        return self._thread.submit(self._run, blocks)

    def _run(self, blocks: Sequence[Block]) -> list[BlockResult]:
        cell = blocks[0].cell

        def count(trials: int) -> None:
            self._under_way = {cell: trials}

        try:
            return run_blocks(self._context, blocks, time.thread_time, count)
        finally:
            self._under_way = {}

    def under_way(self) -> Mapping[AnyCell, int]:
        """Finished trials of unfinished blocks, by cell."""
        return self._under_way
