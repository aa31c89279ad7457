"""Joins journals whose blocks belong to one campaign."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.journal.entries import Entry, read_value, value_entry
from analyzer.campaign.journal.identity import first_difference, key_of
from analyzer.campaign.journal.journal import proven_blocks
from analyzer.campaign.journal.storage import log_at
from analyzer.errors import JournalMismatch, JournalUnusable


def merge_journals(sources: Sequence[Path], target: Path) -> int:
    """Write the intact blocks of several journals into a new one.

    Args:
        sources: journals of one campaign, one or more; nothing in them is changed.
        target: path of the new journal.

    Returns:
        The number of blocks in it.

    Raises:
        JournalUnusable: ``target`` exists or cannot be written, or a source cannot be read.
        JournalMismatch: sources of different campaigns, or with different results for one block.
    """
    joined = log_at(target)
    if joined.exists():
        raise JournalUnusable(f"{target} exists; name a new file for the joined journal")
    entries = {path: log_at(path).entries() for path in sources}
    first = sources[0]
    identity = read_value(entries[first], "identity")
    if identity is None:
        raise JournalMismatch(f"{first} does not say to which campaign it belongs")
    for path in sources:
        found = read_value(entries[path], "identity")
        if found is None:
            raise JournalMismatch(f"{path} does not say to which campaign it belongs")
        if difference := first_difference(found, identity, str(first)):
            raise JournalMismatch(f"{path} belongs to another campaign than {first}: {difference}")
    key = key_of(identity)
    blocks: dict[Block, BlockResult] = {}
    for path in sources:
        _join(blocks, entries[path], key, path)
    head = [value_entry("identity", identity)]
    request = read_value(entries[first], "request")
    if request is not None:  # the shard is left out: who resumes the joined journal means the whole
        head.append(value_entry("request", request))
    with joined.hold():
        joined.replace([*head, *(Entry.of(b.to_json(), key) for b in blocks.values())])
    return len(blocks)


def _join(blocks: dict[Block, BlockResult], entries: Iterable[Entry], key: str, path: Path) -> None:
    """Add the proven blocks among ``entries``; the results of two sources must agree."""
    for results in proven_blocks(entries, key).values():
        for result in results.values():
            block = result.block
            if blocks.setdefault(block, result) != result:
                raise JournalMismatch(
                    f"{path} has another result for block {block.index} of {block.cell.name} "
                    "than a journal before it: the runs were not comparable"
                )
