"""Marked blocks of Markdown pages, replaced by what was generated."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

BLOCK = re.compile(
    r"(?P<begin><!-- begin (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end (?P=name) -->)", re.DOTALL
)


class BlockMismatch(Exception):
    """Markers of the pages and generated blocks do not correspond; the message names them."""


def filled(text: str, blocks: Mapping[str, str]) -> str:
    r"""A page with the content between its markers replaced.

    Args:
        text: Markdown with ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
        blocks: content by name.

    Returns:
        The page; blocks without markers in it are left out.

    Raises:
        BlockMismatch: the page has a block that is not generated.

    >>> filled("<!-- begin a -->\nold\n<!-- end a -->", {"a": "new"})
    '<!-- begin a -->\n\nnew\n\n<!-- end a -->'
    """

    def replaced(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in blocks:
            raise BlockMismatch(f"nothing generates the block {name!r}")
        return f"{found['begin']}\n{blocks[name].strip()}\n\n{found['end']}"

    return BLOCK.sub(replaced, text)


def names(text: str) -> list[str]:
    """Blocks that a page has."""
    return [found["name"] for found in BLOCK.finditer(text)]


def filled_pages(
    pages: Sequence[Path], blocks: Mapping[str, str], optional: Collection[str] = ()
) -> dict[Path, str]:
    """Several pages, which together hold every block once.

    Args:
        pages: Markdown files.
        blocks: content by name.
        optional: blocks that need not be in a page.

    Returns:
        The new text of each page.

    Raises:
        BlockMismatch: a block is in no page, in two, or not generated.
    """
    texts = {page: page.read_text("utf-8") for page in pages}
    held = [name for text in texts.values() for name in names(text)]
    twice = sorted({name for name in held if held.count(name) > 1})
    lacking = sorted(set(blocks) - set(held) - set(optional))
    if twice or lacking:
        raise BlockMismatch(f"blocks in no page: {lacking}; in two: {twice}")
    return {page: filled(text, blocks) for page, text in texts.items()}
