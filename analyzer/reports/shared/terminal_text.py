"""Text that a terminal shows and does not obey.

Names of tensors, classes and files are other people's text: an escape sequence in one of them
could rewrite the screen, a newline could add a line that looks like ours.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from textwrap import TextWrapper

COLUMNS = 80
"""Width of every report, where nobody asks for another."""

FEWEST, MOST = 60, 200
"""A narrower page does not hold the tables, and a wider one is no easier to read."""

_page: ContextVar[int] = ContextVar("columns", default=COLUMNS)


def columns() -> int:
    """Width of the page: that of a terminal within `page`, else `COLUMNS`."""
    return _page.get()


@contextmanager
def page(width: int) -> Iterator[None]:
    """Within the context, reports are as wide as a terminal, within `FEWEST` and `MOST`.

    Args:
        width: of the terminal, in characters.

    >>> with page(1000):
    ...     columns()
    200
    """
    token = _page.set(min(max(width, FEWEST), MOST))
    try:
        yield
    finally:
        _page.reset(token)


def one_line(text: str) -> str:
    r"""``text`` with everything unprintable written out: control, format and surrogate characters.

    >>> print(one_line("conv1\x1b[2J\n\u202eweight"))
    conv1\x1b[2J\n\u202eweight
    >>> one_line("poids é 重み")
    'poids é 重み'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def lines(text: str) -> str:
    r"""``text`` with everything unprintable written out but the line breaks.

    >>> lines("a\tb\nc")
    'a\\tb\nc'
    """
    return "\n".join(map(one_line, text.split("\n")))


def wrapped(lines: Iterable[str], indent: str = "") -> list[str]:
    """Lines of at most `columns` characters, broken at spaces; file names stay whole.

    Args:
        lines: text of any origin. An empty line stays.
        indent: put before whatever follows a break.
    """
    fill = TextWrapper(
        columns(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [part for line in lines for part in fill.wrap(one_line(line)) or [""]]


def table_row(cells: Sequence[str], ends: Sequence[int], start: str = "") -> str:
    """A row of a table, its cells flush right.

    A long cell takes from the gap after it, and never touches the next.

    Args:
        cells: one per column.
        ends: last character of each column, counted from 1, ascending.
        start: what stands before the first column.

    >>> table_row(["1", "23"], (4, 8), "ab")
    'ab 1  23'
    >>> table_row(["123456", "7"], (4, 8))
    '123456 7'
    """
    line = start
    for cell, end in zip(cells, ends, strict=True):
        line += " " if line else ""
        line += cell.rjust(end - len(line))
    return line


def short_names(names: Iterable[str], width: int) -> dict[str, str]:
    """Short forms of names, by name: long ones lose their middle, and no two look alike.

    More is kept of the end, which tells more than the start. Where two names differ in what a cut
    would take away, another place is cut; where every cut does, they are counted.

    Args:
        names: text of any origin.
        width: most characters of a short form, 8 or more.

    >>> short = short_names(["stage2.block0.shortcut.weight", "stage3.block0.shortcut.weight"], 23)
    >>> list(short.values())
    ['stage2.…shortcut.weight', 'stage3.…shortcut.weight']
    >>> list(short_names(["stage2.shortcut.weight", "head.weight"], 16).values())
    ['stage…cut.weight', 'head.weight']
    """
    whole = {name: one_line(name) for name in names}
    usual = (width - 1) // 3
    found: dict[str, str] = {}
    left = list(whole)
    for start in sorted(range(width), key=lambda start: abs(start - usual)):
        cut = {name: _cut(whole[name], start, width) for name in left}
        seen = Counter([*cut.values(), *found.values()])
        found |= {name: text for name, text in cut.items() if seen[text] == 1}
        left = [name for name in left if name not in found]
    for number, name in enumerate(left, 1):
        mark = f"~{number}"
        found[name] = _cut(whole[name], usual, width - len(mark)) + mark
    return {name: found[name] for name in whole}


def _cut(text: str, start: int, width: int) -> str:
    """``text`` without its middle where it is too long, ``start`` characters before the gap."""
    if len(text) <= width:
        return text
    rest = width - 1 - start
    return f"{text[:start]}…{text[len(text) - rest :]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
