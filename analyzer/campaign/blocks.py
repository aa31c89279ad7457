"""Blocks: the unit of work that is run, journaled, retried and merged.

A block is 16 consecutive trials of one cell. Looks fall on block borders, so that a
campaign is a set of blocks, whoever ran them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from analyzer.campaign.cells import AnyCell, cell_named
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.class_harm import ClassHarm
from analyzer.evaluation.outcomes import Outcomes
from analyzer.evaluation.pixel_harm import UNHARMED, PixelHarm

BLOCK_TRIALS = 16

Clock = Callable[[], float]
"""Seconds, of any origin."""

Count = Callable[[int], object]
"""Called after each trial with the number of finished trials of a request; must cost next to
nothing."""


def ignore_progress(_: int) -> None:
    """Progress callback that does nothing."""


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Trials ``index * 16`` .. ``index * 16 + 15`` of one cell."""

    cell: AnyCell
    index: int

    @property
    def trials(self) -> range:
        """Indices of the trials."""
        first = self.index * BLOCK_TRIALS
        return range(first, first + BLOCK_TRIALS)


@dataclass(frozen=True, slots=True)
class BlockResult:
    """Outcomes of the trials of one block.

    Attributes:
        block: The block.
        outcomes: One entry per trial, in trial order.
        crashed: Indices of trials whose pattern killed the process that ran them; each counts as
            DUE on every image.
        cpu_seconds: CPU time spent; charged to the budget, and no part of any figure.
    """

    block: Block
    outcomes: tuple[Outcomes, ...]
    crashed: tuple[int, ...] = ()
    cpu_seconds: float = 0.0

    def to_json(self) -> str:
        """Compact text for a journal: the name of the block, and counts per trial."""
        content: dict[str, object] = {
            "cell": self.block.cell.name,
            "index": self.block.index,
            "outcomes": [o.counts for o in self.outcomes],
            "crashed": self.crashed,
        }
        denominators = {o.denominator for o in self.outcomes}
        if denominators != {1}:  # of scores; right and wrong answers need none
            (content["denominator"],) = denominators
        if any(o.detected for o in self.outcomes):  # by a protection of the memory
            content["detected"] = [o.detected for o in self.outcomes]
        if any(o.corrected for o in self.outcomes):
            content["corrected"] = [o.corrected for o in self.outcomes]
        if any(o.critical for o in self.outcomes):  # by the severity of confusions
            content["critical"] = [o.critical for o in self.outcomes]
        if any(o.by_class for o in self.outcomes):
            content["by_class"] = [o.by_class for o in self.outcomes]
        if any(o.pixels != UNHARMED for o in self.outcomes):
            content["pixels"] = [o.pixels for o in self.outcomes]
        return json.dumps(content, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "BlockResult":
        """The inverse of `to_json`.

        Raises:
            ValueError: the text is no block result.
        """
        try:
            content = json.loads(text)
            block = Block(cell_named(content["cell"]), int(content["index"]))
            denominator = int(content.get("denominator", 1))
            counts = content["outcomes"]
            none = [0] * len(counts)
            detected = content.get("detected") or none
            corrected = content.get("corrected") or none
            critical = content.get("critical") or none
            by_class = content.get("by_class") or [()] * len(counts)
            pixels = content.get("pixels") or [UNHARMED] * len(counts)
            columns = zip(counts, detected, corrected, critical, by_class, pixels, strict=True)
            outcomes = tuple(
                replace(
                    _read_outcomes(
                        row, (int(found), denominator, int(mended), int(dangerous)), harm
                    ),
                    pixels=_read_pixels(*moves),
                )
                for row, found, mended, dangerous, harm, moves in columns
            )
            crashed = tuple(map(int, content["crashed"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError("this is no block result") from error
        if len(outcomes) != BLOCK_TRIALS:
            raise ValueError("a block result holds one outcome per trial")
        return BlockResult(block, outcomes, crashed)


def _read_outcomes(
    row: Sequence[int], more: tuple[int, int, int, int], by_class: Iterable[Sequence[int]]
) -> Outcomes:
    """The outcomes of one trial, from the sums that a journal keeps.

    Args:
        row: sums from ``images`` to ``right``.
        more: ``detected``, ``denominator``, ``corrected`` and ``critical``.
        by_class: number, silent corruption and the critical part of it, of each class with any.

    Raises:
        ValueError: there are more or fewer sums than a trial has.
    """
    images, sdc, due, masked, lost, gained, right = map(int, row)
    harm = tuple(ClassHarm(*map(int, one)) for one in by_class)
    return Outcomes(images, sdc, due, masked, lost, gained, right, *more, harm)


def _read_pixels(changed: int, moved: Iterable[Sequence[int]]) -> PixelHarm:
    """Harm to single pixels, as a journal keeps it.

    Args:
        changed: sum of the shares of pixels that changed.
        moved: number of each class and by how much its IoU moved.
    """
    return PixelHarm(int(changed), tuple((int(number), int(by)) for number, by in moved))


def run_block(
    context: TrialContext,
    block: Block,
    clock: Clock,
    count: Count = ignore_progress,
    before: int = 0,
) -> BlockResult:
    """Run the trials of one block in this process.

    Args:
        context: of the campaign.
        block: which trials.
        clock: CPU seconds of whatever runs the trials.
        count: called with the number of finished trials after each.
        before: trials of the same request that were finished before, 0 or more.

    Raises:
        NotRestored: a weight was not golden after a trial.
    """
    start = clock()
    trials = context.trials(block.cell, block.trials.start, block.trials.stop)
    outcomes = tuple(_counted(trials, count, before))
    context.executor.check_golden()
    return BlockResult(block, outcomes, (), clock() - start)


def _counted(trials: Iterable[Outcomes], count: Count, before: int) -> Iterator[Outcomes]:
    for number, outcomes in enumerate(trials, before + 1):
        count(number)
        yield outcomes


def run_blocks(
    context: TrialContext, blocks: Sequence[Block], clock: Clock, count: Count = ignore_progress
) -> list[BlockResult]:
    """Run several blocks in this process.

    Args:
        context: of the campaign.
        blocks: which trials, in the order in which they are run.
        clock: CPU seconds of whatever runs the trials.
        count: called with the number of finished trials of all blocks after each trial.

    Raises:
        NotRestored: a weight was not golden after a trial.
    """
    befores = range(0, BLOCK_TRIALS * len(blocks), BLOCK_TRIALS)
    return [run_block(context, b, clock, count, n) for b, n in zip(blocks, befores, strict=True)]


PendingBlocks = Future[list[BlockResult]]
"""Blocks that a pool was given, and in the end their results, in the same order."""
