"""What tests ask of journals: those of the campaign in `contexts`."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.cells import Cell
from analyzer.campaign.journal.identity import Identity, key_of
from analyzer.campaign.journal.journal import open_journal, proven_blocks
from analyzer.campaign.journal.storage import log_at
from analyzer.evaluation.outcomes import Outcomes
from tests.campaign.contexts import AtOnce, run, shared_results, undisturbed, zero_clock

VERSIONS = {"relcheck": "1.0", "onnxruntime": "1.20"}

Kept = dict[Block, BlockResult]


def identity() -> Identity:
    """What the journals of this file belong to."""
    context = shared_results().context
    return Identity(context.plan.content, dict(VERSIONS), context.golden.digests)


def changed(part: str, name: str) -> Identity:
    """An identity that differs in one thing."""
    other = identity()
    getattr(other, part)[name] = "something else"
    return other


def block(index: int) -> BlockResult:
    """A finished block."""
    return BlockResult(Block(Cell(1e-3), index), (Outcomes(8, sdc=index % 8),) * BLOCK_TRIALS)


def committed(path: Path) -> Kept:
    """The blocks that another process would find now."""
    cells = proven_blocks(log_at(path).entries(), key_of(identity().content))
    return {result.block: result for found in cells.values() for result in found.values()}


def kept(path: Path) -> Kept:
    """All blocks of a journal once it is opened."""
    patterns = shared_results().context.patterns
    cells = [Cell(r, s) for r in patterns.plan.rates for s in range(len(patterns.split(r).strata))]
    with open_journal(path, identity(), zero_clock) as journal:
        return {result.block: result for cell in cells for result in journal.known(cell)}


def undisturbed_blocks() -> set[Block]:
    """The blocks of the whole campaign."""
    return {
        Block(Cell(rate.rate, index), i)
        for rate in undisturbed().rates
        for index, stratum in enumerate(rate.strata)
        for i in range(stratum.tally.trials // BLOCK_TRIALS)
    }


def open_and_close(path: Path, of: Identity | None = None) -> bool:
    """Open a journal and do nothing; whether it was damaged."""
    with open_journal(path, of or identity(), zero_clock) as journal:
        return journal.damaged


def record(path: Path, clock: Callable[[], float] = zero_clock) -> None:
    """Run the campaign with a journal, and check that it finds what it would have found."""
    results = shared_results()
    with open_journal(path, identity(), clock) as journal:
        assert run(results.context, AtOnce(results), journal) == undisturbed()


def hasty() -> Callable[[], float]:
    """A clock that shows a second more each time: every block is committed at once."""
    seconds = count()
    return lambda: float(next(seconds))
