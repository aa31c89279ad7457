"""Tasks: strata whose blocks are judged together, and how far each has come."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Protocol

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.cells import AnyCell
from analyzer.campaign.result import Stop
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcome import Outcomes
from analyzer.stats.strata import Stratum
from analyzer.stats.tally import Tally

SEND_SECONDS, MOST_TOGETHER = 0.1, 64
"""Work sent to a worker at once: about so much CPU time, and so many blocks at most."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of a campaign that is run apart: every ``count``-th block, from ``index`` on."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        """As users write it, counted from 1.

        >>> str(Shard(1, 8))
        '2/8'
        """
        return f"{self.index + 1}/{self.count}"


WHOLE = Shard()


class WeightedStratum(Protocol):
    """A stratum as the runner sees it."""

    @property
    def weight(self) -> float:
        """Probability of its patterns."""

    @property
    def name(self) -> str:
        """Its label."""


@dataclass
class CellState:
    """Finished blocks of one stratum.

    Attributes:
        cell: Which.
        stratum: Its patterns; a weight and a name.
        shard: The share of its blocks that is run here.
        tally: Tally of the blocks that count.
        end: The block before which the next look is judged.
        reached: The first block that does not count yet.
        results: Finished blocks by index.
        counted_off: Nothing is known before all of its blocks are there.
    """

    cell: AnyCell
    stratum: WeightedStratum
    shard: Shard
    tally: Tally
    end: int = 0
    reached: int = field(init=False)
    results: dict[int, BlockResult] = field(default_factory=dict)
    counted_off: bool = False

    def __post_init__(self) -> None:
        self.reached = self.shard.index

    def missing(self) -> Iterator[Block]:
        """Blocks of this share that the next look waits for."""
        owned = range(self.reached, self.end, self.shard.count)
        return (Block(self.cell, index) for index in owned if index not in self.results)

    def opening(self) -> Iterator[Block]:
        """Blocks that are still missing before anything is known of the stratum."""
        if self.counted_off:
            return self.missing()
        first = islice(self.missing(), 1)
        return iter(()) if self.reached > self.shard.index or self.results else first

    def count(self, tally: Callable[[Iterable[Outcomes]], Tally]) -> bool:
        """Count the blocks before the next look, up to the first gap; whether there is no gap."""
        while self.reached < self.end and self.reached in self.results:
            self.tally += tally(self.results[self.reached].outcomes)
            self.reached += self.shard.count
        return self.reached >= self.end

    def used(self) -> list[BlockResult]:
        """The blocks that count."""
        return [self.results[i] for i in range(self.shard.index, self.reached, self.shard.count)]

    def part(self) -> Stratum:
        """Its part of the estimate; a share stands for all shares alike."""
        tally = sum([self.tally] * self.shard.count, Tally.empty(self.tally.unit))
        return Stratum(self.stratum.weight, tally)


class Task:
    """Strata that are judged together, look by look.

    Looks are judged in order, each from exactly the blocks before it, and each says how many
    blocks of each stratum the next one waits for: so the outcome depends on the blocks alone and
    not on when they came in.
    """

    def __init__(self, context: TrialContext, cells: Sequence[CellState]) -> None:
        self.context = context
        self.cells = list(cells)
        self.stop: Stop | None = None
        self.together = 1
        self.under_way = 0
        self._begun = False
        self._by_cell = {cell.cell: cell for cell in self.cells}

    @property
    def share_of_all(self) -> float:
        """Its weight beside the other tasks; the heaviest is begun first."""
        return 1.0

    def urgency(self, turn: int) -> float:
        """A number by which blocks of several tasks are ordered, the lowest first.

        Of no influence on results.

        Args:
            turn: groups of blocks of this task that go before.
        """
        return turn

    def openings(self, *, matter: bool) -> Iterator[Block]:
        """The blocks by which each stratum begins, the heaviest stratum first.

        Args:
            matter: of the strata that weigh more than the precision, without which there is no
                estimate, and of which one block tells something; else of the others.
        """
        if self._begun:
            return iter(())
        self._begun = not any(True for cell in self.cells for _ in cell.opening())
        least = self.context.plan.precision
        heaviest = sorted(
            (c for c in self.cells if (c.stratum.weight > least and not c.counted_off) is matter),
            key=lambda cell: -cell.stratum.weight,
        )
        return chain.from_iterable(cell.opening() for cell in heaviest)

    def settle(self) -> None:
        """Judge every look whose blocks are all there."""
        raise NotImplementedError

    def take(self, result: BlockResult) -> None:
        """Take in one finished block."""
        self._by_cell[result.block.cell].results[result.block.index] = result
        if result.cpu_seconds:  # else it was not run here
            self.together = _blocks_together(result.cpu_seconds)

    def missing(self) -> Iterator[Block]:
        """Blocks of this share that the next look waits for."""
        return chain.from_iterable(cell.missing() for cell in self.cells)

    def left(self) -> int:
        """About how many these are."""
        return sum(max(0, c.end - c.reached) // c.shard.count for c in self.cells)

    def counted(self) -> bool:
        """Count the blocks before the next look; whether they are all there."""
        complete = [cell.count(self.context.tally) for cell in self.cells]
        return all(complete)

    @property
    def trials(self) -> int:
        """Trials done, in whole blocks."""
        return BLOCK_TRIALS * sum(len(cell.results) for cell in self.cells)

    @property
    def shown(self) -> int:
        """The same with those finished in blocks that are ``under_way``: only to be shown."""
        return self.trials + self.under_way


def _blocks_together(cpu_seconds: float) -> int:
    """Number of blocks to send at a time, so that sending is cheap; of no influence on results."""
    return max(1, min(MOST_TOGETHER, int(SEND_SECONDS / max(cpu_seconds, 1e-9))))
