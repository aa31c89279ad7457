"""Joins journals whose blocks belong to one campaign."""

from collections.abc import Sequence
from pathlib import Path

from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.journal.journal import entry_of, key_of, proven_blocks
from analyzer.campaign.journal.sqlite_file import Entry, held, read_entries, told, write_file
from analyzer.errors import JournalMismatch, JournalUnusable


def merge_journals(sources: Sequence[Path], target: Path) -> int:
    """Write the intact blocks of all ``sources`` into the new journal ``target``.

    Returns:
        The number of blocks in it.

    Raises:
        JournalUnusable: ``target`` exists or cannot be written, or a source cannot be read.
        JournalMismatch: sources of different campaigns, or with different results for one block.
    """
    if target.exists():
        raise JournalUnusable(f"{target} exists; name a new file for the joined journal")
    entries = {path: read_entries(path) for path in sources}
    first = sources[0]
    identity = told(entries[first], "identity")
    for path in sources:
        if identity is None or told(entries[path], "identity") != identity:
            raise JournalMismatch(f"{path} belongs to another campaign than {first}, or to none")
    key = key_of(identity)
    blocks: dict[Block, BlockResult] = {}
    for path in sources:
        _join(blocks, entries[path], key, path)
    head = [entry_of("identity", identity)]
    request = told(entries[first], "request")  # and not of which shard: the whole is meant
    if request is not None:
        head.append(entry_of("request", request))
    with held(target):
        write_file(target, [*head, *(Entry.of(b.to_json(), key) for b in blocks.values())])
    return len(blocks)


def _join(blocks: dict[Block, BlockResult], entries: list[Entry], key: str, path: Path) -> None:
    """Add the proven blocks among ``entries``; those of two sources must agree."""
    for results in proven_blocks(entries, key).values():
        for result in results.values():
            block = result.block
            if blocks.setdefault(block, result) != result:
                raise JournalMismatch(
                    f"{path} has another result for block {block.index} of {block.cell.name} "
                    "than a journal before it: the runs were not comparable"
                )
